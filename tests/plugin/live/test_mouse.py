"""What is under the mouse, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import Array, OneHotPredictor
from predictor_inspector.inspection import inspect
from predictor_inspector.plugin.live.mouse import CanvasPoint, box_entry


def test_a_line_of_sight_enters_a_box_where_it_meets_it_first() -> None:
    begin, end, sizes = np.zeros(3), np.array([10.0, 20.0, 30.0]), np.ones(3)
    hit = box_entry((-5, 10, 15), (1, 0, 0), begin, end, sizes)
    assert hit == pytest.approx((0, 10, 15), abs=1e-5)
    assert hit is not None
    assert hit[0] > 0
    assert box_entry((50, 10, 15), (-1, 0, 0), begin, end, sizes) == pytest.approx((10, 10, 15), abs=1e-5)
    assert box_entry((-5, 10, 15), (1, 2, 0), begin, end, sizes) is None
    assert box_entry((-5, 25, 15), (1, 0, 0), begin, end, sizes) is None


def test_a_spot_knows_whether_it_is_in_the_region() -> None:
    inspection = inspect(OneHotPredictor(["a"]), Array(np.zeros((4, 4), np.uint8), (2, 2), (10, 10)), device="cpu")
    assert CanvasPoint((0.0, 11.0, 17.9)).in_region(inspection) == (11.0, 17.9)
    assert CanvasPoint((0.0, 11.0, 18.1)).in_region(inspection) is None
    assert CanvasPoint((11.0,)).in_region(inspection) is None
