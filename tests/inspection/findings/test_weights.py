"""Checks of the weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from predictor_inspector.core import BoundaryPredictor, DummyPredictor, HotDistancePredictor, OneHotPredictor
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import Subject
from predictor_inspector.inspection.findings.weights import REASONS, zero_weight_reasons

from .volumes import affinities, array, cells, distance, found, tissue, voxels


def test_what_is_not_annotated_is_found_where_it_is() -> None:
    mask = np.ones((40, 40, 40), np.uint8)
    mask[10:20, 5:9, 30:] = 0
    gt = array(cells())
    (finding,) = found(distance(), gt, "zero-weight", mask=array(mask))
    assert (finding.severity, finding.numbers["reason"]) == ("info", "not annotated")
    np.testing.assert_array_equal(voxels(finding, gt), mask == 0)


def test_pairs_that_leave_the_data_are_told_from_what_is_not_annotated() -> None:
    mask = np.ones((40, 40, 40), np.uint8)
    mask[:, :3] = 0
    gt = array(cells())
    masked, pair = found(affinities(), gt, "zero-weight", mask=array(mask))
    np.testing.assert_array_equal(voxels(masked, gt), mask == 0)
    expected = np.zeros(mask.shape, bool)
    expected[-1], expected[:, -1], expected[:, :, -1] = True, True, True
    np.testing.assert_array_equal(voxels(pair, gt), expected & (mask == 1))
    assert pair.channels == ("aff z+1", "aff y+1", "aff x+1")


def test_nothing_is_said_where_everything_has_weight() -> None:
    gt = array(cells())
    assert found(distance(), gt, "zero-weight") == []


def test_a_region_without_any_weight_is_an_error() -> None:
    gt = array(cells())
    (finding,) = found(distance(), gt, "zero-weight", mask=array(np.zeros((40, 40, 40), np.uint8)))
    assert finding.severity == "error"
    assert finding.where.roi == gt.roi


def test_a_distance_mask_that_takes_nearly_everything_is_a_warning() -> None:
    gt = array(np.where(cells() == 1, 1, 0))
    (finding,) = found(distance(scale_factor=400, mask_distances=True), gt, "zero-weight")
    assert (finding.severity, finding.numbers["reason"]) == ("warning", "distance unknown")
    (finding,) = found(distance(scale_factor=20, mask_distances=True), gt, "zero-weight")
    assert finding.severity == "info"


def test_reasons_are_a_layer_of_numbers_with_names() -> None:
    labels = np.clip(cells(), 0, 3)
    mask = np.ones(labels.shape, np.uint8)
    mask[0] = 0
    gt, known = array(labels), array(mask)
    reasons = zero_weight_reasons(Subject(inspect(OneHotPredictor(["bg", "a", "b"]), gt, None, known, "cpu")))
    assert reasons.roi == gt.roi
    expected = np.where(mask == 0, "not annotated", np.where(labels == 3, "no class", "has weight"))
    np.testing.assert_array_equal(np.array(REASONS)[reasons.numpy()], np.broadcast_to(expected, reasons.shape))


def test_a_boundary_that_unknown_voxels_decide_has_no_weight_because_of_its_surroundings() -> None:
    mask = np.ones((40, 40, 40), np.uint8)
    mask[:20] = 0
    findings = found(BoundaryPredictor(), array(cells()), "zero-weight", mask=array(mask))
    assert {f.numbers["reason"] for f in findings} == {"not annotated", "surroundings unknown"}
    assert found(BoundaryPredictor(mask_boundaries=False), array(cells()), "zero-weight") == []


def test_a_channel_without_objects_is_absent_and_constant() -> None:
    volumes = np.stack([cells() > 0, np.zeros((40, 40, 40), bool)]).astype(np.uint8)
    gt = array(volumes, ("c^", "z", "y", "x"))
    predictor = distance(channels=["cells", "nothing"])
    (absent,) = found(predictor, gt, "class-absent")
    assert (absent.severity, absent.channels, absent.where.roi) == ("warning", ("nothing",), gt.roi)
    (constant,) = found(predictor, gt, "channel-constant")
    assert (constant.severity, constant.channels, constant.numbers["value"]) == ("warning", ("nothing",), -1)


def test_a_mask_of_several_channels_holds_for_all_that_is_made_of_the_same_class() -> None:
    volumes = np.stack([cells() > 0, tissue() % 2]).astype(np.uint8)
    known = np.ones_like(volumes)
    known[1, :10] = 0
    axes = ("c^", "z", "y", "x")
    gt, mask = array(volumes, axes), array(known, axes)
    predictor = HotDistancePredictor(["cells", "odd"], 50, False)
    (finding,) = found(predictor, gt, "zero-weight", mask=mask)
    assert (finding.numbers["reason"], finding.channels) == ("not annotated", ("hot odd", "distance odd"))
    np.testing.assert_array_equal(voxels(finding, gt), known[1] == 0)


def test_a_class_that_lies_only_where_nothing_is_annotated_is_absent() -> None:
    gt, mask = array(cells()), np.ones((40, 40, 40), np.uint8)
    predictor = HotDistancePredictor(["cells"], 50, False)
    assert found(predictor, gt, "class-absent", mask=array(mask)) == []
    mask[cells() > 0] = 0
    findings = found(predictor, gt, "class-absent", mask=array(mask))
    assert {name for f in findings for name in f.channels} == {"hot cells", "distance cells"}
    assert {f.severity for f in findings} == {"warning"}
    assert [f.channels for f in found(predictor, gt, "channel-constant", mask=array(mask))] == [("hot cells",)]


def test_dense_tissue_needs_no_background_for_distances() -> None:
    gt = array(tissue())
    (finding,) = found(distance(), gt, "class-absent")
    assert finding.severity == "info"
    assert found(distance(), gt, "channel-constant") == []


def test_dummies_are_meant_to_be_constant() -> None:
    gt = array(cells())
    assert found(DummyPredictor(3), gt, "channel-constant") == []
    assert found(DummyPredictor(3), gt, "class-absent") == []


def test_a_rare_object_whose_weight_is_clipped_is_a_warning_where_it_is() -> None:
    labels = np.zeros((60, 60, 60), np.uint8)
    labels[20:24, 30:35, 40:46] = 1
    gt = array(labels)
    (finding,) = found(distance(), gt, "weight-clipped")
    assert finding.severity == "warning"
    np.testing.assert_array_equal(voxels(finding, gt), labels > 0)
    assert finding.numbers["fractions"] == [pytest.approx(120 / 60**3, rel=1e-4)]
    # Its weight is 1 / (2 · 0.05), that of background 1 / (2 · 0.95).
    share = 120 * 10 / (120 * 10 + (60**3 - 120) / 1.9)
    assert finding.numbers["shares"] == [pytest.approx(share, rel=1e-4)]
    assert found(distance(clipmin=1e-4, clipmax=1), gt, "weight-clipped") == []


def test_classes_between_the_clips_are_fine() -> None:
    assert found(affinities(lsds=True, num_voxels=2), array(cells()), "weight-clipped") == []


def test_moving_counts_of_other_regions_drift() -> None:
    gt = array(cells())
    seen = ClassCounts(torch.tensor([[10**9, 10**7]]))
    (finding,) = found(distance(), gt, "count-drift", counts=seen)
    assert (finding.severity, finding.channels) == ("warning", ("cells",))
    # A fraction of 0.01 instead of its own is clipped to 0.05.
    own = (cells() > 0).mean()
    assert finding.numbers["factor"] == pytest.approx(own / 0.05, rel=1e-2)


def test_counts_of_regions_like_this_one_are_fine() -> None:
    gt = array(cells())
    before = inspect(distance(), gt, device="cpu").counts
    assert found(distance(), gt, "count-drift", counts=before) == []
    assert found(distance(), gt, "count-drift") == []
