"""Synthetic neuropil: dense neurites and their organelles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.samples.bundle import Bundle, make_bundle, section
from predictor_inspector.data.samples.noise import blurred, smooth_field
from predictor_inspector.data.samples.sample import Sample

VOXEL_SIZE = (20, 8, 8)
"""Nanometres, [z, y, x]: serial sections are coarser along z than within."""

_VESICLE_RADIUS = 20.0
_VESICLES_PER_BOUTON = 40
_GAP = 7.0  # half the width of the widest gaps between neurites, in nm

# Intensities, and lengths in nm.
_CYTOPLASM, _MEMBRANE, _OUTSIDE, _MATRIX, _LUMEN = 168.0, 62.0, 205.0, 112.0, 190.0
_MEMBRANE_SIGMA = 6.5
_CRISTAE = 34.0  # from one to the next
_GRAIN = 15.0


@dataclass
class Tissue:
    """What is where, [Z, Y, X]; lengths in nm."""

    ids: np.ndarray
    membrane: np.ndarray  # distance to the nearest membrane, 0 on it
    gap: np.ndarray  # half the width of the space between neurites there
    mitochondrion: np.ndarray  # depth inside a mitochondrion, negative outside
    vesicle: np.ndarray  # depth inside a vesicle, negative outside


def neurites(shape: Sequence[int] = (64, 256, 256), seed: int = 0) -> Sample:
    """A block of neurites: curved tubes of varying calibre, densely packed, in two bundles that cross.

    `labels` are dense, with a little background between neurites and one vessel of it. `organelles` has the channels
    mitochondria and vesicles. `annotated` ends inside the volume; beyond it, labels and organelles are 0.

    `shape` is [Z, Y, X] in voxels of 20 x 8 x 8 nm, at least 8 of each, else a ``ValueError``. The same `seed` gives the
    same tissue, down to every voxel.
    """
    if len(shape) != 3 or min(shape) < 8:
        raise ValueError(f"shape must be three numbers of at least 8 voxels, got {shape}")
    rng = np.random.default_rng(seed)
    tissue = _grow(rng, shape)
    _fill_boutons(rng, tissue)
    raw = _micrograph(rng, tissue)
    annotated = _annotated(rng, shape)
    labels = np.where(annotated, tissue.ids, 0).astype(np.uint16)
    organelles = np.stack([tissue.mitochondrion > 0, tissue.vesicle > 0]) & (labels > 0)
    values = (raw, labels, organelles.astype(np.uint8), annotated.astype(np.uint8))
    arrays = [Array(v, VOXEL_SIZE) for v in values]
    return Sample(arrays[0], arrays[1], arrays[2], arrays[3], organelle_names=("mitochondria", "vesicles"))


def _grow(rng: np.random.Generator, shape: Sequence[int]) -> Tissue:
    """Two bundles, one along z and one along x, on either side of a wavy face."""
    extent = [n * v for n, v in zip(shape, VOXEL_SIZE, strict=True)]
    warp = [_warp(rng, shape) for _ in range(3)]
    axes = np.ix_(*(np.arange(n, dtype=np.float32) * v for n, v in zip(shape, VOXEL_SIZE, strict=True)))
    z, y, x = (axis + shift for axis, shift in zip(axes, warp, strict=True))
    # Distance to the face between the bundles, in nm: the one along x lies towards large y.
    height = 0.66 * extent[1] + 0.10 * extent[1] * smooth_field(rng, (shape[0], 1, shape[2]), (1, 1, 2))
    face = y - height
    upright = make_bundle(rng, shape[0], VOXEL_SIZE[0], (extent[1], extent[2]), first_id=1, upright=True)
    after = 1 + len(upright.ids)
    lying = make_bundle(rng, shape[2], VOXEL_SIZE[2], (extent[0], extent[1]), first_id=after, upright=False)
    tissue = Tissue(*(np.zeros(shape, kind) for kind in (np.uint16, *[np.float32] * 4)))
    for k in range(shape[0]):
        _put(tissue, (k,), upright, k, y[k], x[k], face[k] < 0)
    for i in range(shape[2]):
        _put(tissue, (slice(None), slice(None), i), lying, i, z[:, :, i], y[:, :, i], face[:, :, i] >= 0)
    tissue.membrane = np.minimum(tissue.membrane, np.abs(face))
    tissue.gap = np.clip(_GAP * (0.2 + 0.7 * smooth_field(rng, shape, (5, 9, 9))), 0, _GAP)
    tissue.ids[(tissue.membrane < tissue.gap) & (tissue.ids > 0)] = 0
    return tissue


def _warp(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Shifts in nm that bend everything a little, so that membranes are no planes."""
    coarse, fine = (2, 5, 5), (max(2, shape[0] // 8), max(2, shape[1] // 16), max(2, shape[2] // 16))
    shifts: np.ndarray = 16 * smooth_field(rng, shape, coarse) + 15 * smooth_field(rng, shape, fine)
    return shifts


def _put(
    tissue: Tissue, where: tuple[Any, ...], bundle: Bundle, at: int, a: np.ndarray, b: np.ndarray, mine: np.ndarray
) -> None:
    # Nothing is computed for the rows on the other bundle's side of the face, about half of each cross-section.
    needed = np.flatnonzero(mine.any(-1 if bundle.upright else 0))
    if not len(needed):
        return
    rows = slice(needed[0], needed[-1] + 1)
    part = (rows,) if bundle.upright else (slice(None), rows)
    where = (*where, rows) if bundle.upright else (where[0], rows, where[2])
    mine = mine[part]
    ids, membrane, mitochondrion = section(bundle, at, a[part], b[part])
    tissue.ids[where] = np.where(mine, ids, tissue.ids[where])
    tissue.membrane[where] = np.where(mine, membrane, tissue.membrane[where])
    # Organelles stay off membranes.
    tissue.mitochondrion[where] = np.where(mine, np.minimum(mitochondrion, membrane - 16), tissue.mitochondrion[where])


def _fill_boutons(rng: np.random.Generator, tissue: Tissue) -> None:
    """Clouds of vesicles in the roomy parts of a few neurites."""
    tissue.vesicle -= 1000
    room = (tissue.membrane > 55) & (tissue.mitochondrion < -30) & (tissue.ids > 0)
    places = np.argwhere(room[2:-2:2, 6:-6:4, 6:-6:4]) * (2, 4, 4) + (2, 6, 6)
    if not len(places):
        return
    volume = room.size * np.prod(VOXEL_SIZE)
    for centre in places[rng.integers(len(places), size=max(1, round(volume / 2.5e8)))]:
        for offset in rng.normal(0, 85, (_VESICLES_PER_BOUTON, 3)):
            _put_vesicle(tissue, centre * VOXEL_SIZE + offset, int(tissue.ids[tuple(centre)]))


def _put_vesicle(tissue: Tissue, centre: np.ndarray, owner: int) -> None:
    reach = _VESICLE_RADIUS + 16
    low = [max(0, int((c - reach) / v)) for c, v in zip(centre, VOXEL_SIZE, strict=True)]
    high = [min(n, int((c + reach) / v) + 2) for c, v, n in zip(centre, VOXEL_SIZE, tissue.ids.shape, strict=True)]
    if any(a >= b for a, b in zip(low, high, strict=True)):
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    axes = [np.arange(a, b) * v - c for a, b, v, c in zip(low, high, VOXEL_SIZE, centre, strict=True)]
    distance = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][:, None] ** 2 + axes[2] ** 2)
    core = distance < _VESICLE_RADIUS
    free = (tissue.ids[box] == owner) & (tissue.membrane[box] > 10) & (tissue.mitochondrion[box] < -8)
    if core.any() and free[core].all() and not (tissue.vesicle[box][core] > 0).any():
        tissue.vesicle[box] = np.maximum(tissue.vesicle[box], _VESICLE_RADIUS - distance)


