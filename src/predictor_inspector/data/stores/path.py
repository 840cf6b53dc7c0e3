"""Paths behind URLs and in zip files, with the part of pathlib's interface that readers use."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html import unescape
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from predictor_inspector.data.stores import engine
from predictor_inspector.data.stores.engine import Spec, without_secrets

SCHEMES = ("http", "https", "s3", "gs")

_URL = re.compile(rf"(?i)(?:(?:zarr[23]?|n5|precomputed)://)?((?:{'|'.join(SCHEMES)})://.*)")
"""Viewers put the kind of data before a URL."""

_OF_ZARR = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
_METADATA = (*_OF_ZARR, "attributes.json", "info")
_ZIP = ".zip"
_SAFE = "/~!$&'()*+,;=:@%"  # in the path of a URL; what is escaped already stays so

_credentials: dict[str, tuple[str, str]] = {}
"""Of this process, by URL: user and password, and the query. They are sent to that server and shown nowhere."""


AnyPath: TypeAlias = "str | os.PathLike[str] | StorePath"
"""A path as people give it, which may be a URL."""


def is_url(path: AnyPath) -> bool:
    """Whether `path` is a URL that can be read."""
    return isinstance(path, str) and _URL.fullmatch(path.strip()) is not None


def place_of(path: AnyPath) -> Path | StorePath:
    """An absolute path, without ``~``, or the place behind a URL or in a zip file."""
    if isinstance(path, StorePath):
        return path
    url = _URL.fullmatch(str(path).strip())
    if url is not None:
        parts = urlsplit(url[1])
        user, _, host = parts.netloc.rpartition("@")
        root = f"{parts.scheme.lower()}://{host}"
        query = f"?{parts.query}" if parts.query else ""
        place = StorePath(root, _clean(quote(parts.path, safe=_SAFE)), without_secrets(query))
        if user or place._query != query:
            _credentials[str(place)] = (user, parts.query)
        return place
    text = str(path)
    if text.lower().startswith("file://"):
        text = unquote(text[len("file://") :])
    full = Path(os.path.abspath(Path(text).expanduser()))
    archive = next((p for p in (full, *full.parents) if p.suffix.lower() == _ZIP and p.is_file()), None)
    return full if archive is None else StorePath(str(archive), _clean(full.relative_to(archive).as_posix()))


def shown_path(path: AnyPath) -> str:
    """What may be written of a path to files, logs and messages: an absolute path, or a URL without its credentials."""
    return str(place_of(path)) if isinstance(path, StorePath) or is_url(path) else os.path.abspath(path)


def kvstore_of(place: Path | StorePath) -> Spec:
    """The spec, for tensorstore, of all that lies at a place."""
    return {"driver": "file", "path": f"{place}/"} if isinstance(place, Path) else place.spec


def read_json(file: Path | StorePath) -> dict[str, Any] | None:
    """The JSON object in a file; None if there is no file, a ``ValueError`` that names it if it is damaged."""
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is damaged: it is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} is damaged: it must hold a JSON object, got {str(content)[:80]}")
    return content


def below(place: Path | StorePath, above: Path | StorePath) -> str:
    """The way from one place to another below it: ``"labels/s0"``, empty for the same."""
    if isinstance(place, Path):
        way = place.relative_to(str(above)).as_posix()
        return "" if way == "." else way
    return place.key.removeprefix(above.key if isinstance(above, StorePath) else "").strip("/")


class StorePath:
    """A place in a store that is no folder: behind a URL, or in a zip file on a disk or behind one.

    Values of keys and lists of names are read once and kept as long as a path or one that was made from it; what is read
    from a server that doesn't answer is a ``ConnectionError`` or ``TimeoutError``.
    """

    def __init__(self, root: str, key: str = "", query: str = "", known: dict[str, Any] | None = None) -> None:
        self._root, self.key, self._query = root, key, query
        self._known: dict[str, Any] = {} if known is None else known

    def __truediv__(self, name: str) -> StorePath:
        name = quote(str(name), safe=_SAFE) if "://" in self._root else str(name)
        return self._at(_clean(f"{self.key}/{name}"))

    def _at(self, key: str) -> StorePath:
        return StorePath(self._root, key, self._query, self._known)

    def __str__(self) -> str:
        return f"{self._root}/{self.key}".rstrip("/") + self._query

    def __repr__(self) -> str:
        return f"StorePath({str(self)!r})"

    def __lt__(self, other: StorePath) -> bool:
        return str(self) < str(other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorePath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def name(self) -> str:
        """The last part, unescaped."""
        return unquote(self.key.rpartition("/")[2] or self._root.rpartition("/")[2])

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""
        return PurePosixPath(self.name).suffix

    @property
    def stem(self) -> str:
        """The name without its last ending."""
        return PurePosixPath(self.name).stem

    @property
    def parent(self) -> StorePath:
        """One level up; the root is its own parent."""
        return self._at(self.key.rpartition("/")[0])

    @property
    def parents(self) -> tuple[StorePath, ...]:
        """All levels above, the nearest first."""
        parts = self.key.split("/")
        return tuple(self._at("/".join(parts[:end])) for end in reversed(range(len(parts)))) if self.key else ()

    @property
    def is_remote(self) -> bool:
        """Whether it lies behind a URL."""
        return "://" in self._root

    @property
    def spec(self) -> Spec:
        """The key-value store of all that lies here, with credentials."""
        if "://" not in self._root:
            return _zipped({"driver": "file", "path": self._root}, self.key)
        outer, archive, inner = _split_at_zip(self.key)
        return _zipped(self._server(outer), inner) if archive else self._server(self.key)

    def _server(self, key: str) -> Spec:
        scheme, _, host = self._root.partition("://")
        if scheme == "s3":
            return {"driver": "s3", "bucket": host, "path": unquote(key), **_s3_options()}
        if scheme == "gs":
            return {"driver": "gcs", "bucket": host, "path": unquote(key)}
        user, query = self._found_credentials()
        host = f"{user}@{host}" if user else host
        return {"driver": "http", "base_url": f"{scheme}://{host}/{key}{f'?{query}' if query else self._query}"}

    def _found_credentials(self) -> tuple[str, str]:
        for place in (self, *self.parents):
            if str(place) in _credentials:
                return _credentials[str(place)]
        return "", ""

    def read_bytes(self) -> bytes:
        """The value of the key here; a ``FileNotFoundError`` if there is none."""
        value = self._value()
        if value is None:
            raise FileNotFoundError(2, "not there", str(self))
        return value

    def read_text(self, encoding: str = "utf-8") -> str:
        """The value of the key here as text."""
        return self.read_bytes().decode(encoding)

    def is_file(self) -> bool:
        """Whether there is a key here; one that may not be read counts as missing, as most servers answer so for both."""
        return self._value() is not None

    def is_symlink(self) -> bool:
        """No store has links."""
        return False

    def exists(self) -> bool:
        """Whether there is anything here."""
        return self.is_dir() or self.is_file()

    def is_dir(self) -> bool:
        """Whether there are keys below this place, as far as the store says."""
        if self.key in self._known.get("folders", ()):
            return True
        return bool(self._names()) or any((self / name).is_file() for name in _METADATA)

    def iterdir(self) -> list[StorePath]:
        """All that the store says of what lies directly below; a server may not tell, but for what metadata name."""
        return [self / name for name in sorted(self._names())]

    def as_root(self) -> StorePath:
        """The same place, known to be where a store begins, whose metadata may be kept together there."""
        self._known["root"] = self.key
        return self

    @property
    def refused(self) -> PermissionError | None:
        """The first error for a key that the server didn't hand out."""
        return self._known.get("refused")

    def _value(self) -> bytes | None:
        together = self._together() if self.name in _OF_ZARR else None
        return self._asked() if together is None else together.get(self.key)

    def _asked(self) -> bytes | None:
        """What the store has here, asked once."""
        name = f"{self.key}="
        if name not in self._known:
            try:
                self._known[name] = engine.read_key(self.spec)
            except PermissionError as error:
                self._known[name] = None
                self._known.setdefault("refused", error)
        value: bytes | None = self._known[name]
        return value

    def _together(self) -> dict[str, bytes] | None:
        """The metadata of all of a store by their keys, where a server has them in one file."""
        root = self._known.get("root")
        if root is None or not self.is_remote:
            return None
        if "together" not in self._known:
            self._known["together"] = None
            for file in (".zmetadata", "zarr.json"):
                text = self._at(f"{root}/{file}".lstrip("/"))._asked()
                content: Any = None
                with suppress(ValueError):  # then each is read by itself
                    content = json.loads(text or "null")
                if not isinstance(content, dict):
                    continue
                nodes = (content.get("consolidated_metadata") or content).get("metadata")
                if isinstance(nodes, dict):
                    if file == "zarr.json":
                        nodes = {f"{node}/{file}": metadata for node, metadata in nodes.items()} | {file: content}
                    found = {f"{root}/{key}".lstrip("/"): json.dumps(value).encode() for key, value in nodes.items()}
                    self._known["together"] = found
                    break
        known: dict[str, bytes] | None = self._known["together"]
        return known

    def _names(self) -> frozenset[str]:
        name = f"{self.key}/"
        if name not in self._known:
            together = self._together()
            parts = [key.partition("/") for key in (self._listed() if together is None else self._below(together))]
            folders = self._known.setdefault("folders", set())
            folders |= {(self / first).key for first, slash, _ in parts if slash}
            self._known[name] = frozenset(first for first, _, _ in parts) - {"", ".", "..", *_METADATA}
        names: frozenset[str] = self._known[name]
        return names

    def _below(self, keys: Iterable[str], key: str | None = None) -> list[str]:
        """Those of a store's keys that are below this one, or another, as seen from it."""
        start = f"{self.key if key is None else key}/".lstrip("/")
        return [key[len(start) :] for key in keys if key.startswith(start)]

    def _listed(self) -> Iterable[str]:
        spec = self.spec
        if spec["driver"] == "zip":
            if "zip" not in self._known:
                self._known["zip"] = engine.list_keys({**spec, "path": ""})
            return self._below(self._known["zip"], spec["path"])
        listed = _links(self._page()) if spec["driver"] == "http" else _listed_in_bucket(spec)
        return listed or self._named()

    def _page(self) -> str:
        """What a server says at this place as a folder; empty if nothing."""
        try:
            page = engine.read_key(self._at(f"{self.key}/").spec)
        except PermissionError:
            return ""
        return "" if page is None else page.decode("utf-8", "replace")

    def _named(self) -> Iterator[str]:
        """What the metadata here name, of a server that doesn't tell what there is."""
        for file in _METADATA:
            try:
                content = read_json(self / file)
            except ValueError:
                continue
            if not content:
                continue
            inner = content.get("attributes", content)
            inner = inner.get("ome", inner) if isinstance(inner, dict) else {}
            for image in inner.get("multiscales") or ():
                yield from (level["path"] for level in image.get("datasets", ()))
                yield "labels"
            yield from inner.get("labels") or ()
            if file == "attributes.json" and "dimensions" not in content:
                yield "s0"


