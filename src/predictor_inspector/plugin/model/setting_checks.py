"""Checks of settings: which values each can be set to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from predictor_inspector.inspection.engine.devices import available_devices
from predictor_inspector.plugin.model.axes import readings_of
from predictor_inspector.plugin.model.layer_choice import LAYERS
from predictor_inspector.plugin.model.tile_plan import memory_of

if TYPE_CHECKING:
    from predictor_inspector.plugin.model.settings import Settings

REGION_MODES = ("view", "box", "layer")
SHOWN = ("off", "target", "weight", "rgb")
DRAWN_AS = ("boundaries", "loss")


def _check_layer(name: str, settings: Settings, layer: Any) -> Any:
    choices = getattr(settings.layers, name)
    if layer is not None and layer not in choices:
        names = ", ".join(repr(choice.name) for choice in choices) or "none yet"
        what = "an image" if name == "raw_layer" else "a labels layer or an image of whole numbers"
        raise ValueError(f"{name} must be {what} in this viewer ({names}), got {layer!r}")
    return layer


def _check_choice(name: str, choices: Callable[[], Iterable[str]], _settings: Settings, value: Any) -> Any:
    if value not in choices():
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices()))}, got {value!r}")
    return value


def _check_axes(settings: Settings, axes: Any) -> Any:
    readings = [] if settings.gt_layer is None else readings_of(settings.gt_layer)
    if axes is not None and axes not in readings:
        raise ValueError(f"axes must be one of {readings}, got {axes}")
    return axes


def _check_level(settings: Settings, level: Any) -> int:
    layer = settings.gt_layer
    levels = len(layer.data) if layer is not None and layer.multiscale else 1
    if level not in range(levels):
        raise ValueError(f"level must lie in 0 … {levels - 1}, got {level!r}")
    return int(level)


def _check_thickness(_settings: Settings, thickness: Any) -> int:
    if thickness != int(thickness) or thickness < 1:
        raise ValueError(f"thickness must be a whole number of at least 1, got {thickness!r}")
    return int(thickness)


def _check_opacity(_settings: Settings, opacity: Any) -> float:
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must lie in 0 … 1, got {opacity!r}")
    return float(opacity)


def _check_memory(_settings: Settings, memory: Any) -> str:
    memory_of(memory)
    return str(memory)


_CHOICES: dict[str, Callable[[], Iterable[str]]] = {
    "region_mode": lambda: REGION_MODES,
    "shown": lambda: SHOWN,
    "drawn_as": lambda: DRAWN_AS,
    "device": lambda: ("auto", *available_devices()),
    "outside": lambda: ("clip", "zero"),
    "balance_over": lambda: ("roi", "context"),
}
CHECKS: dict[str, Callable[[Settings, Any], Any]] = {
    **{name: partial(_check_layer, name) for name in LAYERS},
    **{name: partial(_check_choice, name, choices) for name, choices in _CHOICES.items()},
    "axes": _check_axes,
    "level": _check_level,
    "thickness": _check_thickness,
    "opacity": _check_opacity,
    "memory": _check_memory,
}
"""By setting: from the settings and a value to the value that is set; ``ValueError`` if it can't be."""
