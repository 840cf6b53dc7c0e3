"""What the viewer shows of an inspection: which channel, and in which units."""

from __future__ import annotations

from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.owned import role_of
from predictor_inspector.plugin.layers.results import TARGET


def target_layer(viewer: Any) -> Any | None:
    """The layer with the target, if there is one."""
    return next((layer for layer in viewer.layers if role_of(layer) == TARGET), None)


def channel_shown(viewer: Any, inspection: Inspection) -> int:
    """The channel that the viewer's slider is at; the first where there is no slider."""
    layer = target_layer(viewer)
    if layer is None:
        return 0
    channel = round(float(viewer.dims.point[viewer.dims.ndim - layer.ndim]))
    return min(max(channel, 0), len(inspection.channel_names) - 1)


def units_shown(viewer: Any, grid: Array) -> list[str]:
    """The units of the spatial axes, as the viewer has them."""
    layer = target_layer(viewer)
    return [grid.unit] * grid.dims if layer is None else [str(u) for u in layer.units[-grid.dims :]]