def _clean(key: str) -> str:
    return normpath(f"/{key}").strip("/")


def _zipped(base: Spec, inner: str) -> Spec:
    return {"driver": "zip", "base": base, "path": inner}


def _split_at_zip(key: str) -> tuple[str, bool, str]:
    parts = key.split("/")
    at = next((i for i, part in enumerate(parts) if part.lower().endswith(_ZIP)), None)
    return (key, False, "") if at is None else ("/".join(parts[: at + 1]), True, unquote("/".join(parts[at + 1 :])))


def _s3_options() -> Spec:
    """Where the environment says that S3 is, and with which credentials: none, where it has none."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options: Spec = {} if endpoint is None else {"endpoint": endpoint, "aws_region": _region()}
    files = (os.environ.get(name) or f"~/.aws/{file}" for name, file in _AWS_FILES.items())
    if "AWS_ACCESS_KEY_ID" not in os.environ and not any(Path(file).expanduser().is_file() for file in files):
        options["aws_credentials"] = {"type": "anonymous"}
    return options


_AWS_FILES = {"AWS_SHARED_CREDENTIALS_FILE": "credentials", "AWS_CONFIG_FILE": "config"}


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _links(page: str) -> list[str]:
    """The names that a server's page about a folder links to."""
    if not re.search(r"(?i)<title>[^<]*(index of|directory)", page):
        return []
    links = re.findall(r"(?i)<a[^>]+href=[\"']([^\"'?#]+)[\"']", page)
    return [unquote(unescape(link)) for link in links if "/" not in link.rstrip("/")]


def _listed_in_bucket(spec: Spec) -> list[str]:
    """The names below a place in a bucket: S3's and Google's answer is the same, and tensorstore can't stop at slashes."""
    prefix = f"{spec['path']}/".lstrip("/")
    if spec["driver"] == "s3":
        base = (
            spec["endpoint"] + f"/{spec['bucket']}"
            if "endpoint" in spec
            else f"https://{spec['bucket']}.s3.amazonaws.com"
        )
    else:
        base = f"{os.environ.get('TENSORSTORE_GCS_HTTP_URL', 'https://storage.googleapis.com')}/{spec['bucket']}"
    query = f"list-type=2&delimiter=%2F&prefix={quote(prefix, safe='')}"
    try:
        page = engine.read_key({"driver": "http", "base_url": f"{base}?{query}"}) or b""
    except (PermissionError, ConnectionError):
        return []
    found = re.findall(r"<(?:Prefix|Key)>([^<]+)</(?:Prefix|Key)>", page.decode("utf-8", "replace"))
    return [unescape(name)[len(prefix) :] for name in found if unescape(name).startswith(prefix)]
