"""Arrays in files of all formats: `open_array`, `list_arrays` and `list_contents`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.registry import Extensions
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.unreadable import Unreadable, UnreadableError, relative_name
from predictor_inspector.data.stores.path import AnyPath, StorePath, below, is_url, place_of

FORMATS: Extensions[Format] = Extensions(
    noun="format",
    group="predictor_inspector.formats",
    built_in={
        "zarr": "predictor_inspector.data.formats.zarr_folders:ZARR",
        "n5": "predictor_inspector.data.formats.n5:N5",
        "precomputed": "predictor_inspector.data.formats.precomputed:PRECOMPUTED",
        "hdf5": "predictor_inspector.data.formats.hdf5:HDF5",
        "tiff": "predictor_inspector.data.formats.tiff:TIFF",
        "mrc": "predictor_inspector.data.formats.mrc:MRC",
        "nifti": "predictor_inspector.data.formats.nifti:NIFTI",
    },
    is_valid=lambda found: isinstance(found, Format),
    requirement="an instance of a class derived from Format",
)


def readable_suffixes() -> tuple[str, ...]:
    """How the names of readable files and folders end: ``".zarr"``, ``".h5"`` …, also of other packages' formats."""
    formats, _ = FORMATS.load_all()
    return tuple(dict.fromkeys(suffix for found in formats.values() for suffix in found.suffixes))


class Contents(NamedTuple):
    """What a container holds: the arrays, and what can't be read, with the reasons."""

    arrays: list[StoredArray]
    unreadable: list[Unreadable]


@dataclass(frozen=True)
class _Place:
    """Where a path leads: a container, and a location in it (``""`` for its root)."""

    format: Format
    container: Path | StorePath
    location: str

    def at(self, name: str | None) -> str:
        """The location of `name`, which is relative to this place."""
        return f"{self.location}/{(name or '').strip('/')}".strip("/")

    def contents(self, name: str | None = None) -> Contents:
        """What is at or below `name`."""
        location = self.at(name)
        try:
            # Formats get no other kind of path unless they take it.
            found = list(self.format.arrays(cast(Path, self.container), location))
        except (ValueError, OSError, ImportError):
            raise
        except Exception as error:  # another package's format may fail in any way
            raise ValueError(f"{self.container} can't be read: {type(error).__name__}: {error}") from error
        inside = [one for one in found if not location or f"{one.location}/".startswith(f"{location}/")]
        return Contents(
            [one for one in inside if not isinstance(one, Unreadable)],
            [one for one in inside if isinstance(one, Unreadable)],
        )


