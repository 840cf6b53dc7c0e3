"""Classes as channels of one array: crops with an array per class, as CellMap has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.about import About
from predictor_inspector.core.array import Array
from predictor_inspector.core.text import listed
from predictor_inspector.data.formats.format import StoredArray, guess_kind
from predictor_inspector.data.formats.unreadable import UnreadableError
from predictor_inspector.data.geometry import Length, counts_factor, exact, make_array
from predictor_inspector.data.lazy import Box, LazyArray
from predictor_inspector.data.opening import list_contents
from predictor_inspector.data.resample import on_grid
from predictor_inspector.data.stores.path import AnyPath, shown_path
from predictor_inspector.data.units import unit_factor

_ALL = "all"  # CellMap's array of all classes at once, each with an id of its own
_LEVEL = re.compile(r"s?\d+")


def classes_in(path: AnyPath) -> dict[str, StoredArray]:
    """The classes of a crop at `path`: arrays of ids in one group, one per class, by name; empty if there are none.

    They lie at `path` itself, or in the only group below it that holds any. CellMap's ``all`` is none of them. Errors are
    those of `list_contents`.
    """
    return _classes_among(_arrays_at(path))


def class_names(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The group and the classes in a name such as ``"crop7/[mito,er]"``; None for any other name."""
    match = re.fullmatch(r"(.*?)/?\[([^\[\]]*)\]/?", text)
    if match is None:
        return None
    return match[1], tuple(name.strip() for name in match[2].split(",") if name.strip())


def open_classes(
    path: AnyPath, names: Sequence[str] | None = None, voxel_size: Sequence[Length] | None = None
) -> Array:
    """Open arrays of several classes as one array with a channel for each; its values are read when it is sliced.

    Classes of other voxel sizes are resampled to the finest, each voxel from the one in which its centre lies. A class that
    the crop doesn't have, what one says is unknown, and what lies beyond one that is smaller than others isn't annotated:
    there the values are the only one of ``about.unknown``, and `inspect` gives them no weight, channel by channel. Others are
    as they are stored: 0 where a class is absent.

    Parameters
    ----------
    path : str or path
        The group or file that holds an array, or a multiscale group, for each class, such as CellMap's
        ``jrc_x.zarr/recon-1/labels/groundtruth/crop7``.
    names : sequence of str, optional
        The classes, in the order of the channels; all that there are by default. One of them at least must be there.
    voxel_size : sequence of float, optional
        Of the result, one number per spatial axis, in the unit of the finest class.

    Returns
    -------
    Array
        Whole numbers, [C, Z, Y, X]; ``about.channels`` has the names.

    Raises
    ------
    ValueError
        If none of the classes is there (the message lists those that are), a name is given twice, one has an axis of time
        or channels, or they can't share a grid: other numbers of axes, or only some in pixels.
    """
    stored = _arrays_at(path, names or ())
    classes = _classes_among(stored)
    names = tuple(classes) if names is None else tuple(names)
    # An array that is no class by its looks may be asked for by name all the same.
    known = {name: (classes.get(name) or stored[name]).array for name in names if name in classes or name in stored}
    if not known:
        has = f"it has {listed(classes, 12)}" if classes else "there is no array of ids in it"
        raise ValueError(f"{shown_path(path)} has none of the classes {listed(names, 12) or 'that make a crop'}; {has}")
    if len(set(names)) < len(names):
        raise ValueError(f"names must all be different, one per channel, got {listed(names, 12)}")
    grid = _grid(known, voxel_size, shown_path(path))
    dtype, marker = _type_for(known.values())
    channels = [_Channel.of(known[name], grid) if name in known else None for name in names]
    data = _Classes(channels, tuple(int(n) for n in grid.spatial_shape), dtype, marker)
    marked = any(channel is None or channel.unknown or channel.covered is not None for channel in channels)
    doubts = tuple(dict.fromkeys(doubt for array in known.values() for doubt in array.about.doubts))
    missing = [name for name in names if name not in known]
    notes = (f"the crop has no array of {listed(missing)}: weight 0",) if missing else ()
    about = About((marker,) if marked else (), doubts, notes, names)
    return Array(data, grid.voxel_size, grid.offset, ("c^", *grid.spatial_axes), grid.unit, grid.subdivision, about)


