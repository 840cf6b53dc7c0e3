"""The arithmetic that an explanation shows comes to the numbers that target and weight hold, for every predictor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, OneHotPredictor, Predictor
from predictor_inspector.inspection import Inspection, Source, inspect
from predictor_inspector.inspection.explanation import explain, explain_at, voxel_at
from predictor_inspector.inspection.numbers.histograms import histogram, object_sums
from predictor_inspector.inspection.numbers.probe import probe
from tests.core.strategies import SEEDS, blocks, distance_predictors, label_arrays, masks, parts, predictors

WITHIN = 1e-4


def assert_every_number_is_retraced(inspection: Inspection, seed: int, voxels: int = 6) -> None:
    """In every channel, at some voxels."""
    rng = np.random.default_rng(seed)
    for channel in range(len(inspection.channel_names)):
        for _ in range(voxels):
            voxel = [int(rng.integers(n)) for n in inspection.target.spatial_shape]
            found = explain(inspection, channel, voxel)
            where = (found.title, *found.why_value.steps, *found.why_weight.steps)
            assert found.value == inspection.target.data[(channel, *voxel)]
            assert found.weight == inspection.weight.data[(channel, *voxel)]
            assert found.why_value.derived == pytest.approx(found.value, abs=WITHIN), where
            assert found.why_weight.derived == pytest.approx(found.weight, rel=1e-5, abs=1e-6), where
            assert voxel_at(inspection, found.position) == tuple(voxel)


@given(st.data())
def test_every_predictor_is_retraced_to_its_target_and_weight(data: Any) -> None:
    gt = data.draw(label_arrays())
    predictor = data.draw(predictors(gt.dims))
    balance_over = data.draw(st.sampled_from(["roi", "context"]))
    # Context is padded with zeros only where that isn't millions of voxels.
    reach = max(predictor.padding(gt.voxel_size, gt.subdivision) // gt.voxel_size)
    outside = data.draw(st.sampled_from(["clip", "zero"] if reach < 100 else ["clip"]))
    mask = data.draw(masks(gt, len(getattr(predictor, "channels", predictor.channel_names))))
    inspection = inspect(predictor, gt, data.draw(parts(gt)), mask, "cpu", outside=outside, balance_over=balance_over)
    assert_every_number_is_retraced(inspection, data.draw(SEEDS))


@given(st.data())
def test_counts_that_move_are_retraced(data: Any) -> None:
    gt = data.draw(label_arrays(longest=6))
    predictor = data.draw(predictors(gt.dims))
    first = inspect(predictor, gt, data.draw(parts(gt)), device="cpu")
    then = inspect(predictor, gt, data.draw(parts(gt)), device="cpu", counts=first.counts)
    assert_every_number_is_retraced(then, data.draw(SEEDS), 3)


@given(st.data())
def test_one_hot_classes_in_channels_of_their_own_are_retraced(data: Any) -> None:
    gt = data.draw(label_arrays(channels=2))
    inspection = inspect(OneHotPredictor(["a", "b"]), gt, mask=data.draw(masks(gt, 2)), device="cpu")
    assert np.array_equal(inspection.target.numpy(), gt.numpy() > 0)
    assert_every_number_is_retraced(inspection, data.draw(SEEDS))


@given(st.data())
def test_binary_channels_are_retraced_each_with_its_own_labels_and_mask(data: Any) -> None:
    gt = data.draw(label_arrays(channels=2))
    predictor = data.draw(distance_predictors(2))
    inspection = inspect(predictor, gt, data.draw(parts(gt)), data.draw(masks(gt, 2)), "cpu")
    assert_every_number_is_retraced(inspection, data.draw(SEEDS))


@pytest.mark.parametrize("downsample", [1, 2, 3])
def test_descriptors_of_an_anisotropic_volume_are_retraced(downsample: int) -> None:
    gt = Array(blocks(3, (9, 30, 34), 5, 6).astype(np.uint16), (40, 4, 5), (120, 7, -13))
    predictor = AffinitiesPredictor([[1, 0, 0]], num_voxels=1, downsample_lsds=downsample)
    roi = gt.roi_of((slice(2, 7), slice(3, 25), slice(5, 30)))
    assert_every_number_is_retraced(inspect(predictor, gt, roi, device="cpu"), 0)


class Lazy:
    """Values that can only be read part by part."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)
        self.shape, self.dtype, self.most = self._values.shape, self._values.dtype, 0

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self._values[key]
        self.most = max(self.most, part.size)
        return part


def test_of_arrays_in_files_no_more_is_read_than_what_matters() -> None:
    gt = Array(blocks(3, (40, 60, 60), 5, 6).astype(np.uint16), (4, 4, 4))
    mask = Array(np.ones((40, 60, 60), np.uint8), (4, 4, 4))
    for predictor in (
        AffinitiesPredictor([[1, 0, 0]], num_voxels=2, grow_boundary_iterations=1),
        DistancePredictor(["a"], 8.0, True),
    ):
        inspection = inspect(predictor, gt, mask=mask, device="cpu")
        labels, known = Lazy(gt.data), Lazy(mask.data)
        lazy = replace(
            inspection,
            source=Source(gt.like(labels), mask.like(known)),
            target=inspection.target.like(Lazy(inspection.target.data), inspection.target.axis_names),
            weight=inspection.weight.like(Lazy(inspection.weight.data), inspection.weight.axis_names),
        )
        for channel in range(len(inspection.channel_names)):
            found, expected = explain(lazy, channel, (20, 30, 31)), explain(inspection, channel, (20, 30, 31))
            assert found.as_text() == expected.as_text()
            assert len(found.marks) == len(expected.marks)
        assert 0 < labels.most < gt.data.size / 10
        assert 0 < known.most < gt.data.size / 10
        assert probe(lazy, (82, 122, 126)) == probe(inspection, (82, 122, 126))
        np.testing.assert_array_equal(histogram(lazy, 0).counts, histogram(inspection, 0).counts)
        np.testing.assert_array_equal(object_sums(lazy).targets, object_sums(inspection).targets)


