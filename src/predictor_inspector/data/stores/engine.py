"""Reading through tensorstore: by specs, with one bounded pool of decoded chunks.

tensorstore's threads don't survive a fork, and it ends a forked process that uses it. So a forked process that reads starts a
process of its own for that, which runs this file; it imports nothing of the package, so that this takes a fraction of a second.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

Spec = dict[str, Any]
"""What tensorstore opens: a key-value store, or an array in one."""

DEFAULT_LIMIT = 1 << 29
"""Bytes of decoded chunks that are kept for all arrays together."""

TIMEOUT = 30.0
"""Seconds without an answer from a server after which it is given up."""

_RETRIES = {"max_retries": 3, "initial_delay": "200ms", "max_delay": "2s"}
_REMOTE = ("http", "s3", "gcs")
_MOST_OPEN = 512  # arrays
_SHARE_OF_FORKED = 4  # the part of the pool that each forked process has

# curl itself ends connections on which nothing arrives any more.
for _name, _value in (("TIME_SECONDS", "15"), ("LIMIT_BYTES", "1")):
    os.environ.setdefault(f"TENSORSTORE_CURL_LOW_SPEED_{_name}", _value)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class _State:
    """What this process has opened; `forked` if it was forked from one that uses tensorstore."""

    lock: RLock = field(default_factory=RLock)
    limit: int = DEFAULT_LIMIT
    context: Any = None
    opened: dict[str, Any] = field(default_factory=dict)  # arrays by token
    forked: bool = False
    helper: _Helper | None = None


def is_forked() -> bool:
    """Whether this process was forked from one that uses tensorstore, so that it can't."""
    return _here.forked


def limit() -> int:
    """Bytes of decoded chunks that are kept at most."""
    return _here.limit


def set_limit(limit: int) -> None:
    """Keep at most so many bytes of decoded chunks from now on, and none of those that are kept now."""
    if limit < 0:
        raise ValueError(f"the limit must be a number of bytes of at least 0, got {limit}")
    with _here.lock:
        if limit != _here.limit:
            _here.limit, _here.context = limit, None
            _here.opened.clear()


def context() -> Any:
    """The `tensorstore.Context` of all arrays; another one once the limit has changed."""
    import tensorstore as ts

    with _here.lock:
        if _here.context is None:
            retries = {f"{driver}_request_retries": _RETRIES for driver in _REMOTE}
            _here.context = ts.Context({"cache_pool": {"total_bytes_limit": _here.limit}, **retries})
        return _here.context


_WHEREVER: dict[str, Callable[..., Any]] = {}


def _wherever(ask: Callable[Concatenate[Spec, P], R]) -> Callable[Concatenate[Spec, P], R]:
    """Run a function, which is about a spec, where tensorstore can be used, and make its errors plain."""

    @wraps(ask)
    def asked(spec: Spec, /, *arguments: P.args, **others: P.kwargs) -> R:
        if _here.forked:
            found: R = _helped(ask.__name__, (spec, *arguments))
            return found
        try:
            return ask(spec, *arguments, **others)
        except TimeoutError as error:
            raise TimeoutError(f"{_place(spec)} doesn't answer: {error}") from None
        except (ValueError, NotImplementedError, IndexError, RuntimeError) as error:
            raise plain_error(str(error), _place(spec)) from None

    _WHEREVER[ask.__name__] = asked
    return asked


@_wherever
def read_key(file: Spec) -> bytes | None:
    """The value of the key that is the path of a key-value store; None if there is none."""
    import tensorstore as ts

    opened = _result(ts.KvStore.open(file, context=context()), TIMEOUT)
    found = _result(opened.read(""), TIMEOUT)
    return bytes(found.value) if found.state == "value" else None


@_wherever
def list_keys(store: Spec) -> list[str]:
    """All keys of a store."""
    import tensorstore as ts

    opened = _result(ts.KvStore.open(store, context=context()), TIMEOUT)
    return [bytes(key).decode("utf-8", "replace") for key in _result(opened.list(), TIMEOUT)]


@_wherever
def describe(array: Spec, token: str) -> tuple[tuple[int, ...], str, tuple[int, ...]]:
    """Open an array: its shape, type and the shape of its chunks; `token` tells openings of the same array apart."""
    store = _array(array, token)
    chunks = store.chunk_layout.read_chunk.shape or store.shape
    return tuple(store.shape), store.dtype.name, tuple(int(c) or n for c, n in zip(chunks, store.shape, strict=True))


@_wherever
def read_box(array: Spec, token: str, box: tuple[slice, ...]) -> np.ndarray:
    """The values of an array in a box."""
    store = _here.opened.get(token) or _array(array, token)
    values: np.ndarray = _result(store[box].read(order="C"), TIMEOUT if is_remote(array) else None)
    return values


@_wherever
def write_box(array: Spec, token: str, box: tuple[slice, ...], values: np.ndarray) -> None:
    """Write values to an array that is made when it is opened first."""
    _result(_array(array, token)[box].write(values), None)


def _array(array: Spec, token: str) -> Any:
    import tensorstore as ts

    with _here.lock:
        if token in _here.opened:
            return _here.opened[token]
        shared = context()
    spec = {"recheck_cached_data": "open", **array}
    store = _result(ts.open(spec, context=shared, read=True, write="create" in spec), TIMEOUT)
    store = store[ts.d[:].translate_to[0]] if store.rank else store
    with _here.lock:
        if shared is _here.context:
            _here.opened[token] = store
            if len(_here.opened) > _MOST_OPEN:
                del _here.opened[next(iter(_here.opened))]
    return store


