"""The check for objects that touch without ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from .volumes import array, cells, distance, found, tissue, voxels


def balls(centres: Sequence[tuple[int, int, int]], radius: int = 8) -> np.ndarray:
    """Their union, with a channel axis."""
    grid = np.indices((40, 40, 50))
    apart = [((grid - np.reshape(c, (3, 1, 1, 1))) ** 2).sum(0) <= radius**2 for c in centres]
    return np.logical_or.reduce(apart).astype(np.uint8)[None]


@pytest.mark.parametrize("gap", [14, 15, 17])
def test_balls_that_touch_are_joined_by_a_neck_found_where_they_meet(gap: int) -> None:
    gt = array(balls([(20, 20, 15), (20, 20, 15 + gap)]))
    (finding,) = found(distance(), gt, "touching-objects")
    assert (finding.severity, finding.numbers["necks"]) == ("info", 1)
    where = np.argwhere(voxels(finding, gt))
    assert abs(where[:, 2].mean() - (15 + gap / 2)) <= 1.5
    assert (np.ptp(where, axis=0) <= (8, 8, 5)).all()


def test_each_neck_of_a_row_is_found_on_its_own() -> None:
    gt = array(balls([(20, 20, 9), (20, 20, 25), (20, 20, 41)]))
    findings = found(distance(), gt, "touching-objects")
    assert sorted(np.argwhere(voxels(f, gt))[:, 2].mean() for f in findings) == pytest.approx([17, 33], abs=1)


def test_single_objects_of_any_shape_have_no_necks() -> None:
    assert found(distance(), array((cells() > 0).astype(np.uint8)[None]), "touching-objects") == []
    rod = np.zeros((40, 40, 40), np.uint8)
    for z in range(3, 37):
        rod[z, 12 + z // 4 : 22 + z // 4, 12:22] = 1
    assert found(distance(), array(rod[None]), "touching-objects") == []
    cell = (tissue() == 5).astype(np.uint8)
    assert found(distance(), array(cell[None]), "touching-objects") == []
