"""The loss of one voxel explained: it is that of the map, whatever covers it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.loss import chosen_loss, explain_loss, loss_map

IDS = np.random.default_rng(0).integers(0, 4, (4, 5, 5)).repeat(3, 0).repeat(4, 1).repeat(4, 2).astype(np.uint16)
GT = Array(IDS, (8, 4, 4), (16, 0, 4))
MASK = GT.like((np.arange(IDS.size).reshape(IDS.shape) % 7 > 0).astype(np.uint8))


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize(
    "predictor", [AffinitiesPredictor([[1, 0, 0]], num_voxels=2), DistancePredictor(["cells"], 8, mask_distances=True)]
)
def test_the_loss_of_a_voxel_is_that_of_the_map(predictor: Any, logits: bool) -> None:
    inspection, loss = inspect(predictor, GT, mask=MASK, device="cpu"), chosen_loss("dacapo")
    prediction = inspection.target.like(np.random.default_rng(1).random(inspection.target.shape, np.float32))
    values = loss_map(inspection, prediction, loss, logits).values.numpy()
    for voxel in ((0, 0, 0), (5, 6, 7), (11, 19, 19)):
        reasons = explain_loss(inspection, prediction, loss, voxel, logits)
        assert reasons is not None
        assert [r.derived for r in reasons] == pytest.approx(values[(slice(None), *voxel)].tolist(), rel=1e-5)
        assert sum("% of the loss of this voxel" in reason.steps[-1] for reason in reasons) in (0, len(reasons))


def test_the_loss_of_a_voxel_is_told_step_by_step() -> None:
    inspection = inspect(AffinitiesPredictor([[0, 0, 1]], lsds=False), GT, device="cpu")
    prediction = inspection.target.like(np.full(inspection.target.shape, 0.25, np.float32))
    voxel = tuple(int(i) for i in np.argwhere(inspection.weight.numpy()[0] > 0)[0])
    target, weight = (float(a.numpy()[(0, *voxel)]) for a in (inspection.target, inspection.weight))
    (reason,) = explain_loss(inspection, prediction, chosen_loss("mse", ["weights=squared"]), voxel) or ()
    assert reason.steps[0].startswith(f"Predicted: 0.25, where {target:g} is right; error ")
    assert reason.steps[1] == (f"Effective weight: {weight**2:.4g}; the weight, {weight:.4g}, counts squared.")
    assert f"in the mean over {IDS.size:,} values" in reason.steps[2]
    # A prediction of a part makes the mean one of this part.
    part = GT.roi_of([slice(0, 12), slice(0, 20), slice(0, 10)])
    (reason,) = explain_loss(inspection, prediction[part], chosen_loss("mae", ["weights=ignored"]), (0, 0, 0)) or ()
    assert f"mean over {12 * 20 * 10:,} values" in reason.steps[2]
    assert explain_loss(inspection, prediction[part], chosen_loss("mae"), (0, 0, 15)) is None
