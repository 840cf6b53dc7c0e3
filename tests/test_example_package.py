"""The package that the documentation shows how to write: everything that it adds is found, and works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from funlib.geometry import Roi

from predictor_inspector.cli import main
from predictor_inspector.core import Array, UNet, predictor_from_config, predictor_kinds
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.explanation import explain

from .example_package import example_package


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with example_package(tmp_path_factory.mktemp("example")):
        yield


@pytest.fixture
def gt() -> Array:
    ids = np.zeros((40, 40), np.uint16)
    ids[10:21, 15:26] = 7
    return Array(ids, (10, 10))


@pytest.fixture
def inspection(gt: Array) -> Inspection:
    predictor = predictor_from_config({"kind": "distance_to_centre", "radius": 30.0})
    return inspect(predictor, gt, Roi((120, 160), (50, 60)))


@pytest.fixture
def file(tmp_path: Path, gt: Array) -> str:
    np.save(tmp_path / "labels.npy", gt.numpy())
    return str(tmp_path / "labels.npy")


def test_the_predictor_can_be_inspected_and_keeps_the_contract(gt: Array, inspection: Inspection) -> None:
    assert predictor_kinds()[-1] == "distance_to_centre"
    predictor = inspection.request.predictor
    whole = predictor.create_target(gt)
    assert whole.data[0, 15, 20] == 1
    torch.testing.assert_close(inspection.target.data, whole[inspection.roi].data)
    assert tuple(predictor.padding(gt.voxel_size)) == (60, 60)
    model = predictor.create_model(UNet((44, 44), 1, 4, 4, 2, [[2, 2]]))
    assert model.num_out_channels == 1


@pytest.mark.parametrize("voxel", [(3, 4), (3, 2), (0, 0)], ids=["centre", "object", "far"])
def test_the_explanation_retraces_target_and_weight(inspection: Inspection, voxel: tuple[int, int]) -> None:
    explanation = explain(inspection, 0, voxel)
    assert explanation.why_value.derived == pytest.approx(explanation.value, abs=1e-6)
    assert explanation.why_weight.derived == pytest.approx(explanation.weight, rel=1e-5)
    assert "because the centre of object 7 is" in explanation.why_value.sentence


def test_the_command_line_lists_the_predictor_and_the_files_arrays(file: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["list"]) == 0
    assert "distance_to_centre  1 at the centre of an object" in capsys.readouterr().out
    assert main(["list", file]) == 0
    assert "/     labels  y x   40 × 40  uint16" in capsys.readouterr().out


def test_the_command_line_checks_the_file_with_the_check(file: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["check", file, "--predictor", "distance_to_centre", "--set", "radius=3"]) == 0
    assert "voxels of objects are farther from the centre than radius" in capsys.readouterr().out
    assert main(["check", file, "--predictor", "distance_to_centre", "--set", "radius=8"]) == 0
    assert "farther from the centre" not in capsys.readouterr().out