def open_array(path: AnyPath, name: str | None = None, axes: str | None = None) -> Array:
    """Open an array in a file; its metadata are read now, its values when it is sliced. It is never written to.

    Parameters
    ----------
    path : str or path
        OME-Zarr, zarr with funlib's attributes, N5, Neuroglancer's precomputed, HDF5 with `resolution` and `offset`, TIFF,
        or another package's format. It may reach into the container: ``data.zarr/labels/neurons``,
        ``data.zarr/labels/neurons/s1``, ``data.hdf/volumes/raw``. Zarr, N5 and precomputed may lie in a zip file, and
        behind a URL: ``https://host/data.zarr``, ``s3://bucket/data.zarr``, ``gs://bucket/data``.
    name : str, optional
        An array below `path`, a multiscale group (then its finest level), or one level of it, which lies where that
        level's own metadata say. ``"/"`` is the array or group at `path` itself. By default the only array of labels that
        can be read, or the only array, if there is no more than one.
    axes : str, optional
        What the axes are in the order in which they are stored, a letter for each: z, y, x for space, t for time, c for
        channels. By default what the file says, or what is usual.

    Raises
    ------
    FileNotFoundError
        If there is no array at or below `path`; the message lists what is there instead.
    ValueError
        If `name` isn't in the container, no array can be chosen without one, or what is asked for can't be read: it is
        damaged, of an unknown kind, or a table. The message names the file.
    ConnectionError, TimeoutError, PermissionError
        If a server can't be reached, doesn't answer, or denies access; the message has the URL, without credentials.
    ImportError
        If the reader for the format isn't installed; the message says how to install it.
    """
    place = _locate(path)
    path = str(place_of(path)) if is_url(path) else path
    found, left_out = place.contents(name)
    for one in left_out if axes is not None else ():
        if one.described is not None and (one.location == place.at(name) or (len(left_out) == 1 and not found)):
            return one.described.array(axes)
    at_name = [array for array in found if name is not None and array.location == place.at(name)]
    if not at_name and (name is not None or not found):
        for one in left_out:
            if one.location == place.at(name):
                raise UnreadableError(one)
    if not found and left_out:
        wanted = [one for one in left_out if one.is_damage] or left_out
        if len(wanted) == 1:
            raise UnreadableError(wanted[0])
        raise ValueError(f"{path if name is None else f'{path}, {name}'} holds nothing to open: {_reasons(wanted)}")
    if not found:
        if name is None or (place.location and not place.contents().arrays):
            raise _missing(place, path)
        raise ValueError(f"{path} has no array {name!r}{_instead(place.contents(), place, place.location, name)}")
    labels = [array for array in found if array.kind == "labels"]
    # Another array is not the ground truth where the labels are damaged.
    damaged = [one for one in left_out if one.is_damage and guess_kind(one.location, np.uint8) == "labels"]
    for candidates in (at_name, labels, [] if damaged else found):
        if len(candidates) == 1:
            return candidates[0].array if axes is None else candidates[0].read_as(axes)
    names = [relative_name(array.location, place.at(name)) for array in labels or found]
    asked, offer = path if name is None else f"{path}, {name}", ""
    if damaged and not labels:
        raise ValueError(
            f"{asked} holds labels that can't be read ({_reasons(damaged)}); a name is needed: one of {_listing(names)}"
        )
    if len({relative.rpartition("/")[0] for relative in names}) == 1:
        # CellMap's array of all classes is none of them.
        some = ",".join([relative for relative in names if relative.rpartition("/")[2] != "all"][:2])
        offer = f"; or several classes as channels, such as '[{some}]' (--classes {some}, open_classes)"
    raise ValueError(f"{asked} holds {len(found)} arrays, so a name is needed: one of {_listing(names)}{offer}")


def list_contents(path: AnyPath) -> Contents:
    """Describe all that is at or below `path`, reading metadata only; a multiscale group is listed once.

    What can't be read is listed beside what can be. Errors are those of `open_array`, where nothing can be read: the path
    itself leads to it, or its format's reader isn't installed.
    """
    place = _locate(path)
    path = str(place_of(path)) if is_url(path) else path
    found, left_out = place.contents()
    if not found:
        for one in left_out:
            if one.location == place.location:
                raise UnreadableError(one)
        if place.location and not left_out:
            raise _missing(place, path)
    return Contents(
        [array.seen_from(place.location) for array in found], [one.seen_from(place.location) for one in left_out]
    )


def list_arrays(path: AnyPath) -> list[StoredArray]:
    """Describe all arrays at or below `path` that can be read: the first part of `list_contents`, which says more."""
    return list_contents(path).arrays


def container_of(path: AnyPath) -> Path | StorePath:
    """The file or folder of a known format at `path` or above it; errors as of `open_array`."""
    return _locate(path).container


def full_path(path: AnyPath) -> Path | StorePath:
    """An absolute path, without ``~``; that of a metadata file, such as ``zarr.json``, leads to the folder it describes."""
    full = place_of(path)
    return full.parent if full.name in metadata_names() and full.is_file() else full


def metadata_names() -> tuple[str, ...]:
    """Names of files that stand for the folder they lie in, such as ``"zarr.json"``."""
    return tuple(name for found in _built_in().values() for name in found.metadata_names)


def _built_in() -> dict[str, Format]:
    return {name: FORMATS.load(name) for name in FORMATS.built_in}


def _locate(path: AnyPath) -> _Place:
    full = full_path(path)
    # Other packages are loaded only for what the built-in formats don't take.
    failures: list[str] = []
    if isinstance(full, StorePath):
        return _in_store(full)
    place = _outermost(full, _built_in(), failures)
    if place is None:
        formats, unloaded = FORMATS.load_all()
        failures += unloaded
        place = _outermost(full, formats, failures)
    if place is None:
        _refuse(path, full, "".join(f"; {failure.rstrip('.')}" for failure in dict.fromkeys(failures)))
    return place


