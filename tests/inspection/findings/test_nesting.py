"""Classes that lie within others, but for some voxels."""

from __future__ import annotations

import numpy as np

from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import Finding, find

from .volumes import affinities, array, cells, distance


def classes(outside: tuple[slice, ...] | None) -> np.ndarray:
    """A nucleus in one of several cells, and what of it lies outside."""
    cell = cells() > 0
    nucleus = ((np.indices(cell.shape) - 9) ** 2).sum(0) <= 6.5**2
    if outside is not None:
        nucleus[outside] = True
    return np.stack([nucleus, cell]).astype(np.uint8)


def told(values: np.ndarray, mask: np.ndarray | None = None) -> list[Finding]:
    gt = array(values, ["c^", "z", "y", "x"])
    known = None if mask is None else array(mask, ["c^", "z", "y", "x"])
    inspection = inspect(distance(channels=["nucleus", "cell"]), gt, None, known, "cpu")
    return list(find(inspection, only=["nested-classes"]))


def test_a_class_that_lies_wholly_within_another_is_fine() -> None:
    assert told(classes(None)) == []


def test_voxels_far_outside_are_a_warning() -> None:
    values = classes((slice(17, 20), slice(18, 19), slice(18, 19)))
    (finding,) = told(values)
    assert (finding.severity, finding.numbers["voxels"], finding.numbers["far"]) == ("info", 3, 3)
    assert finding.numbers["classes"] == ["nucleus", "cell"]
    assert finding.where.voxels == 3
    assert finding.message.startswith("nucleus lies to 99.7 % within cell, but 3 voxels outside")
    values = np.repeat(np.repeat(np.repeat(values, 2, 1), 2, 2), 2, 3)
    values[0, 35:38, 36:39, 36:39] = 1
    assert [f.severity for f in told(values)] == ["warning"]


def test_one_pair_among_many_classes_is_found_with_what_is_annotated_of_each() -> None:
    nucleus, cell = classes((slice(17, 20), slice(18, 19), slice(18, 19)))
    rng, known = np.random.default_rng(0), np.ones((12, *cell.shape), np.uint8)
    values = (rng.random(known.shape) < 0.3).astype(np.uint8)
    values[7], values[11] = cell, nucleus
    known[7, 17] = 0  # a voxel that lies outside there doesn't count
    names = [f"c{n}" for n in range(12)]
    gt, mask = array(values, ["c^", "z", "y", "x"]), array(known, ["c^", "z", "y", "x"])
    inspection = inspect(distance(channels=names), gt, None, mask, "cpu")
    (finding,) = find(inspection, only=["nested-classes"])
    assert (finding.numbers["classes"], finding.numbers["voxels"]) == (["c11", "c7"], 2)
    assert finding.where.voxels == 2
    assert finding.numbers["of"] == int((nucleus * known[7]).sum())


def test_classes_that_lie_apart_or_overlap_by_much_are_silent() -> None:
    assert told(classes((slice(17, 20), slice(16, 20), slice(16, 20)))) == []
    values = classes(None)
    values[1] = 1  # a class that is everywhere
    values[1, 9, 9, 9] = 0
    assert told(values) == []


def test_what_is_not_annotated_contradicts_nothing() -> None:
    values = classes((slice(17, 20), slice(18, 19), slice(18, 19)))
    known = np.ones_like(values)
    known[1, 17:20] = 0
    assert told(values, known) == []


def test_ids_of_objects_are_silent() -> None:
    assert list(find(inspect(affinities(), array(cells()), device="cpu"), only=["nested-classes"])) == []
