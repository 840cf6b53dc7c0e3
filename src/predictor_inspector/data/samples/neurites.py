"""A synthetic block of neuropil: dense neurites, their organelles, and how an electron microscope might see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.samples.bundle import Bundle, make_bundle, section
from predictor_inspector.data.samples.microscope import micrograph
from predictor_inspector.data.samples.noise import smooth_field
from predictor_inspector.data.samples.sample import Sample

VOXEL_SIZE = (20, 8, 8)
"""Nanometres, [z, y, x]: serial sections are coarser along z than within."""

ORGANELLES = ("mitochondria", "vesicles")

_VESICLE_RADIUS = 20.0
_VESICLES_PER_BOUTON = 40
_GAP = 7.0  # half the width of the widest gaps between neurites, in nm


@dataclass
class Tissue:
    """What is where, [Z, Y, X]; lengths in nm."""

    ids: np.ndarray
    membrane: np.ndarray  # distance to the nearest membrane, 0 on it
    gap: np.ndarray  # half the width of the space between neurites there
    mitochondrion: np.ndarray  # depth inside a mitochondrion, negative outside
    vesicle: np.ndarray  # depth inside a vesicle, negative outside


def neurites(shape: tuple[int, int, int] = (64, 256, 256), seed: int = 0) -> Sample:
    """A block of neurites: curved tubes of varying calibre, densely packed, in two bundles that cross.

    Parameters
    ----------
    shape : tuple of int
        In voxels of 20 x 8 x 8 nm, [Z, Y, X]; at least 8 of each.
    seed : int
        The same seed gives the same tissue, down to every voxel.

    Returns
    -------
    Sample
        `labels` are dense, with a little background between neurites and one vessel of it. `organelles` has the
        channels mitochondria and vesicles. `annotated` ends inside the volume; beyond it, labels and organelles are 0.

    Raises
    ------
    ValueError
        If `shape` is too small.
    """
    if len(shape) != 3 or min(shape) < 8:
        raise ValueError(f"shape must be three numbers of at least 8 voxels, got {shape}")
    rng = np.random.default_rng(seed)
    tissue = _grow(rng, shape)
    _fill_boutons(rng, tissue)
    raw = micrograph(rng, tissue)
    annotated = _annotated(rng, shape)
    labels = np.where(annotated, tissue.ids, 0).astype(np.uint16)
    organelles = np.stack([tissue.mitochondrion > 0, tissue.vesicle > 0]) & (labels > 0)

    def array(values: np.ndarray) -> Array:
        return Array(values, VOXEL_SIZE)

    return Sample(
        array(raw), array(labels), array(organelles.astype(np.uint8)), ORGANELLES, array(annotated.astype(np.uint8))
    )


def _grow(rng: np.random.Generator, shape: tuple[int, int, int]) -> Tissue:
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


def _warp(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
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


def _annotated(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """All but a corner column and the outermost sections, as if somebody had stopped there."""
    depth, height, width = shape
    edge = 0.84 * width + 0.03 * width * smooth_field(rng, (depth, height, 1), (2, 3, 1))
    inside = np.arange(width) < edge
    known: np.ndarray = inside & (np.arange(depth)[:, None, None] < round(0.92 * depth))
    return known