def stored_classes(array: Array) -> tuple[str, ...]:
    """Those classes of an array that `open_classes` made that the crop has an array for; all channels of any other."""
    if not isinstance(array.data, _Classes):
        return array.about.channels
    channels = zip(array.about.channels, array.data.channels, strict=True)
    return tuple(name for name, channel in channels if channel is not None)


@dataclass(frozen=True)
class _Channel:
    """A class on the grid of all: its ids, which of them mean unknown, and where it reaches, None for everywhere."""

    ids: Any
    unknown: tuple[int, ...]
    covered: Any | None

    @classmethod
    def of(cls, array: Array, grid: Array) -> _Channel:
        covered = None
        if not _roi_on(array, grid).contains(grid.roi):
            ones = array.like(np.broadcast_to(np.uint8(1), tuple(array.spatial_shape)), array.spatial_axes)
            covered = on_grid(ones, grid.roi, grid).data
        return cls(on_grid(array, grid.roi, grid).data, tuple(array.about.unknown), covered)


class _Classes(LazyArray):
    """Ids of several classes, [C, Z, Y, X], `marker` where one isn't annotated; None stands for a class that isn't there."""

    def __init__(
        self, channels: Sequence[_Channel | None], shape: tuple[int, ...], dtype: np.dtype[Any], marker: int
    ) -> None:
        self.channels, self._marker = channels, marker
        self.shape, self.dtype = (len(channels), *shape), dtype

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        chosen = self.channels[box[0]]
        values = np.full((len(chosen), *(s.stop - s.start for s in box[1:])), self._marker, self.dtype)
        for part, channel in zip(values, chosen, strict=True):
            if channel is None or part.size == 0:
                continue
            ids = np.asarray(channel.ids[box[1:]])
            known = np.ones(ids.shape, bool) if channel.covered is None else np.asarray(channel.covered[box[1:]]) != 0
            if channel.unknown:
                known &= ~np.isin(ids, channel.unknown)
            np.copyto(part, ids, where=known, casting="unsafe")
        return values


def _arrays_at(path: AnyPath, wanted: Iterable[str] = ()) -> dict[str, StoredArray]:
    """Arrays of numbers below `path` by location; of levels that no metadata join, s0, s1 and so on, the first.

    An `UnreadableError` if one that is wanted is there, and damaged.
    """
    arrays, left_out = list_contents(path)
    found: dict[str, StoredArray] = {}
    for stored in arrays:
        location = _class_at(stored.location)
        if location and np.dtype(stored.array.dtype).kind in "biuf":
            found.setdefault(location, stored)
    for one in left_out:
        if (name := _class_at(one.location)) not in found and any(name in (w, f"labels/{w}") for w in wanted):
            raise UnreadableError(one)
    return found


def _class_at(location: str) -> str:
    group, _, last = location.rpartition("/")
    return group if group and _LEVEL.fullmatch(last) else location


def _classes_among(found: Mapping[str, StoredArray]) -> dict[str, StoredArray]:
    found = {name: stored for name, stored in found.items() if np.dtype(stored.array.dtype).kind in "biu"}
    # What is no mask by its name is a class, though boolean.
    masks = [name for name in found if guess_kind(name, np.uint8) == "mask"]
    labels = {n: s for n, s in found.items() if s.kind == "labels" or (s.kind == "mask" and n not in masks)}
    # Without metadata a small type may be anything but what its name says it is.
    others = {name: stored for name, stored in found.items() if name not in masks}
    candidates = labels or {name: s for name, s in others.items() if guess_kind(name, np.uint32) == "labels"}
    groups: dict[str, dict[str, StoredArray]] = {}
    for location, stored in candidates.items():
        group, _, name = location.rpartition("/")
        if name != _ALL:
            groups.setdefault(group, {})[name] = stored
    return groups.get("") or (next(iter(groups.values())) if len(groups) == 1 else {})


