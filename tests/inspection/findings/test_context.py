"""Checks of the context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array, DistancePredictor, predictor_class, predictor_from_config, predictor_kinds

from .volumes import affinities, array, cells, distance, found, tissue, voxels


@dataclass(frozen=True)
class Careless(DistancePredictor):
    """Asks for no context at all."""

    def gt_region_for_roi(self, target_spec: Any) -> Any:
        return target_spec.copy()


@dataclass(frozen=True)
class AsInDacapo(DistancePredictor):
    """Asks for one scale factor, of which tanh is only 0.76."""

    def gt_region_for_roi(self, target_spec: Any) -> Any:
        spec = target_spec.copy()
        reach = int(self.scale_factor) * getattr(target_spec, "subdivision", 1)
        spec.roi = spec.roi.grow([reach] * 3, [reach] * 3).snap_to_grid(target_spec.voxel_size)
        return spec


def large() -> Array:
    return array(cells((72, 72, 72), 11, 32))


@pytest.mark.parametrize("whole", [True, False])
def test_a_predictor_without_context_is_an_error_that_says_how_much_it_needs(whole: bool) -> None:
    gt = large()
    roi = None if whole else gt.roi.grow(gt.voxel_size * -24, gt.voxel_size * -24)
    (finding,) = found(Careless(["cells"], 30, False), gt, "context-insufficient", roi)
    assert (finding.severity, finding.channels) == ("error", ("cells",))
    assert finding.numbers["off_by"] > 0.1
    assert finding.numbers["declared"] == [0, 0, 0]
    # From 2.6 scale factors on a boundary makes no difference; nearer ones are where there is one.
    assert all(20 <= n <= 90 for n in finding.numbers["needed"])
    assert gt.roi.contains(finding.where.roi)


def test_targets_are_off_where_the_finding_says() -> None:
    gt = large()
    roi = gt.roi.grow(gt.voxel_size * -24, gt.voxel_size * -24)
    predictor = Careless(["cells"], 30, False)
    (finding,) = found(predictor, gt, "context-insufficient", roi)
    off = np.abs(predictor.create_target(gt)[roi].numpy() - predictor.create_target(gt[roi]).numpy())[0]
    expected = np.zeros((72, 72, 72), bool)
    expected[gt.to_slices(roi)] = off > 0.01 + 2e-6
    np.testing.assert_array_equal(voxels(finding, gt), expected)
    assert finding.numbers["off_by"] == pytest.approx(off.max())


def test_one_scale_factor_is_not_enough_either() -> None:
    gt = large()
    roi = gt.roi.grow(gt.voxel_size * -20, gt.voxel_size * -20)
    (finding,) = found(AsInDacapo(["cells"], 40, False), gt, "context-insufficient", roi)
    assert finding.severity == "error"
    assert 0.01 < finding.numbers["off_by"] < 0.25


def test_a_tolerance_chosen_large_is_a_warning() -> None:
    gt = large()
    roi = gt.roi.grow(gt.voxel_size * -20, gt.voxel_size * -20)
    (finding,) = found(distance(scale_factor=60, context_tolerance=0.7), gt, "context-insufficient", roi)
    assert finding.severity == "warning"
    assert 0.05 < finding.numbers["off_by"] <= 0.7


@pytest.mark.parametrize("kind", predictor_kinds())
def test_the_predictors_here_ask_for_enough(kind: str) -> None:
    gt = array(tissue((56, 56, 56), 40))
    quicker = {
        "affinities": {"lsds": True, "num_voxels": 3},
        "cellpose_flows": {"iterations": 5},
        "stardist": {"rays": 6},
    }
    start = predictor_class(kind).starting_values(gt) | quicker.get(kind, {})
    predictor = predictor_from_config({"kind": kind, **start})
    for roi in (None, gt.roi.grow(gt.voxel_size * -20, gt.voxel_size * -20)):
        assert found(predictor, gt, "context-insufficient", roi) == []


def test_context_beyond_the_data_is_found_along_that_edge() -> None:
    gt = array(tissue())
    roi = gt.roi_of([slice(15, 25), slice(15, 25), slice(0, 25)])
    (finding,) = found(affinities(lsds=True, num_voxels=2), gt, "context-outside-data", roi)
    expected = np.zeros((40, 40, 40), bool)
    expected[15:25, 15:25, :6] = True
    np.testing.assert_array_equal(voxels(finding, gt), expected)
    assert finding.severity == "info"


def test_a_region_that_is_mostly_edge_is_a_warning_if_one_further_inside_would_not_be() -> None:
    gt = array(tissue())
    predictor = affinities(lsds=True, num_voxels=4)
    (finding,) = found(predictor, gt, "context-outside-data", gt.roi_of([slice(0, 12), slice(14, 26), slice(14, 26)]))
    assert finding.severity == "warning"
    (finding,) = found(predictor, gt, "context-outside-data", gt.roi_of([slice(0, 12), slice(0, 40), slice(0, 40)]))
    assert finding.severity == "info"
    (finding,) = found(predictor, gt, "context-outside-data")
    assert finding.severity == "info"


def test_padded_zeros_are_a_warning_where_they_matter() -> None:
    gt = array(tissue())
    (finding,) = found(distance(), gt, "context-outside-data", outside="zero")
    assert finding.severity == "warning"
    (finding,) = found(affinities(), gt, "context-outside-data", outside="zero")
    assert finding.severity == "info"


def test_a_region_with_ground_truth_all_around_is_fine() -> None:
    gt = array(tissue())
    inner = gt.roi.grow(gt.voxel_size * -14, gt.voxel_size * -14)
    assert found(distance(scale_factor=50), gt, "context-outside-data", inner) == []
