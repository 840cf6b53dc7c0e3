"""The package that the documentation shows how to write: it works as it stands there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from funlib.geometry import Roi

from predictor_inspector.core import Array, UNet, predictor_from_config, predictor_kinds
from predictor_inspector.inspection import inspect

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples" / "distance-to-centre"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package on the path, with the entry point that its pyproject.toml declares."""
    info = tmp_path / "distance_to_centre-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: distance-to-centre\nVersion: 0.1.0\n")
    declared = (FOLDER / "pyproject.toml").read_text().split("[project.entry-points.")[1]
    group, line = declared.split("]", 1)
    name, value = line.strip().split(" = ")
    (info / "entry_points.txt").write_text(f"[{group.strip(chr(34))}]\n{name} = {value.strip(chr(34))}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    sys.modules.pop("distance_to_centre", None)


@pytest.mark.usefixtures("installed")
def test_the_documented_predictor_can_be_inspected_and_keeps_the_contract() -> None:
    assert "distance_to_centre" in predictor_kinds()
    predictor = predictor_from_config({"kind": "distance_to_centre", "radius": 30.0})
    ids = np.zeros((40, 40), np.uint16)
    ids[10:21, 15:26] = 7
    gt = Array(ids, (10, 10))
    whole = predictor.create_target(gt)
    assert whole.data[0, 15, 20] == 1
    roi = Roi((120, 160), (50, 60))
    inspection = inspect(predictor, gt, roi)
    torch.testing.assert_close(inspection.target.data, whole[roi].data)
    assert tuple(predictor.padding(gt.voxel_size)) == (60, 60)
    model = predictor.create_model(UNet((44, 44), 1, 4, 4, 2, [[2, 2]]))
    assert model.num_out_channels == 1
