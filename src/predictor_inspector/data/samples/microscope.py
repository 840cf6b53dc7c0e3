"""How an electron microscope sees tissue: dark membranes, grey cytoplasm, darker mitochondria, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from predictor_inspector.data.samples.noise import blurred, smooth_field

if TYPE_CHECKING:
    from predictor_inspector.data.samples.neurites import Tissue

_CYTOPLASM, _MEMBRANE, _OUTSIDE, _MATRIX, _LUMEN = 168.0, 62.0, 205.0, 112.0, 190.0
_MEMBRANE_SIGMA = 6.5  # nm
_CRISTAE = 34.0  # nm from one to the next
_GRAIN = 15.0


def micrograph(rng: np.random.Generator, tissue: Tissue) -> np.ndarray:
    """Intensities of a `Tissue`, ``uint8``."""
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
