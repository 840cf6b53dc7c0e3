"""Source of an inspection: ground truth, mask and raw data, opened by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.foreign import as_array
from predictor_inspector.data.classes import class_names, open_classes
from predictor_inspector.data.formats.unreadable import UnreadableError
from predictor_inspector.data.lazy import lazy_array
from predictor_inspector.data.opening import container_of, open_array
from predictor_inspector.data.resample import on_grid
from predictor_inspector.data.stores.path import is_url
from predictor_inspector.data.unknown import without_unknown


@dataclass(frozen=True)
class Source:
    """Arrays that are inspected; they are read region by region, and never written to.

    Attributes
    ----------
    gt : Array
        Ground truth: ids, [Z, Y, X] or [C, Z, Y, X]. Ids that its file calls unknown become 0, and aren't annotated.
    mask : Array or None
        Non-zero where `gt` is annotated, on any grid (the nearest voxels are taken); what it doesn't cover is not
        annotated. None: annotated everywhere.
    raw : Array or None
        What the network sees: drawn beneath the ground truth, and checked against it.
    """

    gt: Array
    mask: Array | None = None
    raw: Array | None = None

    def __post_init__(self) -> None:
        mask, raw = (a if a is None else as_array(a, n) for a, n in ((self.mask, "mask"), (self.raw, "raw")))
        gt, mask = without_unknown(as_array(self.gt), mask)
        for name, array in (("gt", gt), ("mask", mask), ("raw", raw)):
            object.__setattr__(self, name, array)

    @property
    def raw_picture(self) -> Array | None:
        """Raw data without channels: the first of each axis of them."""
        raw = self.raw
        while raw is not None and raw.channel_dims:
            raw = raw.select(raw.axis_names[0], 0)
        return raw

    def at(self, indices: Mapping[str, int]) -> Source:
        """These arrays at one position of each of the axes in `indices` (``{"t": 3}``), without those axes.

        A ``ValueError`` if the ground truth has no such axis or position, or still has an axis of time.
        """
        gt = _at(self.gt, indices)
        if "t^" in gt.axis_names:
            last = gt.shape[gt.axis_names.index("t^")] - 1
            raise ValueError(
                f"the ground truth has an axis of time; choose one of its moments 0 … {last} with --index t=0"
            )
        mask, raw = (None if a is None else _at(a, indices, skip_missing=True) for a in (self.mask, self.raw))
        return Source(gt, mask, raw)

    def within(self, region: Roi, pad: bool = False) -> Source:
        """Ground truth and mask in `region`, both on the ground truth's grid; parts are read when they are sliced.

        With `pad`, the region may reach beyond the ground truth, where that is 0 and not annotated. A mask with another
        number of spatial axes than the ground truth is a ``ValueError``.
        """
        gt, mask = self.gt, self.mask
        part = lazy_array(gt.read if pad else gt.__getitem__, gt, gt, region)
        known = None
        if mask is not None:
            if mask.dims != gt.dims:
                raise ValueError(
                    f"mask must have {gt.dims} spatial axes like the ground truth, got {mask.dims}: {mask.axis_names}"
                )
            known = on_grid(mask, region, gt)
        elif pad and not gt.roi.contains(region):
            everywhere = gt.like(np.broadcast_to(np.uint8(1), tuple(gt.spatial_shape)), gt.spatial_axes)
            known = lazy_array(everywhere.read, everywhere, gt, region)
        return Source(part, known, self.raw)

    def read(self, region: Roi) -> Source:
        """Ground truth and mask in `region`, which both of them cover, in memory."""
        return Source(self.gt[region], None if self.mask is None else self.mask[region], self.raw)


def open_source(
    path: str | os.PathLike[str],
    gt: str | None = None,
    mask: str | None = None,
    raw: str | None = None,
    axes: str | None = None,
) -> Source:
    """Open ground truth, mask and raw data by their names, as `open_input` does; mask and raw only if they have one.

    `axes` are the ground truth's, as in `open_array`.
    """
    opened = open_input(path, gt, axes)
    return Source(opened, *(None if name is None else open_input(path, name) for name in (mask, raw)))


def open_input(path: str | os.PathLike[str], name: str | None = None, axes: str | None = None) -> Array:
    """Open an array by name: one below `path`, one elsewhere in the same container, or one at a path of its own.

    A name in brackets, such as ``"[mito,er]"``, opens these classes as channels, see `open_classes`, those of a group with
    ``"crop7/[mito,er]"``. Errors are those of `open_array` for an array below `path`.
    """
    if name is not None and (classes := class_names(name)) is not None:
        group, names = classes
        return open_classes(f"{os.fspath(path)}/{group}" if group else path, names or None)
    try:
        return open_array(path, name, axes)
    except (ValueError, FileNotFoundError) as error:
        if name is None or not name.strip("/") or isinstance(error, UnreadableError):
            raise
        with suppress(ValueError, FileNotFoundError):
            return open_array(container_of(path), name, axes)
        # Damaged files must not be passed over, only names that are not there.
        with nullcontext() if is_url(name) or Path(name).exists() else suppress(ValueError, FileNotFoundError):
            return open_array(name, axes=axes)
        raise


def _at(array: Array, indices: Mapping[str, int], skip_missing: bool = False) -> Array:
    for axis, index in indices.items():
        name = f"{axis.removesuffix('^')}^"
        if not skip_missing or name in array.axis_names:
            array = array.select(name, index)
    return array