def _annotated(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """All but a corner column and the outermost sections, as if somebody had stopped there."""
    depth, height, width = shape
    edge = 0.84 * width + 0.03 * width * smooth_field(rng, (depth, height, 1), (2, 3, 1))
    inside = np.arange(width) < edge
    known: np.ndarray = inside & (np.arange(depth)[:, None, None] < round(0.92 * depth))
    return known


def _micrograph(rng: np.random.Generator, tissue: Tissue) -> np.ndarray:
    """Tissue under an electron microscope, ``uint8``: dark membranes, grey cytoplasm, darker mitochondria, noise."""
    shape = tissue.ids.shape
    tone = np.concatenate([[0], rng.normal(0, 7, int(tissue.ids.max()))]).astype(np.float32)
    image = _CYTOPLASM + tone[tissue.ids] + 5 * smooth_field(rng, shape, (6, 40, 40))
    image = np.where(tissue.ids == 0, np.float32(_OUTSIDE), image)
    image = _with_mitochondria(rng, image, tissue)
    _darken(image, tissue.membrane - tissue.gap, _MEMBRANE, 0.95)
    near = tissue.vesicle > -14
    image[near] = _with_vesicles(image[near], tissue.vesicle[near])
    image = blurred(image, (1, 2))
    grain = blurred(rng.standard_normal(shape, np.float32), (1, 2)) * (2.0 * _GRAIN)
    section = rng.normal(0, 2.5, (shape[0], 1, 1)).astype(np.float32)
    image += grain + section
    seen: np.ndarray = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return seen


def _with_mitochondria(rng: np.random.Generator, image: np.ndarray, tissue: Tissue) -> np.ndarray:
    inside = tissue.mitochondrion > 0
    phase = 9 * smooth_field(rng, tissue.ids.shape, (2, 6, 6))
    rows, columns = np.arange(tissue.ids.shape[1])[:, None] * 8.0, np.arange(tissue.ids.shape[2]) * 8.0
    folds = np.cos(2 * np.pi / _CRISTAE * (0.55 * rows + 0.8 * columns) + phase)
    image = np.where(inside, _MATRIX + 14 * folds.astype(np.float32), image)
    _darken(image, np.abs(tissue.mitochondrion), _MEMBRANE + 8, 0.85)
    return image


def _with_vesicles(image: np.ndarray, depth: np.ndarray) -> np.ndarray:
    image = np.where(depth > 4, np.float32(_LUMEN), image)
    _darken(image, np.abs(depth - 3), _MEMBRANE + 20, 0.9)
    return image


def _darken(image: np.ndarray, distance: np.ndarray, to: float, strength: float) -> None:
    """Pull `image` towards `to` where `distance` to a membrane, in nm, is small."""
    amount = strength * np.exp(-0.5 * (distance / _MEMBRANE_SIGMA) ** 2)
    image += (to - image) * amount.astype(np.float32)