def _grid(arrays: Mapping[str, Array], voxel_size: Sequence[Length] | None, source: str) -> Array:
    """The grid that classes share, without values: the finest one's, as far as any of them reaches."""
    first = next(iter(arrays.values()))
    for name, array in arrays.items():
        if array.channel_dims or array.dims != first.dims:
            raise ValueError(
                f"{source}: the class {name!r} has the axes {array.axes_text}; every class needs the same {first.dims} spatial "
                "axes and no others"
            )
        unit_factor(array.unit, first.unit, f"{source}, class {name!r}")

    def volume(array: Array) -> Fraction:
        scale = unit_factor(array.unit, first.unit) / array.subdivision
        return prod((v * scale for v in array.voxel_size), start=Fraction(1))

    finest = min(arrays.values(), key=volume)
    if voxel_size is not None:
        if len(voxel_size) != finest.dims:
            raise ValueError(
                f"voxel_size must have {finest.dims} numbers, one per spatial axis, got {list(voxel_size)}"
            )
        size = [exact(v) for v in voxel_size]
        extent = [Fraction(n, finest.subdivision) for n in finest.roi.shape]
        finest = make_array(
            _nothing([max(1, int(e // v)) for e, v in zip(extent, size, strict=True)]),
            finest.spatial_axes,
            size,
            corner=[Fraction(n, finest.subdivision) for n in finest.offset],
            units=[finest.unit] * finest.dims,
            source=source,
        )
    begin, end = list(finest.roi.begin), list(finest.roi.end)
    for array in arrays.values():
        other = _roi_on(array, finest)
        factor = counts_factor(array, finest)
        for axis, (voxel, own) in enumerate(zip(finest.voxel_size, array.voxel_size, strict=True)):
            # What is less than one of its own voxels is how a coarser grid was rounded.
            if begin[axis] - other.begin[axis] >= own * factor:
                begin[axis] -= (begin[axis] - other.begin[axis]) // voxel * voxel
            if other.end[axis] - end[axis] >= own * factor:
                end[axis] += (other.end[axis] - end[axis]) // voxel * voxel
    shape = [(b - a) // v for a, b, v in zip(begin, end, finest.voxel_size, strict=True)]
    return Array(_nothing(shape), finest.voxel_size, begin, finest.spatial_axes, finest.unit, finest.subdivision)


def _nothing(shape: Iterable[int]) -> np.ndarray:
    return np.broadcast_to(np.uint8(0), tuple(int(n) for n in shape))


def _roi_on(array: Array, grid: Array) -> Roi:
    """What `array` covers in whole counts of `grid`."""
    factor = counts_factor(array, grid)
    begin, end = (Coordinate(round(n * factor) for n in corner) for corner in (array.roi.begin, array.roi.end))
    return Roi(begin, end - begin)


def _type_for(arrays: Iterable[Array]) -> tuple[np.dtype[Any], int]:
    """A type that holds all ids, and a number in it that stands for unknown: no id, as far as can be known unread."""
    types = [np.dtype(array.dtype) for array in arrays]
    unknown = {value for array in arrays for value in array.about.unknown}
    dtype = np.result_type(*types, np.uint8)
    if dtype.kind == "f":
        if any(kind.kind == "f" for kind in types):  # predictors refuse them, and say why
            return dtype, 1 << np.finfo(dtype).nmant
        dtype = np.dtype(np.int64)  # of unsigned and signed integers of 64 bits, which no integer holds
    highest = int(np.iinfo(dtype).max)
    if dtype.itemsize < 8 and dtype in types and highest not in unknown:
        # An object may have the highest number, unless that is already said to be none.
        dtype = np.dtype(f"{dtype.kind}{2 * dtype.itemsize}")
        highest = int(np.iinfo(dtype).max)
    return dtype, highest
