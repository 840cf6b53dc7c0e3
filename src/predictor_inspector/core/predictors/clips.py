"""The limits within which class fractions are kept when weights are balanced: parameters of several predictors."""

from __future__ import annotations

from typing import Any

CLIPMIN: dict[str, Any] = {
    "doc": "A class counts as at least this share of the voxels, so that no weight exceeds 1 / (2 · clipmin).",
    "minimum": 0.0,
    "maximum": 1.0,
    "exclusive": True,
    "advanced": True,
    "affects": "weight",
}
CLIPMAX: dict[str, Any] = {
    "doc": "A class counts as at most this share of the voxels, so that no weight falls below 1 / (2 · clipmax).",
    "minimum": 0.0,
    "maximum": 1.0,
    "advanced": True,
    "affects": "weight",
}


def check_clips(owner: str, prefix: str, clipmin: float, clipmax: float) -> None:
    """Raise a ``ValueError`` naming both limits if they are the wrong way round."""
    if clipmin > clipmax:
        raise ValueError(f"{owner}: {prefix}min must not exceed {prefix}max, got {clipmin} > {clipmax}")
