"""Probe, histograms and sums against the arrays they are about."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    Predictor,
)
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.numbers import histograms
from predictor_inspector.inspection.numbers.histograms import histogram, limits, object_sums
from predictor_inspector.inspection.numbers.probe import probe


def inspected(predictor: Predictor, mask: bool = False) -> Inspection:
    labels = np.random.default_rng(2).integers(0, 4, (6, 12, 14)).repeat(2, 2).astype(np.uint16)
    gt = Array(labels, (8, 4, 4), (16, 0, -4))
    known = np.ones((6, 12, 28), np.uint8)
    known[:, :3] = 0
    roi = gt.roi_of((slice(1, 5), slice(2, 11), slice(3, 25)))
    return inspect(predictor, gt, roi, Array(known, (8, 4, 4), (16, 0, -4)) if mask else None, "cpu")


def test_a_probe_reads_what_the_arrays_hold() -> None:
    inspection = inspected(AffinitiesPredictor([[1, 0, 0]], num_voxels=1), mask=True)
    found = probe(inspection, (16 + 3.5 * 8, 2.2 * 4, -4 + 9.9 * 4))
    assert found is not None
    assert found.index == (2, 0, 6)
    assert found.ids == (int(inspection.gt.data[tuple(np.add(found.index, inspected_corner(inspection)))]),)
    assert found.place == "voxel 3, 2, 9 (z 44, y 10, x 34 nm)"
    assert not found.annotated
    assert found.names == inspection.channel_names
    assert found.values == tuple(inspection.target.data[(..., *found.index)].tolist())
    assert found.weights == tuple(inspection.weight.data[(..., *found.index)].tolist())
    known = probe(inspection, (16 + 3.5 * 8, 3.2 * 4, -4 + 9.9 * 4))
    assert known is not None
    assert known.annotated
    assert probe(inspection, (0, 0, 0)) is None


def inspected_corner(inspection: Inspection) -> tuple[int, ...]:
    return tuple((inspection.roi.begin - inspection.gt.offset) // inspection.gt.voxel_size)


def test_a_probe_of_binary_channels_has_an_id_for_each() -> None:
    labels = np.zeros((2, 4, 4), np.uint8)
    labels[1] = 1
    found = probe(inspect(DistancePredictor(["a", "b"], 1.0, False), Array(labels, (1, 1)), device="cpu"), (1.5, 1.5))
    assert found is not None
    assert found.ids == (0, 1)
    assert found.annotated


def test_a_histogram_counts_every_voxel_and_all_weight() -> None:
    inspection = inspected(DistancePredictor(["a"], 10.0, False), mask=True)
    found = histogram(inspection, 0, 25)
    target, weight = inspection.target.numpy()[0], inspection.weight.numpy()[0]
    expected, _ = np.histogram(target.astype(np.float64), found.edges)
    assert found.counts.sum() == target.size
    # numpy rounds at edges in its own way.
    assert abs(found.counts - expected).sum() <= 2
    assert found.weights.sum() == pytest.approx(weight.sum(dtype=np.float64))
    assert (found.edges[0], found.edges[-1]) == (-1, 1)
    with pytest.raises(ValueError, match=r"channel must lie in 0 … 0, got 1"):
        histogram(inspection, 1)
    with pytest.raises(ValueError, match="bins must be at least 1, got 0"):
        histogram(inspection, 0, 0)


def test_slabs_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    inspection = inspected(AffinitiesPredictor([[0, 1, 0]], num_voxels=1), mask=True)
    whole = histogram(inspection, 3), object_sums(inspection)
    monkeypatch.setattr(histograms, "_VALUES", 1)
    np.testing.assert_array_equal(histogram(inspection, 3).counts, whole[0].counts)
    np.testing.assert_allclose(histogram(inspection, 3).weights, whole[0].weights)
    np.testing.assert_array_equal(object_sums(inspection).voxels, whole[1].voxels)
    np.testing.assert_allclose(object_sums(inspection).targets, whole[1].targets)


def test_what_is_no_number_is_in_no_bin() -> None:
    inspection = inspected(DistancePredictor(["a"], 10.0, False))
    inspection.target.data[0, 0, 0, :3] = float("nan")
    found = histogram(inspection, 0)
    assert found.counts.sum() == inspection.target.data[0].numel() - 3


def test_the_limits_say_what_values_mean() -> None:
    def marked(predictor: Predictor, channel: int) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for limit in limits(inspected(predictor), channel):
            found.setdefault(limit.label, []).append(round(limit.value, 2))
        return found

    signed = {"tanh limit": [-1, 1], "scale": [-0.76, 0.76], "boundary": [0]}
    assert marked(DistancePredictor(["a"], 10.0, False), 0) == signed
    assert marked(HotDistancePredictor(["a"], 10.0, False), 1) == signed
    assert marked(HotDistancePredictor(["a"], 10.0, False), 0) == {"not in the class": [0], "in the class": [1]}
    assert marked(InnerDistancePredictor(["a"], 10.0), 0) == {"boundary": [0], "scale": [0.76], "tanh limit": [1]}
    affinities = AffinitiesPredictor([[1, 0, 0]], num_voxels=1)
    assert marked(affinities, 0) == {"another object": [0], "same object": [1]}
    assert marked(affinities, 1) == {"clip": [0, 1], "centred": [0.5]}
    assert marked(affinities, 7) == {"clip": [0, 1], "upright": [0.5]}
    assert marked(affinities, 10) == {"clip": [0, 1]}
    assert marked(DummyPredictor(1), 0) == {}
    constant = histogram(inspected(DummyPredictor(1)), 0, 4)
    assert constant.counts.sum() == 4 * 9 * 22


def test_sums_per_object_are_sums_over_its_voxels() -> None:
    inspection = inspected(AffinitiesPredictor([[0, 0, 1]], num_voxels=1), mask=True)
    found = object_sums(inspection)
    ids = np.asarray(inspection.gt[inspection.roi].data)
    assert found.ids.tolist() == np.unique(ids).tolist()
    assert found.targets.shape == found.weights.shape == (len(found.ids), 11)
    for row, own in enumerate(found.ids):
        assert found.voxels[row] == (ids == own).sum()
        for sums, array in ((found.targets, inspection.target), (found.weights, inspection.weight)):
            expected = array.numpy()[:, ids == own].sum(1, dtype=np.float64)
            np.testing.assert_allclose(sums[row], expected, rtol=1e-9)
    binary = inspect(
        DistancePredictor(["a", "b"], 1.0, False), Array(np.ones((2, 4, 4), np.uint8), (1, 1)), device="cpu"
    )
    with pytest.raises(ValueError, match="one id per voxel"):
        object_sums(binary)
