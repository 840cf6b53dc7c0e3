"""The command `convert`, and other tools' files where a predictor's configuration is expected, run in-process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure

from predictor_inspector import cli
from predictor_inspector.core import AffinitiesPredictor, Array, predictor_from_yaml
from predictor_inspector.data import write_ome_zarr

OFFSETS = [[-1, 0, 0], [0, -1, 0], [0, 0, -1]]
EXPECTED = AffinitiesPredictor(OFFSETS, True, 2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "net_config.json"
    made.write_text(json.dumps({"outputs": {"3d_affs": {"neighborhood": OFFSETS}, "3d_lsds": {"sigma": 80}}}))
    return made


def test_another_tools_file_becomes_ours_and_that_of_a_third(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["convert", str(file), "--voxel-size", "40,4,4"]
    assert cli.main(call) == 0
    told = capsys.readouterr()
    assert predictor_from_yaml(told.out) == EXPECTED
    assert f"note: {file} was read as 3d_affs" in told.err
    assert cli.main([*call, "--to", "dacapo", "--set", "num_voxels=5", "--name", "mine"]) == 0
    task = yaml.safe_load(capsys.readouterr().out)
    assert (task["name"], task["num_lsd_voxels"], task["neighborhood"]) == ("mine", 5, OFFSETS)
    assert cli.main([*call, "--to", "python"]) == 0
    assert capsys.readouterr().out.startswith("from predictor_inspector.core import AffinitiesPredictor")


def test_a_command_takes_it_as_configuration_with_the_datas_voxel_size(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor_inspector.inspection.output.pictures.overview_figure", lambda *_: Figure())
    write_ome_zarr(tmp_path / "volume.zarr", Array(np.ones((4, 8, 8), np.uint8), (40, 4, 4)), "labels")
    out = tmp_path / "out"
    assert cli.main(["render", str(tmp_path / "volume.zarr"), "--config", str(file), "--out", str(out)]) == 0
    assert predictor_from_yaml((out / "predictor.yaml").read_text()) == EXPECTED
    assert "was read as 3d_affs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "sigma of 3d_lsds is a length: which voxel size it is for must be known"),
        (["--to", "pytc", "--set", "lsds=false"], "which voxel size it is for must be known"),
        (["--voxel-size", "40,-4"], "--voxel-size needs a positive number per axis"),
        (["--voxel-size", "40,4,4", "--to", "torch_em"], "lsds cannot be expressed in torch_em"),
    ],
)
def test_what_is_missing_is_one_sentence(
    file: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["convert", str(file), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_writing_for_a_tool_needs_the_voxel_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ours.yaml").write_text("{kind: dummy, embedding_dims: 2}")
    assert cli.main(["convert", str(tmp_path / "ours.yaml"), "--to", "dacapo"]) == 2
    assert "give it with --voxel-size" in capsys.readouterr().err
    assert cli.main(["convert", str(tmp_path / "nothing.yaml")]) == 2
    assert "is not there" in capsys.readouterr().err