def test_the_counts_and_the_clip_are_said() -> None:
    labels = np.zeros((10, 20), np.uint8)
    labels[0, :3] = 1
    inspection = inspect(DistancePredictor(["a"], 2.0, False), Array(labels, (1, 1)), device="cpu")
    steps = " ".join(explain(inspection, 0, (0, 0)).why_weight.steps)
    assert "Of the 200 voxels that count in this region, 3 are inside objects." in steps
    assert "3 / (200 + 1) = 0.01493 (counting starts at 1), clipped to 0.05 by the limits [0.05, 0.95]" in steps
    assert "1 / (2 classes · 0.05) = 10" in steps


def test_a_voxel_that_is_not_annotated_says_so() -> None:
    labels, known = np.ones((6, 6), np.uint8), np.ones((6, 6), np.uint8)
    labels[:3], known[0] = 0, 0
    mask = Array(known, (1, 1))
    for predictor in (
        AffinitiesPredictor([[0, 1]], num_voxels=2),
        DistancePredictor(["a"], 2.0, False),
        OneHotPredictor(["a", "b"]),
    ):
        found = explain(inspect(predictor, Array(labels, (1, 1)), mask=mask, device="cpu"), 0, (0, 3))
        assert found.weight == found.why_weight.derived == 0
        assert "not annotated" in " ".join(found.why_weight.steps)


def test_a_channel_or_a_voxel_that_there_is_not_is_refused() -> None:
    inspection = inspect(OneHotPredictor(["a", "b"]), Array(np.zeros((3, 4), np.uint8), (1, 1)), device="cpu")
    with pytest.raises(ValueError, match=r"channel must lie in 0 … 1, got 2"):
        explain(inspection, 2, (0, 0))
    with pytest.raises(ValueError, match=r"channel must be among 'a', 'b'; got 'c'"):
        explain(inspection, "c", (0, 0))
    assert explain(inspection, "b", (0, 0)).title == explain(inspection, 1, (0, 0)).title
    with pytest.raises(ValueError, match=r"voxel must lie within the ROI's 3 × 4 voxels, got \(3, 0\)"):
        explain(inspection, 0, (3, 0))
    with pytest.raises(ValueError, match=r"position needs 2 numbers"):
        explain_at(inspection, 0, (0.0, 0.0, 0.0))


def test_a_point_of_the_world_finds_its_voxel_and_none_outside() -> None:
    gt = Array(np.zeros((4, 5), np.uint8), (524, 100), (52, -30), subdivision=100)
    inspection = inspect(OneHotPredictor(["a"]), gt, gt.roi_of((slice(1, 3), slice(1, 4))), device="cpu")
    # The ROI begins at (5.76, 0.7).
    assert voxel_at(inspection, (5.77, 0.71)) == (0, 0)
    assert voxel_at(inspection, (5.75, 0.71)) is None
    assert voxel_at(inspection, (16.23, 3.69)) == (1, 2)
    assert voxel_at(inspection, (16.25, 3.69)) is None
    assert explain_at(inspection, 0, (5.75, 0.71)) is None
    found = explain_at(inspection, 0, (5.77, 0.71))
    assert found is not None
    assert found.index == (0, 0)
    assert found.position == pytest.approx((8.38, 1.2))


@dataclass(frozen=True)
class Halves(Predictor):
    """Somebody else's predictor, of which nothing is known."""

    def create_model(self, architecture: Any) -> Any:
        """Not needed."""

    def create_target(self, gt: Array) -> Array:
        return gt.like((gt.data[None] > 0) * 0.5, ("c^", "y", "x"))

    def create_weight(self, gt: Array, target: Array, mask: Any = None, moving_class_counts: Any = None) -> Any:
        return target.like(target.data * 0 + 1, target.axis_names), "whatever"

    @property
    def output_array_type(self) -> Any:
        return type("Halves", (), {"channel_names": ("half",)})()

    def gt_region_for_roi(self, target_spec: Any) -> Any:
        spec = target_spec.copy()
        spec.roi = spec.roi.grow((0, 2), (0, 2))
        return spec


def test_a_predictor_of_which_nothing_is_known_is_explained_from_outside() -> None:
    labels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    gt = Array(labels, (1, 1))
    inspection = inspect(Halves(), gt, gt.roi_of((slice(0, 4), slice(2, 3))), device="cpu")
    found = explain(inspection, 0, (1, 0))
    assert found.why_value.sentence == "Halves gives 0.5 here."
    assert "The id here is 7." in found.why_value.steps
    assert any("2 nm along x" in step for step in found.why_value.steps)
    assert any("positive class" in step for step in found.why_weight.steps)
    assert found.why_value.derived is None
    assert found.why_weight.derived is None
    assert len(found.marks) == 2


def test_an_explanation_is_plain_text_too() -> None:
    inspection = inspect(OneHotPredictor(["a", "b"]), Array(np.ones((3, 4), np.uint8), (1, 1)), device="cpu")
    text = explain(inspection, 1, (0, 0)).as_text()
    assert text.splitlines()[:2] == ["b at voxel 0, 0 (y 0.5, x 0.5 nm)", "1, because id 1 is 'b'."]
    assert "Weight 1" in text
