"""A synthetic fluorescence picture of nuclei."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor_inspector.data.geometry import pixel_array
from predictor_inspector.data.samples.noise import blurred, smooth_field
from predictor_inspector.data.samples.sample import Sample

_RADIUS = 15.0  # pixels, on average
_CROWDING = 0.62  # area of all nuclei together, as a share of the picture
_WAVES = 5  # harmonics of a nucleus's outline


def cells_2d(shape: Sequence[int] = (512, 512), seed: int = 0) -> Sample:
    """Roundish nuclei, many of them touching, on a dark background: `raw` and `labels`, all annotated, in pixels.

    `shape` is [Y, X], at least 32 of each, else a ``ValueError``. The same `seed` gives the same picture.
    """
    if len(shape) != 2 or min(shape) < 32:
        raise ValueError(f"shape must be two numbers of at least 32 pixels, got {shape}")
    rng = np.random.default_rng(seed)
    centres, radii = _places(rng, shape)
    labels = np.zeros(shape, np.uint16)
    depth = np.full(shape, np.inf, np.float32)
    for number, (centre, radius) in enumerate(zip(centres, radii, strict=True), 1):
        box, outline = _outline(rng, shape, centre, radius)
        mine = (outline < 1) & (outline < depth[box])
        labels[box][mine], depth[box][mine] = number, outline[mine]
    # Ids without gaps: a nucleus that others cover completely has none.
    labels = np.unique(labels, return_inverse=True)[1].reshape(shape).astype(np.uint16)
    return Sample(pixel_array(_picture(rng, labels, depth), 2), pixel_array(labels, 2))


def _places(rng: np.random.Generator, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Centres and radii: dense in some parts of the picture, loose in others, pushed apart until hardly any overlap."""
    count = max(2, round(_CROWDING * shape[0] * shape[1] / (np.pi * _RADIUS**2)))
    radii = _RADIUS * np.exp(0.16 * rng.standard_normal(count))
    density = smooth_field(rng, shape, (3, 3))
    trials = rng.uniform(0, shape, (count * 6, 2))
    wanted = density[tuple(trials.astype(int).T)] + 0.6 * rng.standard_normal(len(trials))
    centres = trials[np.argsort(-wanted)[: 2 * count]][rng.permutation(2 * count)[:count]]
    for _ in range(40):
        apart = centres[:, None] - centres
        distance = np.linalg.norm(apart, axis=-1) + np.eye(count) * 1e9 + 1e-6
        push = np.maximum(0, 0.93 * (radii[:, None] + radii) - distance) / distance * 0.3
        centres = np.clip(centres + (push[..., None] * apart).sum(1), 0, np.array(shape) - 1)
    return centres, radii


def _outline(
    rng: np.random.Generator, shape: Sequence[int], centre: np.ndarray, radius: float
) -> tuple[tuple[slice, slice], np.ndarray]:
    """A box around a nucleus, and distance from its centre in it, 1 on its slightly wavy, slightly long outline."""
    reach = 1.6 * radius
    top, left = np.maximum(centre - reach, 0).astype(int)
    bottom, right = np.minimum(centre + reach + 1, shape).astype(int)
    dy, dx = np.arange(top, bottom)[:, None] - centre[0], np.arange(left, right) - centre[1]
    turn, stretch = rng.uniform(0, np.pi), np.exp(0.11 * rng.standard_normal())
    u = (np.cos(turn) * dx + np.sin(turn) * dy) * stretch
    v = (np.cos(turn) * dy - np.sin(turn) * dx) / stretch
    angle = np.arctan2(v, u)
    wave = sum(
        rng.normal(0, 0.035) / (k - 1) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(2, 2 + _WAVES)
    )
    return (slice(top, bottom), slice(left, right)), np.hypot(u, v) / (radius * (1 + wave))


def _picture(rng: np.random.Generator, labels: np.ndarray, depth: np.ndarray) -> np.ndarray:
    brightness = np.concatenate([[0], rng.uniform(70, 165, int(labels.max()))])
    rim = np.clip((1 - np.where(labels > 0, depth, 1)) * 3.5, 0, 1) ** 0.6
    knots = [max(2, n // 7) for n in labels.shape]
    fine, coarse = (smooth_field(rng, labels.shape, [k // step + 1 for k in knots]) for step in (1, 3))
    chromatin = 1 + 0.16 * fine + 0.1 * coarse
    signal = brightness[labels] * rim * np.clip(chromatin, 0.3, 1.6)
    signal = blurred(signal, (0, 1), times=2)
    haze = 14 + 0.10 * blurred(signal, (0, 1), times=60) + 2.5 * smooth_field(rng, labels.shape, (2, 2))
    # Photons are counted, and the camera adds noise of its own.
    counted = rng.poisson(np.maximum(signal + haze, 0) * 1.6) / 1.6 + rng.normal(0, 2, labels.shape)
    return np.clip(np.rint(counted), 0, 255).astype(np.uint8)
