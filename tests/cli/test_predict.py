"""Models on the command line: `predict`, and `--model` in place of `--prediction`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from predictor_inspector import cli
from predictor_inspector.core import AffinitiesPredictor, Array, UNet
from predictor_inspector.data import open_array, write_ome_zarr

SETTINGS = [
    "--predictor",
    "affinities",
    "--set",
    "lsds=false",
    "--set",
    "neighborhood=[[1,0],[0,1]]",
    "--device",
    "cpu",
]
NETWORK = "{kind: unet, input_shape: [28, 28], fmaps_out: 3, num_fmaps: 2, fmap_inc_factor: 2, downsample_factors: [2]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ground truth, raw data that reach farther, a checkpoint and its network."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    write_ome_zarr(tmp_path / "v.zarr" / "ids", Array(rng.integers(0, 3, (30, 40), np.uint16), (8, 8), (80, 80)), "ids")
    write_ome_zarr(tmp_path / "v.zarr" / "raw", Array(rng.integers(0, 256, (50, 60), np.uint8), (8, 8)), "raw")
    network = UNet((28, 28), fmaps_in=1, fmaps_out=3, num_fmaps=2, fmap_inc_factor=2, downsample_factors=[2])
    model = AffinitiesPredictor([[1, 0], [0, 1]], lsds=False).create_model(network)
    torch.save({"model_state_dict": model.state_dict()}, tmp_path / "weights")
    (tmp_path / "network.yaml").write_text(NETWORK)
    return tmp_path


def test_what_a_model_predicts_is_what_its_file_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--model", folder / "weights", "--network", folder / "network.yaml", "--raw", "raw"]
    where = [folder / "v.zarr", "ids", *SETTINGS]
    out = folder / "prediction.zarr"

    def run(*arguments: object) -> str:
        assert cli.main([str(a) for a in arguments]) == 0
        return capsys.readouterr().out

    assert run("predict", *where, *model, "--roi", "2:28,:", "--out", out) == f"2 × 26 × 40 voxels written to {out}\n"
    stored = open_array(out)
    assert (stored.dtype, stored.roi) == (np.float32, open_array(folder / "v.zarr", "ids").roi.grow((-16, 0), (-16, 0)))
    assert 0 < stored.numpy().min() < stored.numpy().max() < 1
    bce = ["--loss", "bce", "--roi", "2:28,:", "--format", "json"]
    of_both = json.loads(run("loss", *where, *model, "--versus", out, *bce))
    assert of_both["a"]["loss"] == pytest.approx(of_both["b"]["loss"], rel=1e-5)


def test_what_a_model_lacks_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: object) -> str:
        assert cli.main([str(a) for a in arguments]) == 2
        return capsys.readouterr().err.splitlines()[-1].removeprefix("predictor-inspector: error: ")

    model = ["--model", folder / "weights"]
    assert (
        refused("loss", folder / "v.zarr", "ids", *SETTINGS, *model) == "a model needs raw data; name them with --raw"
    )
    said = refused("roundtrip", folder / "v.zarr", "ids", *SETTINGS, *model, "--survey", "2")
    assert said == "--prediction and --model go with a region, not with --survey"
    said = refused("predict", folder / "v.zarr", "raw", *model, "--logits", "--out", folder / "p.zarr")
    assert said == "--logits needs the --predictor, which says what channels a sigmoid is for"
    said = refused("predict", folder / "v.zarr", "raw", *model, "--out", folder / "p.zarr")
    assert said == f"{folder / 'weights'} holds weights only; give the network whose they are, --network"
    assert not (folder / "p.zarr").exists()
