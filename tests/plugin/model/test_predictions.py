"""What a model gave is known to be of other settings."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array, DummyPredictor, HotDistancePredictor
from predictor_inspector.inspection import Request, Source, run
from predictor_inspector.inspection.models import Predicted, chosen_model
from predictor_inspector.plugin.model.predictions import (
    ModelChoice,
    ModelPrediction,
    ModelRun,
    RunFirstError,
    stamps_of,
)

GT = Array(np.zeros((8, 10), np.uint8), (4, 4))
RAW = Array(np.zeros((8, 10), np.uint8), (4, 4))
PART = GT.roi_of([slice(2, 6), slice(0, 10)])
REQUEST = Request(DummyPredictor(1), Source(GT, raw=RAW), PART)


@pytest.fixture
def prediction(tmp_path: Path) -> ModelPrediction:
    """What a model in a file gave for a part of the data."""
    file = tmp_path / "nets.py"
    file.touch()
    choice = ModelChoice(f"{file}:net")
    array = GT.like(np.zeros((1, 4, 10), np.float32), ("c^", "y", "x"), PART.begin)
    model, files = chosen_model(choice.path), stamps_of(choice.path, choice.path)
    return ModelPrediction(choice, ModelRun.of(choice, model, files, Predicted(array, logits=True), REQUEST))


def test_it_is_of_the_region_and_of_parts_of_it(prediction: ModelPrediction) -> None:
    inner = replace(REQUEST, roi=GT.roi_of([slice(3, 6), slice(4, 10)]))
    for request in (REQUEST, inner, replace(REQUEST, device="cpu", source=Source(GT, GT, RAW))):
        assert prediction.is_current(request)
    assert prediction.logits
    inspection = run(inner)
    assert prediction.run is not None
    assert prediction.begin(inspection)(lambda *_: None) is prediction.run.predicted.array


@pytest.mark.parametrize(
    "changed",
    [
        {"roi": None},
        {"source": Source(GT, raw=RAW.like(RAW.data))},
        {"source": Source(GT)},
        {"source": Source(Array(np.zeros((4, 5), np.uint8), (8, 8)), raw=RAW)},
        {"source": Source(GT.like(GT.data, offset=(4, 0)), raw=RAW)},
        {"source": Source(Array(GT.data, (4, 4), unit="um"), raw=RAW)},
        {"predictor": DummyPredictor(2)},
        {"predictor": HotDistancePredictor(["a"], 10.0, False)},
    ],
    ids=["larger", "other raw", "no raw", "level", "moved", "unit", "channels", "kind"],
)
def test_it_is_not_of_anything_else(prediction: ModelPrediction, changed: dict[str, Any]) -> None:
    request = replace(REQUEST, **changed)
    assert not prediction.is_current(request)
    with pytest.raises(
        RunFirstError, match=r"the model nets.py:net is of earlier settings: run it again in the tab Loss"
    ):
        prediction.begin(run(request))


def test_it_is_not_of_a_file_that_was_written_since_nor_of_another_choice(prediction: ModelPrediction) -> None:
    again = replace(prediction, choice=replace(prediction.choice))
    assert not again.is_current(REQUEST)
    os.utime(prediction.title.removesuffix(":net"), (1, 1))
    assert not prediction.is_current(REQUEST)
    with pytest.raises(RunFirstError, match=r"the model package.net wasn't run yet: press Run in the tab Loss"):
        ModelPrediction(ModelChoice("package.net")).begin(run(REQUEST))
