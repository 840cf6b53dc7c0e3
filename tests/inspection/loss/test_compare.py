"""Two predictions compared: which is better, where and by how much."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.cli import main
from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.loss import LossComparison, chosen_loss, compare_losses, loss_map

IDS = np.random.default_rng(0).integers(1, 5, (4, 5, 10)).repeat(4, 0).repeat(4, 1).repeat(4, 2).astype(np.uint16)
GT = Array(IDS, (8, 4, 4), (16, 0, 4))
PLACE, OTHER = (8, 8, 8), (3, 17, 36)


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    return inspect(AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], lsds=False), GT, device="cpu")


def wrong_at(inspection: Inspection, channel: int, place: tuple[int, ...], reach: int, error: float) -> Array:
    """A prediction that is wrong in a cube, and right elsewhere."""
    values = inspection.target.numpy().copy()
    box = (channel, *(slice(i - reach, i + reach) for i in place))
    values[box] = np.abs(values[box] - error)
    return inspection.target.like(values)


@pytest.fixture(scope="module")
def compared(inspection: Inspection) -> LossComparison:
    """A is wrong in the first channel around one place, B a little in the second around another."""
    loss = chosen_loss("mse")
    a, b = wrong_at(inspection, 0, PLACE, 3, 0.9), wrong_at(inspection, 1, OTHER, 2, 0.5)
    return compare_losses(loss_map(inspection, a, loss), loss_map(inspection, b, loss))


def test_each_part_of_the_loss_says_who_is_better(compared: LossComparison) -> None:
    assert [(part.name, part.better) for part in compared.channels] == [("aff z+1", "B"), ("aff x+1", "A")]
    for parts in (
        compared.channels,
        compared.classes,
        compared.objects.values(),
        [part for _, part in compared.regions],
    ):
        assert sum(part.a for part in parts) == pytest.approx(compared.a.total)
        assert sum(part.b for part in parts) == pytest.approx(compared.b.total)
    assert float(compared.difference.numpy().sum(dtype=np.float64)) == pytest.approx(-compared.whole.gain, rel=1e-5)
    # Regions of 16 voxels at least: z isn't cut, x into halves.
    assert {part.name for _, part in compared.regions} == {"0:16,0:20,0:20", "0:16,0:20,20:40"}
    best = {part.better: part.name for _, part in compared.regions}
    assert best == {"B": "0:16,0:20,0:20", "A": "0:16,0:20,20:40"}


def test_places_are_where_one_is_better_by_most(compared: LossComparison) -> None:
    for better, place, reach, channel in (("B", PLACE, 3, "aff z+1"), ("A", OTHER, 2, "aff x+1")):
        first = compared.places(better)[0]
        assert (first.better, first.channel) == (better, channel)
        assert all(abs(i - j) <= reach for i, j in zip(first.voxel, place, strict=True))
        assert (first.a > first.b) == (better == "B")
    assert compared.places("B")[0].prediction_a == pytest.approx(abs(compared.places("B")[0].target - 0.9))


def test_the_difference_is_said_in_a_sentence(inspection: Inspection, compared: LossComparison) -> None:
    summary = compared.summary()
    whole = compared.whole
    assert summary.startswith(f"B is better by {100 * (1 - whole.b / whole.a):.1f} %, ")
    first = max(compared.classes, key=lambda part: part.gain)
    assert f": mostly in {first.name} and in id " in summary
    assert "A is better in aff x+1 (" in summary
    same = loss_map(inspection, inspection.target, chosen_loss("mse"))
    assert compare_losses(same, same).summary() == "A and B have the same loss, 0."
    assert compare_losses(same, same).places("A") == ()
    with pytest.raises(ValueError, match="one inspection and one loss only"):
        compare_losses(same, loss_map(inspection, inspection.target, chosen_loss("mae")))


def test_the_command_compares_two_predictions_where_both_are(
    inspection: Inspection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = wrong_at(inspection, 0, PLACE, 3, 0.9), wrong_at(inspection, 1, PLACE, 8, 1)
    inner, left = (
        GT.roi_of([slice(2, 14), slice(0, 20), slice(0, 30)]),
        GT.roi_of([slice(0, 16), slice(0, 20), slice(0, 25)]),
    )
    for name, array in (("labels", GT), ("a", a[inner]), ("b", b[left])):
        write_ome_zarr(tmp_path / f"{name}.zarr", array, name)
    paths = {name: str(tmp_path / f"{name}.zarr") for name in ("labels", "a", "b")}
    call = [paths["labels"], "--predictor", "affinities", "--set", "neighborhood=[[1,0,0],[0,0,1]]"]
    call += ["--set", "lsds=false", "--versus", paths["b"]]
    both = [*call, "--prediction", paths["a"]]
    assert main(["loss", *both, "--loss", "mse", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    cut = inspect(inspection.request.predictor, GT, inner.intersect(left), device="cpu")
    loss = chosen_loss("mse")
    wanted = compare_losses(loss_map(cut, a, loss), loss_map(cut, b, loss))
    assert told["summary"] == wanted.summary()
    assert told["a"]["loss"] == pytest.approx(wanted.a.total)
    assert main(["loss", *both, "--loss", "mse"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{wanted.summary()}\n\nchannel ")
    assert "\nA is better by most at\n" in text
    assert main(["roundtrip", *both, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["prediction"]["scores"] != told["versus"]["scores"]
    assert main(["roundtrip", *call]) == 2
    assert "--versus goes with --prediction" in capsys.readouterr().err
