"""Maps of the loss: their sum is the loss of the training, and what is worst is found."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from predictor_inspector.cli import main
from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    DistancePredictor,
    HotDistancePredictor,
    OneHotPredictor,
)
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.loss import LOSSES, chosen_loss, loss_map

IDS = np.random.default_rng(0).integers(0, 4, (4, 5, 5)).repeat(3, 0).repeat(4, 1).repeat(4, 2).astype(np.uint16)
GT = Array(IDS, (8, 4, 4), (16, 0, 4))
MASK = GT.like((np.arange(IDS.size).reshape(IDS.shape) % 7 > 0).astype(np.uint8))
bce = torch.nn.functional.binary_cross_entropy_with_logits


def mse(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return ((a - b) ** 2).mean()


def inspected(predictor: Any) -> Inspection:
    return inspect(predictor, GT, mask=MASK, device="cpu")


def logits_for(inspection: Inspection) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(inspection.target.shape) * 2


def split(inspection: Inspection, *kinds: str) -> list[int]:
    return [i for i, channel in enumerate(inspection.channels) if channel.kind in kinds]


def test_dacapo_ignores_weights_of_affinities_alone() -> None:
    inspection = inspected(AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], lsds=False))
    logits, target = logits_for(inspection), inspection.target.data
    found = loss_map(inspection, inspection.target.like(logits), chosen_loss("dacapo"), logits=True)
    assert found.total == pytest.approx(float(bce(logits, target)), rel=1e-6)
    assert (found.effective_weight.numpy() == 1).all()
    torch.testing.assert_close(torch.from_numpy(found.prediction.numpy()), torch.sigmoid(logits))


def test_dacapo_weights_affinities_beside_descriptors() -> None:
    inspection = inspected(AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], lsds=True, num_voxels=2))
    logits, target, weight = logits_for(inspection), inspection.target.data, inspection.weight.data
    affs, lsds = split(inspection, "affinity"), split(inspection, "descriptor")
    wanted = (bce(logits[affs], target[affs], reduction="none") * weight[affs]).mean()
    wanted += 0.5 * ((torch.sigmoid(logits[lsds]) - target[lsds]) ** 2 * weight[lsds]).mean()
    loss = chosen_loss("dacapo", ["lsds_to_affs_weight_ratio=0.5"])
    found = loss_map(inspection, inspection.target.like(logits), loss, logits=True)
    assert found.total == pytest.approx(float(wanted), rel=1e-6)
    np.testing.assert_allclose(found.effective_weight.numpy()[lsds], 0.5 * weight[lsds].numpy())


def test_dacapo_squares_the_weights_of_distances() -> None:
    inspection = inspected(DistancePredictor(["cells"], 8, mask_distances=True))
    prediction, target, weight = torch.tanh(logits_for(inspection)), inspection.target.data, inspection.weight.data
    found = loss_map(inspection, inspection.target.like(prediction), chosen_loss("dacapo"))
    assert found.total == pytest.approx(float(mse(prediction * weight, target * weight)), rel=1e-6)
    np.testing.assert_allclose(found.effective_weight.numpy(), weight.numpy() ** 2)


def test_dacapo_takes_both_halves_of_hot_distances_together() -> None:
    inspection = inspected(HotDistancePredictor(["cells"], 8, mask_distances=True))
    logits, target, weight = logits_for(inspection), inspection.target.data, inspection.weight.data
    hot, far = split(inspection, "one-hot"), split(inspection, "distance", "signed distance")
    wanted = (bce(logits[hot], target[hot], reduction="none") * weight[hot]).mean()
    wanted += mse(logits[far] * weight[far], target[far] * weight[far])
    found = loss_map(inspection, inspection.target.like(logits), chosen_loss("dacapo"), logits=True)
    assert found.total == pytest.approx(float(wanted), rel=1e-6)


def test_dacapo_ignores_weights_of_classes() -> None:
    inspection = inspected(OneHotPredictor(["a", "b", "c"]))
    prediction = torch.sigmoid(logits_for(inspection))
    found = loss_map(inspection, inspection.target.like(prediction), chosen_loss("dacapo"))
    assert found.total == pytest.approx(float((prediction - inspection.target.data).abs().mean()), rel=1e-6)


@pytest.mark.parametrize(("weights", "power"), [("ignored", 0), ("once", 1), ("squared", 2)])
@pytest.mark.parametrize("kind", ["bce", "mse", "mae"])
def test_plain_losses_are_torchs(kind: str, weights: str, power: int) -> None:
    inspection = inspected(AffinitiesPredictor([[1, 0, 0], [0, -2, 0]], lsds=False))
    logits, target, weight = logits_for(inspection), inspection.target.data, inspection.weight.data
    errors = {
        "bce": bce(logits, target, reduction="none"),
        "mse": (torch.sigmoid(logits) - target) ** 2,
        "mae": (torch.sigmoid(logits) - target).abs(),
    }[kind]
    loss = chosen_loss(kind, [f"weights={weights}"])
    found = loss_map(inspection, inspection.target.like(logits), loss, logits=True)
    assert found.total == pytest.approx(float((errors * weight**power).mean()), rel=1e-6)
    for sums in (found.by_channel.values(), found.by_object.values(), map(sum, found.by_class.values())):
        assert sum(sums) == pytest.approx(found.total, rel=1e-5)
    probabilities = loss_map(inspection, inspection.target.like(torch.sigmoid(logits)), loss)
    assert probabilities.total == pytest.approx(found.total, rel=1e-4)


def test_the_map_of_the_example_of_a_training_adds_up_to_its_loss(capsys: pytest.CaptureFixture[str]) -> None:
    made = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "examples" / "train.py"))
    assert made["where"].total == pytest.approx(made["loss"].item(), rel=1e-5)
    assert float(made["where"].values.numpy().sum(dtype=np.float64)) == pytest.approx(made["loss"].item(), rel=1e-5)
    assert capsys.readouterr().out.startswith(f"loss {made['loss'].item():.3f}, 13 channels")


def test_what_is_worst_is_found() -> None:
    inspection = inspected(AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], lsds=False))
    prediction = inspection.target.numpy().copy()
    weight = inspection.weight.numpy()
    place = tuple(int(i) for i in np.argwhere(weight[1] > 0)[100])
    prediction[(1, *place)] = 1 - prediction[(1, *place)]
    found = loss_map(inspection, inspection.target.like(prediction), chosen_loss("mse"))
    (worst,) = found.worst()
    assert worst.voxel == place
    assert worst.channel == "aff x+1"
    assert worst.position == (16 + 8 * (place[0] + 0.5), 4 * (place[1] + 0.5), 4 + 4 * (place[2] + 0.5))
    assert (worst.prediction, worst.target) == (1 - worst.target, inspection.target.numpy()[(1, *place)])
    assert found.share_of_worst(0.01) == pytest.approx(1)
    assert next(iter(found.by_object)) == IDS[place]
    assert found.describe().endswith(f"--roi {','.join(f'{i}:{i + 1}' for i in place)}")
    perfect = loss_map(inspection, inspection.target, chosen_loss("mse"))
    assert (perfect.total, perfect.worst(), perfect.share_of_worst(0.01)) == (0, (), 0)


def test_predictions_that_come_true_as_often_as_they_say_are_calibrated() -> None:
    inspection = inspected(AffinitiesPredictor([[0, 0, 1]], lsds=False))
    share = float(inspection.target.numpy()[0][inspection.weight.numpy()[0] > 0].mean())
    prediction = inspection.target.like(np.full(inspection.target.shape, share, np.float32))
    ((predicted, true, count),) = loss_map(inspection, prediction, chosen_loss("bce")).calibration()["aff x+1"]
    assert predicted == pytest.approx(true, abs=1e-5)
    assert count == np.count_nonzero(inspection.weight.numpy())


def test_whole_numbers_span_the_range_of_their_channel() -> None:
    inspection = inspected(DistancePredictor(["cells"], 8, mask_distances=False))
    stored = np.rint((inspection.target.numpy() + 1) / 2 * 255).astype(np.uint8)
    found = loss_map(inspection, inspection.target.like(stored), chosen_loss("mae"))
    assert 0 < found.total < 0.004 * inspection.weight.numpy().max()


def test_predictions_that_do_not_fit_are_refused() -> None:
    inspection = inspected(AffinitiesPredictor([[0, 0, 1]], lsds=False))
    target, loss = inspection.target, chosen_loss("mse")
    with pytest.raises(ValueError, match="must have 1 channels like the target"):
        loss_map(inspection, target.like(np.zeros((2, *IDS.shape), np.float32)), loss)
    with pytest.raises(ValueError, match=r"must have the voxels of the target, .* got \(8\.0, 4\.0, 2\.0\) nm"):
        loss_map(inspection, Array(target.data, (8, 4, 2), GT.offset, target.axis_names), loss)
    with pytest.raises(ValueError, match="a part of a voxel beside"):
        loss_map(inspection, Array(target.data, (8, 4, 4), (16, 0, 5), target.axis_names), loss)
    with pytest.raises(ValueError, match="reaches beyond the data"):
        loss_map(inspection, Array(target.data, (8, 4, 4), (16, 0, 8), target.axis_names), loss)
    with pytest.raises(ValueError, match="the prediction holds 1 NaN value"):
        loss_map(inspection, target.like(np.where(np.arange(IDS.size).reshape(1, *IDS.shape) == 7, np.nan, 0)), loss)
    with pytest.raises(ValueError, match="unsigned integer type, got int16"):
        loss_map(inspection, target.like(np.zeros(target.shape, np.int16)), loss)
    with pytest.raises(ValueError, match="bce: weights: input should be 'ignored', 'once' or 'squared', got 'twice'"):
        chosen_loss("bce", ["weights=twice"])
    assert set(LOSSES.load_all()[0]) == {"bce", "mse", "mae", "dacapo"}


def test_the_command_says_where_the_loss_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inspection = inspected(AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], lsds=False))
    prediction = inspection.target.like(1 / (1 + torch.exp(-logits_for(inspection))))
    inner = GT.roi_of([slice(2, 10), slice(3, 18), slice(2, 19)])  # as of a network with valid convolutions
    for name, array in (("labels", GT), ("mask", MASK), ("prediction", prediction[inner])):
        write_ome_zarr(tmp_path / f"{name}.zarr", array, name)
    paths = {name: str(tmp_path / f"{name}.zarr") for name in ("labels", "mask", "prediction")}
    call = ["loss", paths["labels"], "--mask", paths["mask"], "--prediction", paths["prediction"]]
    call += ["--predictor", "affinities"]
    call += ["--set", "neighborhood=[[1,0,0],[0,0,1]]", "--set", "lsds=false", "--loss", "mse"]
    assert main([*call, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    cut = inspect(inspection.request.predictor, GT, inner, MASK, "cpu")
    assert told["loss"] == pytest.approx(loss_map(cut, prediction, chosen_loss("mse")).total)
    assert main(call) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"loss {told['loss']:.6g}; the worst 1 % of the voxels make up ")
    assert "aff x+1" in text
    assert main([*call, "--roi", "11:12,:,:"]) == 2
    assert "doesn't reach into the region" in capsys.readouterr().err
