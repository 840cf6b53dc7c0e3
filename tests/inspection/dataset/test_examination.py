"""Crops examined side by side, and results that are gone on from."""

from __future__ import annotations

import json
import os
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from predictor_inspector.data import open_dataset
from predictor_inspector.inspection.dataset import Checks, Examined, examine, examine_all

from ...crops import Folder, objects

DISTANCE = {"kind": "distance", "channels": ["mito"], "scale_factor": 20.0, "mask_distances": False}


@pytest.fixture
def data(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    negative = objects().astype("i1")
    negative[0, 0, 0] = -1
    folder.crop(1)
    folder.crop(2, {"mito": (negative, None)})
    folder.crop(3)
    return folder


def test_two_processes_find_what_one_finds(data: Folder) -> None:
    crops = open_dataset([data.datasplit()]).with_classes().crops
    here, there = ({e.facts.name: e for e in examine_all(crops, Checks(), number)} for number in (1, 2))
    assert here == there
    assert [f["id"] for f in here["jrc_x/crop2"].findings] == ["negative-ids"]


def test_a_process_that_ends_says_what_to_do(data: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Future[Examined]:
        future: Future[Examined] = Future()
        future.set_exception(BrokenProcessPool("ended abruptly"))
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", broken)
    crops = open_dataset([data.datasplit()]).with_classes().crops
    with pytest.raises(MemoryError, match="use fewer --processes"):
        list(examine_all(crops, Checks(), 2))


def test_results_are_kept_and_only_crops_that_changed_are_done_again(
    data: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops, kept, done = open_dataset([data.datasplit()]).with_classes().crops, tmp_path / "results.json", []

    def noted(crop: object, checks: Checks) -> Examined:
        done.append(crop.name)  # type: ignore[attr-defined]
        return examine(crop, checks)  # type: ignore[arg-type]

    monkeypatch.setattr("predictor_inspector.inspection.dataset.examination.examine", noted)
    interrupted = examine_all(crops, Checks(), kept=kept)
    first = next(interrupted)
    interrupted.close()
    assert json.loads(kept.read_text())["version"] == 1
    found = {e.facts.name: e for e in examine_all(crops, Checks(), kept=kept)}
    assert found[first.facts.name] == first
    assert done == ["jrc_x/crop1", "jrc_x/crop2", "jrc_x/crop3"]
    os.utime(data.place(3), (1, 1))
    assert {e.facts.name: e for e in examine_all(crops, Checks(), kept=kept)} == found
    assert done[3:] == ["jrc_x/crop3"]
    before = kept.read_text()
    with pytest.raises(ValueError, match="has results of other checks; choose another file, or delete it"):
        list(examine_all(crops, Checks(only=("not-finite",)), kept=kept))
    assert kept.read_text() == before
    kept.write_text("[]")
    with pytest.raises(ValueError, match="holds no results of a data set"):
        list(examine_all(crops, Checks(), kept=kept))


def test_a_predictor_is_checked_in_the_middle_of_a_crop_that_is_too_large(data: Folder) -> None:
    crop = open_dataset([data.place(1)]).with_classes(("mito",)).crops[0]
    whole, part = (examine(crop, Checks((DISTANCE,), memory=memory)) for memory in (None, 400_000))
    assert (whole.facts, whole.facts.problem) == (part.facts, "")
    assert whole.findings != part.findings


def test_a_predictor_that_refuses_a_crop_says_why(data: Folder) -> None:
    crop = open_dataset([data.place(1)]).with_classes(("mito",)).crops[0]
    refused = examine(crop, Checks(({**DISTANCE, "channels": ["a", "b"]},)))
    assert "DistancePredictor has 2 channels" in refused.facts.problem