def _outermost(full: Path, formats: Mapping[str, Format], failures: list[str]) -> _Place | None:
    """The outermost file or folder on the way to `full` that one of the formats takes; `failures` gets what fails."""
    for candidate in (*reversed(full.parents), full):
        for name, found in formats.items():
            try:
                if found.takes(candidate):
                    return _Place(found, candidate, below(full, candidate))
            except Exception as error:  # another package's format may fail in any way
                failures.append(f"the format {name!r} fails: {type(error).__name__}: {error}")
    return None


def _in_store(full: StorePath) -> _Place:
    """The outermost place on the way to `full` that can be read, with as few questions to a server as can be."""
    formats = {name: found for name, found in _built_in().items() if found.reads_stores}
    suffixes = tuple(suffix for found in formats.values() for suffix in found.suffixes)
    levels = (full, *full.parents)
    named = [level for level in levels if level.name.lower().endswith(suffixes)]
    place: _Place | None = None
    for level in reversed(named) if named else levels:
        taking = next((found for found in formats.values() if found.takes(cast(Path, level))), None)
        if taking is not None:
            place = _Place(taking, level.as_root(), below(full, level))
        if place is not None and (named or taking is None):
            break
    if place is not None:
        return place
    if full.refused is not None:
        raise full.refused
    raise FileNotFoundError(
        f"{full} holds no zarr, N5 or precomputed volume, or isn't there; other files must be on a disk"
    )


def _refuse(path: AnyPath, full: Path, failures: str) -> NoReturn:
    file = next((candidate for candidate in (*full.parents, full) if candidate.is_file()), None)
    if file is not None:
        kind = file.suffix or "no extension"
        known = ", ".join(readable_suffixes())
        raise ValueError(f"{file} is of a kind that can't be read ({kind}); known are {known}{failures}")
    if full.is_dir():
        suffixes = readable_suffixes()
        formats = _built_in().values()
        inside = [c.name for c in full.iterdir() if c.suffix.lower() in suffixes or any(f.takes(c) for f in formats)]
        if inside:
            hint = f"it holds {_listing(sorted(inside))}"
        else:
            hint = (
                "choose the folder that holds zarr.json, .zgroup, .zarray, attributes.json (N5) or info (precomputed)"
            )
        raise ValueError(f"{path} is a folder without metadata of arrays; {hint}{failures}")
    raise FileNotFoundError(f"{path} is not there{_neighbours(full)}")


def _missing(place: _Place, path: AnyPath) -> Exception:
    """The error for a path into a container, or of one, that leads to no array."""
    if not place.location:
        return ValueError(f"{path} holds no arrays")
    contents = _Place(place.format, place.container, "").contents()
    return FileNotFoundError(f"there is no array at {path}{_instead(contents, place, '', place.location)}")


def _instead(contents: Contents, place: _Place, base: str, wanted: str) -> str:
    names = [
        relative_name(at, base) for found in contents.arrays for at in dict.fromkeys((found.location, *found.levels))
    ]
    return f"; {place.container.name} holds {_listing(names, wanted)}" if names else "; it holds no arrays"


def _reasons(left_out: Sequence[Unreadable], most: int = 3) -> str:
    more = f"; and {len(left_out) - most} more" if len(left_out) > most else ""
    return "; ".join(f"{one.name}: {one.reason}" for one in left_out[:most]) + more


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; neither is the folder {path.parent}"
    near = get_close_matches(path.name, [child.name for child in path.parent.iterdir()], n=3)
    return f"; did you mean {_listing(near)}?" if near else ""


def _listing(names: Sequence[str], wanted: str = "", most: int = 12) -> str:
    nearest = get_close_matches(wanted, names, n=3, cutoff=0.4) if wanted else []
    ordered = [*nearest, *(name for name in names if name not in nearest)]
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(repr(name) for name in ordered[:most]) + more
