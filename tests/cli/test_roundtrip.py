"""The command `roundtrip`, run in-process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector import cli
from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.data import open_array, write_ome_zarr
from predictor_inspector.inspection import inspect

AFFINITIES = ["--predictor", "affinities", "--set", "lsds=false", "--device", "cpu"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two slabs that touch, and a voxel on background."""
    labels = np.zeros((12, 16, 20), np.uint16)
    labels[2:10, 2:14, 2:10], labels[2:10, 2:14, 10:18], labels[0, 0, 0] = 1, 2, 3
    return write_ome_zarr(tmp_path / "labels.zarr", Array(labels, (20, 10, 10)), "labels")


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """What is printed as JSON, which is all that may be printed."""
    capsys.readouterr()
    assert cli.main(["roundtrip", *(str(a) for a in arguments), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The only line of an error of the call."""
    capsys.readouterr()
    assert cli.main(["roundtrip", *(str(a) for a in arguments)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return [line for line in said.err.splitlines() if ": note: " not in line][-1]


def test_scores_splits_merges_and_findings_are_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = told(capsys, path, *AFFINITIES)
    assert {"scores", "piece_scores", "splits", "merges", "lost", "findings"} <= set(result)
    assert {"arand", "voi_split", "voi_merge", "f1_iou50"} <= set(result["scores"])
    assert result["decoder"]["kind"] == "mutex_watershed"
    assert result["scores"]["arand"] == 0
    assert result["lost"] == ["id 3"]
    assert [f["id"] for f in result["findings"]] == ["object-lost"]


def test_a_threshold_merges_what_touches_and_says_what_does_not(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--predictor", "distance", "--set", "scale_factor=30", "--device", "cpu"]
    result = told(capsys, path, *settings)
    assert result["decoder"]["kind"] == "threshold"
    (merge,) = result["merges"]
    assert merge["objects"] == ["id 1", "id 2"]
    assert merge["where"] == {"begin": [40, 20, 100], "end": [200, 140, 180], "voxels": 8 * 12 * 8}
    assert [f["id"] for f in result["findings"]] == ["not-invertible"]
    assert cli.main(["roundtrip", str(path), *settings]) == 0
    said = capsys.readouterr().out
    assert "merged  id 1 and id 2  --roi 2:10,2:14,10:18  (768 voxels)" in said
    assert "error    not-invertible" in said
    assert "→ Use the decoder watershed" in said


def test_a_decoder_and_its_parameters_are_chosen(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mirrored = ["--decoder", "mutex_watershed", "--decoder-set", "neighborhood=[[-1,0,0],[0,-1,0],[0,0,-1]]"]
    result = told(capsys, path, *AFFINITIES, *mirrored)
    assert result["decoder"]["neighborhood"] == [[-1, 0, 0], [0, -1, 0], [0, 0, -1]]
    assert result["findings"][0]["id"] == "offsets-mirrored"
    assert result["findings"][0]["numbers"]["arand_fitting"] == 0


def test_decoders_are_shown_with_a_configuration_to_begin_from(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["show", "mutex_watershed"]) == 0
    assert "\n  bias\n" in capsys.readouterr().out
    assert cli.main(["show", "mutex_watershed", "--yaml"]) == 0
    file = tmp_path / "decoder.yaml"
    text = capsys.readouterr().out
    file.write_text(text.replace("bias: 0.5", "bias: 0.25"), "utf-8")
    assert told(capsys, path, *AFFINITIES, "--decoder", file)["decoder"]["bias"] == 0.25
    assert cli.main(["show", "watershed", "--yaml"]) == 0
    assert (
        "\n# Seeds of fewer voxels are dropped. (whole number, in voxels, ≥ 1)\nsmallest: 1\n"
        in capsys.readouterr().out
    )


def test_sweeps_and_imperfections_are_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = told(capsys, path, *AFFINITIES, "--noise", "0.4", "--sweep", "grow_boundary_iterations=0:2:3")
    assert result["imperfection"]["noise"] == 0.4
    assert result["scores"]["arand"] > 0
    sweep = result["sweep"]
    assert (sweep["parameter"], sweep["of"]) == ("grow_boundary_iterations", "predictor")
    assert [point["value"] for point in sweep["points"]] == [0, 1, 2]
    assert all(point["scores"]["arand"] > 0 for point in sweep["points"])
    assert cli.main(["roundtrip", str(path), *AFFINITIES, "--sweep", "noise=0,0.4"]) == 0
    header, clean, _ = capsys.readouterr().out.splitlines()[-3:]
    assert header.split()[:2] == ["noise", "arand"]
    assert clean.split()[:2] == ["0", "0.0000"]


def test_regions_are_drawn_and_scored(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = told(capsys, path, *AFFINITIES, "--roi", "2:8,2:12,2:18", "--survey", "3")
    first, *others = result["survey"]
    assert first == {
        "name": "2:8,2:12,2:18",
        "where": {"begin": [40, 20, 20], "end": [160, 120, 180], "voxels": 960},
        "scores": result["scores"],
        "problem": "",
    }
    assert [region["where"]["voxels"] for region in others] == [960] * 3
    assert cli.main(["roundtrip", str(path), *AFFINITIES, "--roi", "2:8,2:12,2:18", "--survey", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("mean of 4 regions")
    # Without a region, only those that are drawn.
    assert len(told(capsys, path, *AFFINITIES, "--survey", "2")["survey"]) == 2
    # What lies on background alone isn't scored.
    call = [path, *AFFINITIES, "--roi", "2:4,2:4,2:4", "--survey", "30"]
    drawn = told(capsys, *call)["survey"]
    empty = [region for region in drawn if region["scores"] is None]
    assert len(drawn) == 31
    assert 0 < len(empty) < 30
    assert {region["problem"] for region in empty} == {"it holds no annotated object"}
    assert cli.main(["roundtrip", *map(str, call)]) == 0
    text = capsys.readouterr().out
    assert f"mean of {31 - len(empty)} regions" in text
    assert f"{empty[0]['name']} isn't scored: it holds no annotated object" in text


def test_a_prediction_is_decoded_beside_the_target(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gt = open_array(path)
    inspection = inspect(AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False), gt, device="cpu")
    # A hole in the membrane between the slabs, as logits, of a network whose output is smaller than its input.
    logits = np.where(inspection.target.numpy() > 0, 4.0, -2.0).astype(np.float32)
    logits[2, 5:7, 5:8, 9] = 8
    inner = gt.roi_of([slice(1, 11), slice(1, 15), slice(1, 19)])
    stored = write_ome_zarr(tmp_path / "prediction.zarr", inspection.target.like(logits)[inner], "prediction")
    call = [path, *AFFINITIES, "--prediction", stored, "--logits", "--decoder-set", "bias=0.5"]
    result = told(capsys, *call)
    assert result["scores"]["arand"] == 0
    assert result["prediction"]["scores"]["arand"] > 0.2
    (merge,) = result["prediction"]["merges"]
    assert merge["objects"] == ["id 1", "id 2"]
    assert cli.main(["roundtrip", *map(str, call)]) == 0
    assert f"\nprediction {stored}\n\nmutex_watershed of 10 × 14 × 18 voxels" in capsys.readouterr().out
    assert refused(capsys, *call, "--survey", 3).endswith(
        "--prediction and --model go with a region, not with --survey"
    )


def test_mistakes_are_told_in_a_sentence(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown decoder 'watersheds'" in refused(capsys, path, *AFFINITIES, "--decoder", "watersheds")
    assert "'threshold' can't decode AffinitiesPredictor's" in refused(
        capsys, path, *AFFINITIES, "--decoder", "threshold"
    )
    assert "no parameter 'scale'" in refused(capsys, path, *AFFINITIES, "--sweep", "scale=1,2")
    assert "noise must be ≥ 0" in refused(capsys, path, *AFFINITIES, "--noise", "-1")
    assert "the decoder there.yaml is not there" in refused(capsys, path, *AFFINITIES, "--decoder", "there.yaml")
    assert "a round trip of 12 × 16 × 20 voxels needs" in refused(capsys, path, *AFFINITIES, "--memory", "1MB")
    assert "--survey must be at least 0" in refused(capsys, path, *AFFINITIES, "--survey", "-1")
    assert "no annotated object" in refused(capsys, path, *AFFINITIES, "--roi", "10:12,14:16,:")
