"""Positions and offsets in the sentences of an explanation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor_inspector.core.text import amount, length


def named(axes: Sequence[str], values: Sequence[float]) -> str:
    """Each axis with its number: ``"z 3, y 17, x 42"``."""
    return ", ".join(f"{a} {amount(v, 6)}" for a, v in zip(axes, values, strict=True))


def offset_in_words(offset: Sequence[int], axes: Sequence[str], sizes: np.ndarray, unit: str) -> str:
    """How far and where to: ``"3 voxels back along y, 12 nm away"``."""
    steps = [f"{abs(o)} {'on' if o > 0 else 'back'} along {a}" for o, a in zip(offset, axes, strict=True) if o]
    if not steps:
        return "the voxel itself"
    count, rest = steps[0].split(" ", 1)
    steps[0] = f"{count} {'voxel' if count == '1' else 'voxels'} {rest}"
    return f"{' and '.join(steps)}, {length(float(np.linalg.norm(np.array(offset) * sizes)), unit)} away"
