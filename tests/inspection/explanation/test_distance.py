"""The nearest face, and the nearest unknown voxel, that an explanation finds are the nearest there are."""

from __future__ import annotations

from math import tanh
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array, DistancePredictor, HotDistancePredictor, InnerDistancePredictor
from predictor_inspector.data import open_array
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.explanation import Line, explain
from predictor_inspector.inspection.explanation.distance import faces, nearest, nearest_unknown
from tests.core import oracles
from tests.core.strategies import SEEDS, blocks, shapes

SIZES = st.sampled_from([1.0, 0.37, 4.0, 40.0])


@given(st.data())
def test_the_nearest_face_is_found_in_growing_windows(data: Any) -> None:
    shape = data.draw(shapes(longest=8))
    labels = blocks(data.draw(SEEDS), shape, data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6)))
    sizes = np.array([data.draw(SIZES) for _ in shape])
    start, limit = data.draw(st.sampled_from([0.0, 1.0, 500.0])), data.draw(st.sampled_from([1.5, 20.0, 1e6]))
    expected = oracles.boundary_distance(labels, sizes)
    for p in np.ndindex(shape):
        found = nearest(lambda window: faces(labels[window]), shape, p, sizes, limit, start)
        if expected[p] > limit:
            assert found is None
        else:
            assert found is not None
            assert found.distance == pytest.approx(expected[p], rel=1e-12)
            inner, outer = (tuple(side(found.at).astype(int)) for side in (np.floor, np.ceil))
            assert labels[inner] != labels[outer]
            assert np.abs(np.subtract(inner, outer)).sum() == 1
            assert np.linalg.norm((found.at - p) * sizes) == pytest.approx(found.distance)


@given(st.data())
def test_the_nearest_unknown_voxel_is_found(data: Any) -> None:
    shape = data.draw(shapes(longest=8))
    known = np.random.default_rng(data.draw(SEEDS)).random(shape) < data.draw(st.sampled_from([0.5, 0.97, 1.0]))
    sizes = np.array([data.draw(SIZES) for _ in shape])
    expected = oracles.distance_to_unknown(known, sizes)
    for p in np.ndindex(shape):
        found = nearest_unknown(known.__getitem__, shape, p, sizes, 1e6)
        assert found is not None
        assert found.distance == pytest.approx(expected[p])
        assert np.linalg.norm((found.at - p) * sizes) == pytest.approx(expected[p])


def test_the_line_the_length_and_the_curve_say_the_same() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:, 10:] = 7
    gt = Array(labels, (524, 400), subdivision=100)
    found = explain(inspect(DistancePredictor(["a"], 20.0, False), gt, device="cpu"), 0, (10, 12))
    assert found.why_value.sentence == "+0.4621: inside object 7, 10 nm from the boundary with background."
    assert "straight along x" in " ".join(found.why_value.steps)
    (line,) = [m for m in found.marks if isinstance(m, Line)]
    assert line.begin == pytest.approx((10.5 * 5.24, 50.0))
    assert line.end == pytest.approx((10.5 * 5.24, 40.0))
    assert found.why_value.curve is not None
    assert found.why_value.curve.marker == pytest.approx((10.0, tanh(0.5)))
    x, y = np.array(found.why_value.curve.x), np.array(found.why_value.curve.y)
    np.testing.assert_allclose(y, np.tanh(x / 20))
    assert x.min() < 10 < x.max()


def test_without_a_boundary_the_target_is_saturated() -> None:
    gt = Array(np.zeros((9, 9), np.uint8), (1, 1))
    found = explain(inspect(DistancePredictor(["a"], 2.0, False), gt, device="cpu"), 0, (4, 4))
    assert found.why_value.sentence == "−1: on background (id 0), with no boundary within 20 nm."
    assert found.why_value.derived == -1


def test_inner_and_hot_distances_have_their_own_reasons() -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[3:6, 3:6] = 4
    gt = Array(labels, (1, 1))
    inner = inspect(InnerDistancePredictor(["a"], 2.0), gt, device="cpu")
    assert "background, where inner distances are 0" in explain(inner, 0, (0, 0)).why_value.sentence
    assert "inside object 4" in explain(inner, 0, (4, 4)).why_value.sentence
    hot = inspect(HotDistancePredictor(["a"], 2.0, False), gt, device="cpu")
    assert explain(hot, 0, (4, 4)).why_value.sentence == "1, because the voxel has id 4, which is above 0: inside 'a'."
    assert (
        explain(hot, 0, (0, 0)).why_value.sentence
        == "0, because the voxel has id 0, which is not above 0: outside 'a'."
    )
    assert explain(hot, 1, (4, 4)).why_value.curve is not None


def test_a_distance_that_cannot_be_trusted_points_to_what_is_unknown() -> None:
    labels = np.zeros((9, 30), np.uint8)
    labels[:, 15:] = 1
    known = np.ones_like(labels)
    known[4, 3] = 0
    inspection = inspect(
        DistancePredictor(["a"], 4.0, True), Array(labels, (1, 1)), mask=Array(known, (1, 1)), device="cpu"
    )
    found = explain(inspection, 0, (4, 5))
    assert found.weight == found.why_weight.derived == 0
    assert "The nearest voxel that is not annotated is 2 nm away" in " ".join(found.why_weight.steps)
    (line,) = [m for m in found.marks if isinstance(m, Line) and m.meaning == "unknown"]
    assert line.end == (4.5, 3.5)
    edge = explain(inspection, 0, (4, 29))
    assert "edge of the ground truth" in " ".join(edge.why_weight.steps)


@pytest.mark.parametrize("kind", [DistancePredictor, HotDistancePredictor])
def test_real_distances_are_retraced(real_data: Path, kind: Any) -> None:
    gt = open_array(real_data / "medulla.ome.zarr", "labels/neurons")
    roi = gt.roi_of((slice(40, 41), slice(6, 106), slice(6, 106)))
    inspection = inspect(kind(["neurons"], 50.0, True), gt, roi, device="cpu")
    rng = np.random.default_rng(0)
    for _ in range(30):
        voxel = (0, *rng.integers(100, size=2))
        for channel in range(len(inspection.channel_names)):
            found = explain(inspection, channel, voxel)
            assert found.why_value.derived == pytest.approx(found.value, abs=1e-5)
            assert found.why_weight.derived == pytest.approx(found.weight, rel=1e-5)
