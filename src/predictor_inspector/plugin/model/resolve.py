"""From what a person wants and what the viewer shows to all that a computation needs: pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.data.layers import array_from_layer
from predictor_inspector.inspection import Regions, Request, Source
from predictor_inspector.plugin.model.axes import Axes, Place, array_at, place_of
from predictor_inspector.plugin.model.view import View, viewed_roi


@dataclass(frozen=True)
class Intention:
    """What the person wants to see, as the panels say it."""

    gt_layer: Any
    mask_layer: Any
    axes: Axes | None
    level: int
    predictor: Callable[[], Predictor]
    mode: str
    thickness: int
    device: str
    outside: str
    balance_over: str


@dataclass(frozen=True)
class Situation:
    """An intention resolved against the data and the view: all that a computation needs, and no layer."""

    request: Request
    place: Place
    view: View
    about: tuple[Any, ...]
    """What a result is about; it is dropped only if that is no longer looked at."""
    data: tuple[Any, ...]
    """Equal for situations in which the same values lie in the same place."""
    key: tuple[Any, ...]
    """Equal for situations that lead to the same result."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels of the result, named after the ground truth's own axes."""
        return self.request.predictor.describe_channels(self.gt.spatial_axes)

    @property
    def gt(self) -> Array:
        """All of the ground truth."""
        return self.request.source.gt

    @property
    def regions(self) -> Regions:
        """ROI, context and padding."""
        return self.request.regions


class WrongParameters(ValueError):
    """The predictor's parameters don't go together; the form says so where they are."""


class NothingToShow(Exception):
    """There is nothing to inspect, which is no error: the message says why."""


def resolve(wanted: Intention, view: View, box: Callable[[Array, View, int], Roi], version: int) -> Situation:
    """All that is needed to compute what is wanted.

    Parameters
    ----------
    box : callable
        Gives the pinned box for a ground truth, a view and a thickness.
    version : int
        Another one whenever the values of a layer have changed.

    Raises
    ------
    ValueError
        If something is wrong with the data or the parameters.
    NothingToShow
        If there is nothing to inspect.
    """
    layer = wanted.gt_layer
    if layer is None or wanted.axes is None:
        raise NothingToShow("Add a layer of labels, or open a file, to see what a network would be trained on.")
    gt = array_at(layer, wanted.axes, wanted.level, view)
    roi = _region(wanted, gt, view, box)
    mask = None if wanted.mask_layer is None else _mask_array(wanted.mask_layer, gt, wanted.axes, view)
    try:
        predictor = wanted.predictor()
    except ValueError as error:
        raise WrongParameters(str(error)) from error
    source = Source(gt, mask)
    request = Request(predictor, source, roi, wanted.device, wanted.outside, wanted.balance_over)  # type: ignore[arg-type]
    _ = request.regions  # what is wrong with the region is said now
    about = (id(layer), type(predictor), gt.dims)
    place = place_of(layer, wanted.axes, view)
    where = (tuple(roi.begin), tuple(roi.shape))
    asked = (predictor, wanted.device, wanted.outside, wanted.balance_over)
    data = (id(layer), id(wanted.mask_layer), wanted.axes, wanted.level, place.time, version)
    return Situation(request, place, view, about, data, (about, data, asked, where))


def _region(wanted: Intention, gt: Array, view: View, box: Callable[[Array, View, int], Roi]) -> Roi:
    if wanted.mode == "layer":
        return gt.roi
    if wanted.mode == "box":
        return box(gt, view, wanted.thickness)
    roi = viewed_roi(gt, view, wanted.thickness)
    if roi is None:
        raise NothingToShow("Nothing of the ground truth is in view; pan or zoom until it is.")
    return roi


def _mask_array(layer: Any, gt: Array, axes: Axes, view: View) -> Array:
    """The mask with the ground truth's spatial axes; at the time shown, if it has as many axes as a series."""
    mask = array_from_layer(layer, 0, min(axes.spatial, int(layer.ndim)))
    if axes.time and mask.channel_dims and layer.ndim > axes.spatial:
        return array_at(layer, axes, 0, view)
    if mask.dims != gt.dims:
        raise ValueError(
            f"the mask, layer {layer.name!r}, has {mask.dims} spatial axes, but the ground truth has {gt.dims}"
        )
    return mask
