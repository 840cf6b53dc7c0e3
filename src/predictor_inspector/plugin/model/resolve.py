"""Resolve settings and the current view into a complete request."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.inspection import Regions, Request, Source, regions_for
from predictor_inspector.plugin.model.axes import Axes, Place, array_at, known_array, place_of
from predictor_inspector.plugin.model.box import box_for, brought
from predictor_inspector.plugin.model.messages import ROLES, Message, explained, nothing_to_inspect, unusable
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.model.tile_plan import TilePlan, TooLarge, memory_of, plan_for
from predictor_inspector.plugin.model.view import View, viewed_roi


class Unresolved(Exception):
    """There is nothing to compute; `message` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class ChangeLevel(IntEnum):
    """What differs between two states; each includes those before it."""

    NOTHING = 0
    DISPLAY = 1  # where and how results are drawn
    RESULT = 2  # what comes out: region, parameters, device
    DATA = 3  # ground truth or mask: what was derived from them can't be used again
    SUBJECT = 4  # layer, predictor's kind, or number of axes: results on their way aren't wanted any more


@dataclass(frozen=True)
class Resolved:
    """Settings resolved against the data and the view: all that a computation needs."""

    request: Request  # with all of the ground truth and the mask
    place: Place  # of the ground truth in the viewer
    view: View
    layer: Hashable = None  # equal for states of the same ground-truth layer,
    data: Hashable = None  # and for states with the same ground truth and mask in the same places
    plan: TilePlan | None = None  # for what is too large to be computed at once
    network_boxes: bool = False  # whether those of the request's network are drawn
    refusal: str = ""  # why it can't be computed at all, in a sentence

    @property
    def gt(self) -> Array:
        """All of the ground truth."""
        return self.request.source.gt

    @property
    def regions(self) -> Regions:
        """ROI, context and padding."""
        return self.request.regions

    def change_since(self, other: Resolved | None) -> ChangeLevel:
        """What differs from another state; `ChangeLevel.SUBJECT` if there is none."""
        if other is None:
            return ChangeLevel.SUBJECT
        for change, mine, others in zip(reversed(ChangeLevel), self._keys, other._keys, strict=False):
            if mine != others:
                return change
        return ChangeLevel.NOTHING

    @property
    def _keys(self) -> tuple[Any, ...]:
        """What is compared, from the largest change to the smallest."""
        request, roi = self.request, self.regions.roi
        how = (request.device, request.outside, request.balance_over)
        # Results don't depend on the network, but what is found in them does.
        asked = (request.predictor, *how, roi.begin, roi.shape, request.network)
        drawn = (self.place, self.view, self.network_boxes)
        return (self.layer, type(request.predictor), self.gt.dims), self.data, asked, drawn


def resolve(settings: Settings, view: View, version: int = 0) -> Resolved:
    """All that is needed to compute what the settings ask for.

    `version` counts the edits of layers. Raises `Unresolved` if there is nothing to inspect, or something is wrong with
    the data or the parameters.
    """
    layer, axes = settings.gt_layer, settings.axes
    if layer is None or axes is None:
        raise Unresolved(nothing_to_inspect(settings))
    try:
        gt = array_at(layer, axes, settings.level, view)
        predictor = _predictor(settings)
        roi = _region(settings, predictor, gt, view)
        mask = _beside(settings.mask_layer, "mask", gt, axes, view)
        raw = _raw(settings, gt, axes, view)
        facts = settings.network_facts
        request = Request(
            predictor,
            Source(gt, mask, raw),
            roi,
            settings.device,
            settings.outside,  # type: ignore[arg-type]
            settings.balance_over,  # type: ignore[arg-type]
            network=facts if facts is not None and facts.input_shape.dims == gt.dims else None,
        )
        _ = request.regions  # what is wrong with the region is said now
        plan, refusal = None, ""
        try:
            plan = plan_for(request, memory_of(settings.memory))
        except TooLarge as error:
            refusal = str(error)
    except (ValueError, TypeError, AssertionError) as error:  # other packages' predictors and funlib raise all of these
        raise Unresolved(explained(error, settings)) from error
    place = place_of(layer, axes, view)
    data = (id(layer), id(settings.mask_layer), id(settings.raw_layer), axes, settings.level, place.time, version)
    return Resolved(request, place, view, id(layer), data, plan, settings.network_boxes, refusal)


def _region(settings: Settings, predictor: Predictor, gt: Array, view: View) -> Roi:
    if settings.region_mode == "layer":
        return gt.roi
    if settings.region_mode == "box":
        box = box_for(settings.box, gt, view, settings.thickness)
        return brought(box, gt, view) if settings.box_follows_slice else box
    seen = viewed_roi(gt, view, settings.thickness)
    if seen is None:
        raise Unresolved(Message("Nothing of the ground truth is in view; pan or zoom until it is.", "hint"))
    regions = regions_for(predictor, gt, seen, settings.outside)  # type: ignore[arg-type]
    # What is left may be empty where the view shows hardly more than what lies around the data.
    return viewed_roi(gt, view, settings.thickness, _margins(regions, gt)) or seen


def _margins(regions: Regions, gt: Array) -> list[tuple[int, int]]:
    """By how many voxels context and padding reach beyond the ROI, before and after, per axis."""
    begin, end = (
        [pick(ends) for ends in zip(*corners, strict=True)]
        for pick, corners in (
            (min, (regions.roi.begin, regions.gt_region.begin, regions.padding_region.begin)),
            (max, (regions.roi.end, regions.gt_region.end, regions.padding_region.end)),
        )
    )
    before, after = (regions.roi.begin - Coordinate(begin)), (Coordinate(end) - regions.roi.end)
    return [(-(-b // v), -(-a // v)) for b, a, v in zip(before, after, gt.voxel_size, strict=True)]


def _predictor(settings: Settings) -> Predictor:
    try:
        return settings.predictor()
    except ValueError as error:
        raise Unresolved(Message.of(error, "parameters")) from error


def _raw(settings: Settings, gt: Array, axes: Axes, view: View) -> Array | None:
    try:
        return _beside(settings.raw_layer, "raw", gt, axes, view)
    except Unresolved:
        if settings.raw_chosen:
            raise
        return None  # nobody asked for it, and no target depends on it


def _beside(layer: Any, role: str, gt: Array, axes: Axes, view: View) -> Array | None:
    """A mask or raw data with the ground truth's spatial axes; at the time shown, if they have as many axes as a series."""
    if layer is None:
        return None
    try:
        array = known_array(layer, 0, min(axes.spatial, int(layer.ndim)))
        if axes.time and array.channel_dims and layer.ndim > axes.spatial:
            return array_at(layer, axes, 0, view)
        if array.dims != gt.dims:
            raise ValueError(
                f"the {ROLES[role]}, layer {layer.name!r}, has {array.dims} spatial axes, but the ground truth has {gt.dims}"
            )
    except ValueError as error:
        raise Unresolved(unusable(role, error)) from error
    return array
