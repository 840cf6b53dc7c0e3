"""Colours of labels, targets, weights and regions in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from predictor_inspector.inspection.engine.run import Inspection

if TYPE_CHECKING:
    from matplotlib.colors import Normalize

BACKGROUND = (0.10, 0.10, 0.12)
SIGNED, BINARY, POSITIVE, WEIGHT, LOSS = "RdBu_r", "gray", "viridis", "magma", "inferno"
ROI, CONTEXT, PADDING, BEYOND = "#ffffff", "#ffd23f", "#3fd0ff", "#ff3f5e"


def target_colours(inspection: Inspection, channel: int) -> tuple[str, Normalize]:
    """A channel's colormap and scale: its whole range, or more where values lie beyond; signed ones are centred on 0."""
    from matplotlib.colors import Normalize

    described, statistics = inspection.channels[channel], inspection.statistics[channel]
    ends = [described.minimum, described.maximum, statistics.minimum, statistics.maximum]
    low, high = np.min(ends, where=np.isfinite(ends), initial=0.0), np.max(ends, where=np.isfinite(ends), initial=0.0)
    if low < 0:
        reach = max(-low, high)
        return SIGNED, Normalize(-reach, reach)
    return BINARY if described.is_binary else POSITIVE, Normalize(low, high or 1.0)


def weight_colours(highest: float) -> tuple[str, Normalize]:
    """Colormap and scale of weights from 0 to `highest`: that of the square root tells small weights from none."""
    from matplotlib.colors import PowerNorm

    return WEIGHT, PowerNorm(0.5, 0.0, highest)


def loss_colours(values: np.ndarray) -> tuple[str, Normalize]:
    """Colormap and scale of a loss's values, less their highest thousandth: that of the square root, as large ones are few."""
    from matplotlib.colors import PowerNorm

    return LOSS, PowerNorm(0.5, 0.0, float(np.percentile(values, 99.9)) or 1.0)


def label_colours(labels: np.ndarray) -> np.ndarray:
    """A colour for every id, always the same: [..., 3] in 0 … 1; background, 0, is nearly black."""
    ids = labels.astype(np.uint64)
    hashed = _hashed(ids)
    parts = [((hashed >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64) / 0xFFFF for shift in (0, 16, 32)]
    colours = _rgb(parts[0], 0.35 + 0.4 * parts[1], 0.62 + 0.36 * parts[2])
    colours[ids == 0] = BACKGROUND
    return colours


def channel_colours(labels: np.ndarray) -> np.ndarray:
    """Colours of ground truth with a channel axis in front: each channel has its own, and they mix."""
    inside = labels > 0
    hues = (np.arange(len(inside)) * 0.618 + 0.52) % 1
    mixed = np.einsum("c...,cd->...d", inside.astype(float), _rgb(hues, 0.6, 0.95))
    several = inside.sum(0)
    colours: np.ndarray = mixed / np.maximum(several, 1)[..., None]
    colours[several == 0] = BACKGROUND
    return colours


def _hashed(ids: np.ndarray) -> np.ndarray:
    """Ids with scattered bits, so that neighbouring ones get unlike colours (splitmix64); multiplication wraps around."""
    with np.errstate(over="ignore"):
        mixed = ids * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.asarray(mixed)


def _rgb(hue: Any, saturation: Any, value: Any) -> np.ndarray:
    """HSV in 0 … 1 as RGB, [..., 3]."""
    from matplotlib.colors import hsv_to_rgb

    return np.asarray(hsv_to_rgb(np.stack(np.broadcast_arrays(hue, saturation, value), axis=-1)))
