"""Colours of ids, targets and weights in pictures."""

from __future__ import annotations

import numpy as np

BACKGROUND = (0.10, 0.10, 0.12)
SIGNED, BINARY, POSITIVE, WEIGHT = "RdBu_r", "gray", "viridis", "magma"
ROI, CONTEXT, PADDING, BEYOND = "#ffffff", "#ffd23f", "#3fd0ff", "#ff3f5e"


def label_colours(labels: np.ndarray) -> np.ndarray:
    """A colour for every id, the same wherever the id is met: [..., 3] in 0 … 1; background, 0, is nearly black."""
    ids = labels.astype(np.uint64)
    hashed = _mixed(ids)
    parts = [((hashed >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.float64) / 0xFFFF for shift in (0, 16, 32)]
    hue, saturation, value = parts[0], 0.35 + 0.4 * parts[1], 0.62 + 0.36 * parts[2]
    colours = _rgb(hue, saturation, value)
    colours[ids == 0] = BACKGROUND
    return colours


def channel_colours(labels: np.ndarray) -> np.ndarray:
    """Colours of ground truth with a channel axis in front: each channel has its own, and they mix."""
    inside = labels > 0
    palette = _rgb(*(np.broadcast_to(v, len(inside)) for v in ((np.arange(len(inside)) * 0.618 + 0.52) % 1, 0.6, 0.95)))
    mixed = np.einsum("c...,cd->...d", inside.astype(float), palette)
    several = inside.sum(0)
    colours: np.ndarray = mixed / np.maximum(several, 1)[..., None]
    colours[several == 0] = BACKGROUND
    return colours


def outlines(labels: np.ndarray) -> np.ndarray:
    """Which voxels of [rows, columns] have another id to their right or below."""
    edge = np.zeros(labels.shape, dtype=bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return edge


def _mixed(ids: np.ndarray) -> np.ndarray:
    """Ids whose bits are scattered, so that neighbouring ones get unlike colours; multiplication wraps around."""
    with np.errstate(over="ignore"):
        mixed = ids * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.asarray(mixed)


def _rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    sextants = (np.array([5.0, 3.0, 1.0]) + 6 * hue[..., None]) % 6
    fall = np.clip(np.minimum(sextants, 4 - sextants), 0, 1)
    return np.asarray(value[..., None] * (1 - saturation[..., None] * fall))
