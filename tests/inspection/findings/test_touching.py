"""Checks of objects that touch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.inspection.findings.components import Contacts

from .volumes import affinities, array, cells, distance, found, tissue, voxels


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_contacts_are_the_faces_between_two_objects(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, rng.integers(1, 6, ndim)) * rng.choice([1, 2**40])
    expected: dict[tuple[int, int], set[tuple[int, ...]]] = {}
    for here in np.ndindex(labels.shape):
        for axis in range(ndim):
            there = tuple(i + (a == axis) for a, i in enumerate(here))
            if there[axis] < labels.shape[axis] and 0 != labels[here] != labels[there] != 0:
                pair = min(labels[here], labels[there]), max(labels[here], labels[there])
                expected.setdefault(pair, set()).update((here, there))
    contacts = Contacts.of(labels)
    assert [tuple(pair) for pair in contacts.pairs] == sorted(expected)
    for number, pair in enumerate(sorted(expected)):
        where = np.unravel_index(contacts.where([number]).ravel(), labels.shape)
        assert set(zip(*where, strict=True)) == expected[pair]


def test_objects_that_touch_are_found_at_the_contact() -> None:
    labels = np.zeros((30, 30, 30), np.uint16)
    labels[5:15, 5:15, 5:15], labels[5:15, 8:12, 15:25], labels[20:28, 20:28, 20:28] = 4, 700, 9
    gt = array(labels)
    (finding,) = found(distance(), gt, "touching-objects")
    expected = np.zeros(labels.shape, bool)
    expected[5:15, 8:12, 14:16] = True
    np.testing.assert_array_equal(voxels(finding, gt), expected)
    assert list(finding.numbers["ids"]) == [4, 700]
    huge = array(labels.astype(np.uint64) * 2**40)
    (finding,) = found(distance(), huge, "touching-objects")
    assert list(finding.numbers["ids"]) == [4 * 2**40, 700 * 2**40]


def test_the_contact_of_two_objects_leaves_out_that_with_a_third() -> None:
    labels = np.zeros((30, 30, 30), np.uint16)
    labels[5:15, 5:15, 5:10], labels[5:15, 5:15, 10:20], labels[5:15, 5:15, 20:25] = 1, 2, 3
    gt = array(labels)
    one, two = found(distance(), gt, "touching-objects")
    assert {(one.where.roi.begin[2], one.where.roi.end[2]), (two.where.roi.begin[2], two.where.roi.end[2])} == {
        (gt.offset[2] + 20 * 9, gt.offset[2] + 20 * 11),
        (gt.offset[2] + 20 * 19, gt.offset[2] + 20 * 21),
    }


def test_objects_apart_do_not_touch_and_affinities_do_not_mind() -> None:
    assert found(distance(), array(cells()), "touching-objects") == []
    assert found(affinities(), array(tissue()), "touching-objects") == []


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
