"""Regions of an inspection: ROI, ground-truth context, padding, and parts beyond the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Literal

from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_roi

Outside = Literal["clip", "zero"]


@dataclass(frozen=True)
class Regions:
    """The regions of one inspection, in the ground truth's world coordinates.

    Attributes
    ----------
    roi : Roi
        What target and weights cover.
    gt_region : Roi
        The ground truth that the predictor asks for; may reach beyond the data.
    read_region : Roi
        The ground truth that is used: `gt_region` clipped to the data, or all of it when padding with 0.
    padding_region : Roi
        The ROI grown by the predictor's padding on every side.
    data : Roi
        The whole of the ground truth.
    """

    roi: Roi
    gt_region: Roi
    read_region: Roi
    padding_region: Roi
    data: Roi

    @property
    def beyond_data(self) -> tuple[Roi, ...]:
        """The part of `gt_region` that lies outside the data, as boxes that don't overlap; empty if there is none."""
        return tuple(difference(self.gt_region, self.data))


def regions_for(predictor: Predictor, gt: Array, roi: Roi | None, outside: Outside = "clip") -> Regions:
    """The regions for inspecting `roi`, by default the whole of `gt`.

    Raises
    ------
    ValueError
        If `roi` is empty, off the voxel grid, of another dimension, or not within the data (with ``outside="zero"`` it is
        enough that they overlap).
    """
    if outside not in ("clip", "zero"):
        raise ValueError(f"outside must be 'clip' or 'zero', got {outside!r}")
    if 0 in gt.shape:
        raise ValueError(f"the ground truth is empty: its shape is {gt.shape}")
    roi = gt.roi if roi is None else roi
    gt.to_slices(roi)
    inside = gt.roi.intersect(roi)
    if inside.empty or (outside == "clip" and inside != roi):
        raise ValueError(
            f"roi {format_roi(roi)} lies {'outside' if inside.empty else 'partly outside'} the ground truth, which covers "
            f"{format_roi(gt.roi)}{'' if inside.empty else '; use the part ' + format_roi(inside)}"
        )
    spec = ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)
    gt_region = predictor.gt_region_for_roi(spec).roi
    if not gt_region.contains(roi):
        raise ValueError(
            f"{type(predictor).__name__}.gt_region_for_roi must contain the ROI {format_roi(roi)}, "
            f"got {format_roi(gt_region)}"
        )
    # Predictors with DaCapo's signature don't take the subdivision.
    finer = {"subdivision": gt.subdivision} if _takes_subdivision(type(predictor)) else {}
    padding = predictor.padding(gt.voxel_size, **finer)
    read_region = gt_region if outside == "zero" else gt_region.intersect(gt.roi)
    return Regions(roi, gt_region, read_region, roi.grow(padding, padding), gt.roi)


@cache
def _takes_subdivision(kind: type[Predictor]) -> bool:
    return "subdivision" in signature(kind.padding).parameters


def notes_on(regions: Regions, outside: Outside) -> tuple[str, ...]:
    """What to know about an inspection of these regions, in sentences."""
    if not regions.beyond_data:
        return ()
    if outside == "zero":
        return ("The context reaches beyond the data, where it is padded with 0: boundaries there are false.",)
    return ("The context reaches beyond the data: values near that edge may differ from those inside.",)


def difference(region: Roi, hole: Roi) -> list[Roi]:
    """`region` without `hole`, as boxes that don't overlap: at most two per axis."""
    hole = region.intersect(hole)
    if hole.empty:
        return [region]
    boxes, begin, end = [], list(region.begin), list(region.end)
    for axis in range(region.dims):
        for low, high in ((begin[axis], hole.begin[axis]), (hole.end[axis], end[axis])):
            if low < high:
                begin[axis], end[axis] = low, high
                boxes.append(Roi(begin, Coordinate(end) - Coordinate(begin)))
        begin[axis], end[axis] = hole.begin[axis], hole.end[axis]
    return boxes