def _result(future: Any, timeout: float | None) -> Any:
    """The result of a tensorstore future; a ``TimeoutError`` once nothing has arrived from any server for so long."""
    if timeout is None:
        return future.result()
    import tensorstore as ts

    arrived = None
    while True:
        try:
            return future.result(timeout=timeout)
        except TimeoutError:
            metrics = ts.experimental_collect_matching_metrics("/tensorstore/http/response_bytes")
            if arrived == metrics:
                future.cancel()
                raise TimeoutError(f"nothing has arrived for {timeout:g} seconds") from None
            arrived = metrics


_ANNOTATIONS = re.compile(r"\s*\[\w+='.*", re.DOTALL)
_READING = re.compile(
    r'Error reading [^"]*?(?:local file "(?P<file>[^"]*)"|(?P<url>(?:https?|s3|gs)://\S+?)): (?P<why>.*)', re.DOTALL
)
_NEEDLESS = re.compile(
    r"^Error opening \"\w+\" driver: |Error parsing object member \"metadata\": "
    r"|All \d+ retry attempts failed: |CURL error |\.$"
)
_NO_ACCESS = ("PERMISSION_DENIED", "UNAUTHENTICATED")
_UNREACHABLE = ("ABORTED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")


def plain_error(text: str, place: str) -> Exception:
    """What tensorstore says as an error with the file or URL first, and without what it knows of credentials."""
    status = re.search(r"http_response_code='(\d+)'", text)  # where earlier versions have it
    text = without_secrets(_ANNOTATIONS.sub(f" [HTTP code {status[1]}]" if status else "", text))
    code, _, rest = text.partition(": ") if re.match(r"[A-Z_]+: ", text) else ("", "", text)
    where, why, found = place, rest, None
    while inner := _READING.search(why):  # a minishard in a shard: the same file again
        where, why, found = inner["file"] or inner["url"], inner["why"], inner
    why = _NEEDLESS.sub("", why.strip())
    if code in _NO_ACCESS:
        return PermissionError(f"{where} can't be read, access is denied: {why}")
    if re.search(r"HTTP code 30\d", why):
        return PermissionError(f"{where} can't be read, it leads elsewhere: use that URL ({why})")
    if code in _UNREACHABLE or "HTTP code" in why or "ignored by server" in why:
        return ConnectionError(f"{where} can't be read: {why}")
    if found or code == "DATA_LOSS" or "Error parsing" in why:
        return ValueError(f"{where} is damaged: {why}")
    if "No space left" in why:
        return OSError(28, why, where)
    return ValueError(f"{where} can't be read: {why}")


_SECRET = re.compile(
    r"(?i)(token|secret|signature|credential|password|passwd|pwd|api[-_]?key|access[-_]?key|auth|^sig$|^key$|^code$)"
)


def without_secrets(text: str) -> str:
    """A URL, or a text with URLs, without passwords and without the values of queries that look like credentials."""
    text = re.sub(r"(?<=://)[^/\s@\"'?#]+@", "", text)
    return re.sub(
        r"(?<=[?&])([^=&\s]+)=(?:[^&\s\"'#:]|:(?!\s))*", lambda m: f"{m[1]}=…" if _SECRET.search(m[1]) else m[0], text
    )


def _base(spec: Spec) -> Spec:
    """The key-value store at the bottom of a spec."""
    while "kvstore" in spec or "base" in spec:
        spec = spec.get("kvstore") or spec["base"]
    return spec


def is_remote(spec: Spec) -> bool:
    """Whether a spec is about what lies behind a URL."""
    return _base(spec)["driver"] in _REMOTE


def _place(spec: Spec) -> str:
    """The file or URL that a spec is about, for messages."""
    base = _base(spec)
    if base["driver"] in ("s3", "gcs"):
        return f"{'s3' if base['driver'] == 's3' else 'gs'}://{base['bucket']}/{base.get('path', '')}".rstrip("/")
    return without_secrets(str(base.get("base_url") or base.get("path", ""))).rstrip("/")


class _Helper:
    """The process that reads for a forked one; it ends with it."""

    def __init__(self) -> None:
        # What is imported from where, as this process does it.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-P", __file__, str(_here.limit // _SHARE_OF_FORKED)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def ask(self, name: str, arguments: tuple[Any, ...]) -> Any:
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            pickle.dump((name, arguments), self._process.stdin)
            self._process.stdin.flush()
            result, error = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as lost:
            raise BrokenPipeError(
                f"the process that reads for a forked one has ended: {str(lost) or 'no answer'}"
            ) from lost
        if error is not None:
            raise error
        return result


def _helped(name: str, arguments: tuple[Any, ...]) -> Any:
    with _here.lock:
        helper = _here.helper = _here.helper or _Helper()
        try:
            return helper.ask(name, arguments)
        except BrokenPipeError:
            _here.helper = None
            raise


_here = _State()


def _after_fork() -> None:
    # What the parent's other threads held is held for ever here, and its helper is its own.
    _here.lock, _here.helper = RLock(), None
    _here.forked = _here.forked or "tensorstore" in sys.modules


def _serve() -> None:
    """Answer the requests of a forked process until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: tuple[Any, Exception | None]
        try:
            answer = _WHEREVER[name](*arguments), None
        except Exception as error:  # the one who asked gets it
            answer = None, error
        pickle.dump(answer, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

if __name__ == "__main__":
    set_limit(int(sys.argv[1]))
    _serve()
