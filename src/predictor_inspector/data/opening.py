"""Ground truth from files: `open_array` and `list_arrays`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from predictor_inspector.core.array import Array
from predictor_inspector.data.formats.hdf5 import HDF5
from predictor_inspector.data.formats.info import ArrayInfo, Format, StoredArray, relative_name
from predictor_inspector.data.formats.tiff import TIFF
from predictor_inspector.data.formats.zarr_files import ZARR, is_zarr_node

_FORMATS = {
    **dict.fromkeys((".h5", ".hdf", ".hdf5"), HDF5),
    **dict.fromkeys((".tif", ".tiff"), TIFF),
}
READABLE = (".zarr", *_FORMATS)


@dataclass(frozen=True)
class _Place:
    """Where a path leads: a container, and a location in it (``""`` for its root)."""

    format: Format
    container: Path
    location: str

    def joined(self, name: str) -> str:
        return "/".join(part for part in (self.location, name.strip("/")) if part)


def open_array(path: str | os.PathLike[str], name: str | None = None) -> Array:
    """Open an array in a file; its metadata are read now, its values when they are asked for.

    Parameters
    ----------
    path : str or path
        OME-Zarr 0.4 or 0.5, zarr with funlib's attributes, HDF5 with `resolution` and `offset`, or TIFF. It may reach
        into the container: ``data.zarr/labels/neurons``, ``data.zarr/labels/neurons/s1``, ``data.hdf/volumes/raw``.
    name : str, optional
        An array below `path`, a multiscale group (then its finest level), or one level of it, which lies where that
        level's own metadata say. ``"/"`` is the array or group at `path` itself. By default the only array of labels,
        or the only array, if there is no more than one.

    Returns
    -------
    Array
        `data` is sliced lazily and never written to; ids keep their type.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`; the message lists what is there instead.
    ValueError
        If `name` isn't in the container, no array can be chosen without one, or the file's metadata are damaged or of
        an unknown kind; the message names the file.
    ImportError
        If the reader for HDF5 or TIFF isn't installed; the message says how to install it.

    Examples
    --------
    >>> array = open_array("crop.ome.zarr", "labels/neurons")  # doctest: +SKIP
    """
    place = _locate(Path(path))
    if name is None:
        return _choose(place, place.location, path).array()
    location = place.joined(name)
    if not place.format.exists(place.container, location):
        raise ValueError(f"{path} has no array {name!r}{_instead(place, place.location, name)}")
    source = place.format.find(place.container, location)
    return (source or _choose(place, location, f"{path}, {name}")).array()


def list_arrays(path: str | os.PathLike[str]) -> list[ArrayInfo]:
    """Describe all arrays at or below `path`, reading metadata only; a multiscale group is listed once.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        As `open_array`.
    """
    place = _locate(Path(path))
    return [source.info(place.location) for source in place.format.walk(place.container, place.location)]


def _choose(place: _Place, location: str, asked: object) -> StoredArray:
    sources = place.format.walk(place.container, location)
    labels = [source for source in sources if source.kind == "labels"]
    for candidates in (labels, sources):
        if len(candidates) == 1:
            return candidates[0]
    if not sources:
        raise ValueError(f"{asked} holds no arrays")
    names = _listing([relative_name(source.location, location) for source in labels or sources])
    raise ValueError(f"{asked} holds {len(sources)} arrays, so a name is needed: one of {names}")


def _locate(path: Path) -> _Place:
    full = Path(os.path.abspath(path))
    for candidate in (*reversed(full.parents), full):
        location = full.relative_to(candidate).as_posix()
        location = "" if location == "." else location
        if candidate.is_file():
            place = _Place(_file_format(candidate), candidate, location)
        elif candidate.is_dir() and (candidate.suffix == ".zarr" or is_zarr_node(candidate)):
            place = _Place(ZARR, candidate, location)
        else:
            continue
        if location and not place.format.exists(candidate, location):
            raise FileNotFoundError(f"{path} is not there{_instead(place, '', location)}")
        return place
    if full.is_dir():
        inside = [child.name for child in full.iterdir() if child.suffix.lower() in READABLE]
        hint = f"; it holds {_listing(sorted(inside))}" if inside else ""
        raise ValueError(f"{path} is a folder without zarr metadata{hint}")
    raise FileNotFoundError(f"{path} is not there{_neighbours(full)}")


def _file_format(file: Path) -> Format:
    try:
        return _FORMATS[file.suffix.lower()]
    except KeyError:
        raise ValueError(
            f"{file} is of a kind that can't be read ({file.suffix or 'no extension'}); known are {', '.join(READABLE)}"
        ) from None


def _instead(place: _Place, location: str, wanted: str) -> str:
    names = [
        name
        for source in place.format.walk(place.container, location)
        for name in dict.fromkeys(relative_name(at, location) for at in (source.location, *source.levels))
    ]
    return f"; {place.container.name} holds {_listing(names, wanted)}" if names else "; it holds no arrays"


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
