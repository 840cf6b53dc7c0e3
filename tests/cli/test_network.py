"""The command `network`, and the option of the others, run in-process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from predictor_inspector import cli
from predictor_inspector.core import Array
from predictor_inspector.core.networks import network_presets
from predictor_inspector.data import write_ome_zarr

TEXT = """\
input → output   52 × 52 → 20 × 20 voxels
channels         1 → 72
output voxels    1/2 × 1/2 of the input's
valid inputs     44 × 44, then 4 × 4 larger each, for 8 × 8 of the output
"""

NETWORK = """\
kind: unet
input_shape: [52, 52]
num_fmaps: 4
downsample_factors: [[2, 2], [2, 2]]
upsample_factors: [[2, 2]]
"""

MODULE = """\
import torch

def net():
    return torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.ReLU(), torch.nn.Conv3d(2, 4, 5))

def tall():
    return torch.nn.Conv3d(1, 2, 3)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "nets.py").write_text(MODULE)
    return tmp_path / "net.yaml"


def run(*arguments: object) -> int:
    return cli.main([str(a) for a in arguments])


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert run("network", *arguments) == 0
    return capsys.readouterr().out


def test_a_network_is_told_in_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, file, "--sizes", 2)
    assert text.startswith(TEXT)
    assert text.rstrip().splitlines()[-3:] == ["INPUT    OUTPUT", "44 × 44  4 × 4", "48 × 48  12 × 12"]


def test_a_network_is_told_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: dict[str, Any] = json.loads(printed(capsys, file, "--format", "json", "--set", "batch_size=2"))
    assert told["network"]["batch_size"] == 2
    assert told["output_shape"] == [20, 20]
    assert told["field"][0]["smallest"] <= told["field"][0]["largest"]
    assert told["memory"]["total"] > told["memory"]["parameters"]


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line.split()[0] for line in printed(capsys).splitlines()] == list(network_presets())
    assert list(json.loads(printed(capsys, "--format", "json"))) == list(network_presets())


def test_a_module_is_imported_by_its_path(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(
        printed(capsys, f"{file.parent / 'nets.py'}:net", "--set", "input_shape=[9,9,9]", "--format", "json")
    )
    assert [field["largest"] for field in told["field"]] == [7, 7, 7]


def test_parameters_are_shown_like_a_predictors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "unet") == 0
    assert "cellmap-upsample" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["celmap"], "did you mean 'cellmap'"),
        (["none.yaml"], "none.yaml is not there"),
        (["cellmap", "--set", "input_shape=[217,216,216]"], "the next shape that fits is (234, 216, 216)"),
        (["cellmap", "--set", "fmaps=3"], "unet has no parameter 'fmaps'"),
        (["cellmap", "--set", "kind=module"], "choose it with NETWORK"),
        (["cellmap", "--sizes", "-1"], "--sizes must be at least 0"),
        (["--set", "batch_size=2"], "--set needs the network"),
        (["no_such_module:net"], "can't be imported"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("network", *arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    ids = np.kron(np.arange(1, 9).reshape(2, 2, 2), np.ones((8, 8, 8), int)).astype(np.uint16)
    return write_ome_zarr(tmp_path / "labels.zarr", Array(ids, (8, 8, 8)), "labels")


CHECK = ("--predictor", "affinities", "--set", "lsds=false", "--set", "neighborhood=[[1,0,0],[0,0,5]]")


def test_check_reports_what_the_network_does_not_see(
    labels: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tmp_network(file, "net", 16)
    only = ("--only", "field-too-small", "input-exceeds-crop", "--format", "json")
    assert run("check", labels, *CHECK, "--network", network, *only) == 0
    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["id"], finding["channels"]) == ("field-too-small", ["aff x+5"])
    assert "must see 40 nm along x; this one sees 28 nm" in finding["message"]


def test_check_takes_raw_data_to_hold_the_networks_input(
    labels: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network, only = tmp_network(file, "tall", 18), ("--only", "input-exceeds-crop", "--format", "json")
    raw = write_ome_zarr(tmp_path / "raw.zarr", Array(np.zeros((20, 20, 20), np.uint8), (8, 8, 8), (-16,) * 3), "raw")
    assert run("check", labels, *CHECK, "--network", network, *only) == 0
    assert [f["severity"] for f in json.loads(capsys.readouterr().out)] == ["info"]
    assert run("check", labels, *CHECK, "--network", network, "--raw", raw, *only) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_render_notes_it(
    labels: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor_inspector.inspection.output.pictures.overview_figure", lambda *_: Figure())
    assert run("render", labels, *CHECK, "--network", tmp_network(file, "net", 16), "--out", tmp_path / "out") == 0
    assert "note: To know aff x+5 a network must see 40 nm along x" in capsys.readouterr().err


def tmp_network(file: Path, name: str, side: int) -> Path:
    """A file that configures a module."""
    config = file.parent / f"{name}.yaml"
    config.write_text(f"kind: module\npath: {file.parent / 'nets.py'}:{name}\ninput_shape: {[side] * 3}\n")
    return config
