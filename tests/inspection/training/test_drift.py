"""Class counts over regions that are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import OneHotPredictor
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.run import Request
from predictor_inspector.inspection.training.drift import drifting

from ..findings.volumes import array, cells, distance, tissue


def test_a_region_of_other_classes_than_the_rest_drifts_and_is_where_the_finding_is() -> None:
    labels = np.zeros((20, 20, 200), np.uint8)
    labels[8:12, 8:12, ::5] = 1  # a hundredth of everything, but half of the last part
    labels[:, :10, 180:] = 1
    gt = array(labels)
    crowded = gt.roi_of([slice(0, 20), slice(0, 20), slice(180, 200)])
    (finding,) = drifting(Request(distance(), Source(gt), crowded, "cpu"), 6)
    assert (finding.id, finding.severity, finding.channels) == ("count-drift", "warning", ("cells",))
    assert finding.where.roi == crowded
    assert finding.numbers["factor"] > 3
    assert finding.numbers["of"] == 7


def test_regions_that_are_alike_do_not_drift_nor_does_what_is_not_balanced() -> None:
    assert drifting(Request(distance(), Source(array(cells((60, 60, 60)))), None, "cpu"), 5) == ()
    assert (
        drifting(Request(distance(), Source(array(tissue()), array(np.ones((40, 40, 40), np.uint8))), None, "cpu"), 5)
        == ()
    )
    assert drifting(Request(OneHotPredictor(["bg", "a"]), Source(array(np.clip(cells(), 0, 1))), None, "cpu"), 3) == ()


def test_at_least_one_region_is_drawn() -> None:
    with pytest.raises(ValueError, match="regions must be at least 1, got 0"):
        drifting(Request(distance(), Source(array(cells())), None, "cpu"), 0)
