"""`check_region`: everything that can be found in a region of a file, even if no predictor can use it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import format_bytes, format_shape
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory, needed_memory
from predictor_inspector.inspection.engine.regions import regions_for
from predictor_inspector.inspection.engine.roi_text import roi_to_text
from predictor_inspector.inspection.engine.run import Inspection, Progress, Request, run
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.search import INSPECTION, check_inputs, find, in_order

_PER_CONTEXT_VOXEL, _PER_CHANNEL = 60, 12
"""Bytes that checks work with beside what the inspection needs: runs and pieces of objects per voxel of ground truth, and
flags and differences per value of the target. Measured on dense tissue."""


@dataclass(frozen=True, eq=False)
class Checked:
    """What `check_region` found.

    Attributes
    ----------
    findings : tuple of Finding
        The most severe first.
    request : Request
        What was checked: ground truth of a floating-point type as integers.
    inspection : Inspection or None
        None if the predictor refused the ground truth.
    refused : str
        Then why; else empty.
    """

    findings: tuple[Finding, ...]
    request: Request
    inspection: Inspection | None
    refused: str = ""


def check_region(
    request: Request,
    memory: int | None = None,
    progress: Progress | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Checked:
    """Look at ground truth and mask as they were opened, then inspect what was asked for and check that.

    Ids that are whole numbers of a floating-point type are reported, and checked on as the integers that they are.

    Parameters
    ----------
    request : Request
        The region and what to make of it, with ground truth and mask as they were opened.
    memory : int, optional
        Bytes that all this may take; by default the share of the machine's memory that `default_memory` tells.
    progress, only, ignore
        As in `find`.

    Raises
    ------
    ValueError
        If the region needs more memory, with one that doesn't; as `inspect` does, unless one of the errors found is why.
    """
    source, gt = request.source, request.source.gt
    _check_memory(request, default_memory(pick_device(request.device)) if memory is None else memory)
    looked_at = request.regions.read_region.intersect(gt.roi)
    found = check_inputs(source, looked_at, only, ignore)
    if _is_float(gt):
        request = replace(request, source=replace(source, gt=gt.like(_Whole(gt.data), gt.axis_names)))
    try:
        inspection = run(request, progress)
    except ValueError as error:
        # Errors that aren't wanted in the list are errors all the same.
        if any(f.severity == "error" for f in check_inputs(source, looked_at)):
            return Checked(found, request, None, str(error))
        raise
    more = find(inspection, True, progress, only, ignore, of=INSPECTION)
    return Checked(in_order((*found, *more)), request, inspection)


def _check_memory(request: Request, memory: int) -> None:
    """Raise a ``ValueError`` if the region is too large, with the part in its middle that isn't."""
    gt, regions, channels = request.source.gt, request.regions, len(request.predictor.channel_names)

    def needed(shape: Sequence[int]) -> int:
        roi = Roi(gt.offset, gt.voxel_size * Coordinate(shape))
        region = regions_for(request.predictor, gt, roi.intersect(gt.roi), "clip").read_region
        context = prod(int(n) for n in region.shape // gt.voxel_size)
        return (
            needed_memory(request.predictor, request.source, shape, gt.roi)
            + context * _PER_CONTEXT_VOXEL
            + prod(shape) * channels * _PER_CHANNEL
        )

    shape = [int(n) for n in regions.roi.shape // gt.voxel_size]
    if needed(shape) <= memory:
        return
    low, high = 1, max(shape)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if needed([min(middle, n) for n in shape]) <= memory else (low, middle - 1)
    sides = [min(low, n) for n in shape]
    begin = regions.roi.begin + gt.voxel_size * Coordinate((n - s) // 2 for n, s in zip(shape, sides, strict=True))
    part = Roi(begin, gt.voxel_size * Coordinate(sides))
    raise ValueError(
        f"checking {format_shape(shape)} voxels needs {format_bytes(needed(shape))} of memory, more than the "
        f"{format_bytes(memory)} it may take; choose a part with --roi (roi), such as {roi_to_text(part, gt)}"
    )


def _is_float(array: Array) -> bool:
    dtype = array.dtype
    return dtype.is_floating_point if isinstance(dtype, torch.dtype) else np.dtype(dtype).kind == "f"


class _Whole:
    """Floating-point ids as the integers that they are, converted where they are sliced; what isn't finite becomes 0."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.shape = tuple(data.shape)
        self.dtype = np.dtype(np.int64)

    def __getitem__(self, key: Any) -> np.ndarray:
        values = np.nan_to_num(np.asarray(self._data[key]), nan=0.0, posinf=0.0, neginf=0.0)
        whole: np.ndarray = values.astype(np.int64)
        if (whole != values).any():
            raise ValueError("gt holds fractions, which are nobody's ids")
        return whole
