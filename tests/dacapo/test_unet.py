"""Our U-Net beside DaCapo's own, where dacapo-ml is installed (``make test-dacapo``); and the record of theirs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from funlib.geometry import Coordinate

from predictor_inspector.core import Model, UNet, conv_head
from tests.core.unets import CELLMAP, FEATURES, SETTINGS, described
from tests.dacapo import theirs

RECORD = Path(__file__).parents[1] / "golden" / "unets.json"

pytestmark = pytest.mark.skipif(theirs.AVAILABLE is None, reason="dacapo-ml isn't installed")


def is_large(settings: dict[str, Any]) -> bool:
    return settings["input_shape"] == CELLMAP["input_shape"]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_names_sizes_and_outputs_are_dacapos(settings: dict[str, Any]) -> None:
    ours, their = UNet(**FEATURES, **settings), theirs.unet(**FEATURES, **settings)
    state = their.state_dict()
    assert {n: v.shape for n, v in ours.state_dict().items()} == {n: v.shape for n, v in state.items()}
    ours.load_state_dict(state)
    shape, meta = settings["input_shape"], is_large(settings)
    assert described(ours, shape, meta) == described(their, shape, meta)
    voxel = Coordinate((12,) * len(shape))
    assert ours.scale(voxel) == their.scale(voxel)


def test_a_trained_model_of_dacapos_is_loaded() -> None:
    their, ours = theirs.unet(**FEATURES, **SETTINGS[0]), UNet(**FEATURES, **SETTINGS[0])
    theirs_head, head = conv_head(ours, 2), conv_head(ours, 2)
    trained = theirs.module("model").Model(their, theirs_head).eval()
    model = Model(ours, head).eval()
    model.load_state_dict(trained.state_dict())
    raw = torch.rand(1, 1, *SETTINGS[0]["input_shape"])
    with torch.no_grad():
        torch.testing.assert_close(model(raw), trained(raw))


def test_the_record_is_dacapos() -> None:
    made = []
    for settings in SETTINGS:
        network = theirs.unet(**FEATURES, **settings)
        made.append(described(network, settings["input_shape"], is_large(settings)))
    names = {name: list(v.shape) for name, v in theirs.unet(**FEATURES, **SETTINGS[4]).state_dict().items()}
    record = {"networks": made, "names": names}
    if os.environ.get("RECORD"):
        RECORD.write_text(json.dumps(record, indent=None, separators=(",", ":")).replace('{"par', '\n{"par') + "\n")
    assert json.loads(RECORD.read_text()) == record
