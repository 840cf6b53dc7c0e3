"""Twelve crops with one fault each: every finding is found in the right crop, and in no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor_inspector.data import open_dataset
from predictor_inspector.inspection.dataset import Checks, Examined, examine_all, findings_over
from predictor_inspector.inspection.findings.dataset import crops_of

from ...crops import INSTANCES, WITH_UNKNOWN, Folder, damage, objects

CLEAN = {"mito": (objects(), INSTANCES)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("data"))
    unknown, absent = np.full((16, 16, 16), 255, np.uint8), np.zeros((16, 16, 16), np.uint8)
    negative, marked = objects().astype(np.int8), objects()
    negative[0, 0, 0], marked[12:] = -1, 255
    folder.crop(1, voxel=(16, 16, 16))
    folder.crop(2, {"mito": (objects()[:6], INSTANCES)})
    folder.crop(3, begin=(0, 0, 1203))
    folder.crop(4, {**CLEAN, "perox": (unknown, WITH_UNKNOWN)})
    folder.crop(5, {**CLEAN, "lyso": (absent, WITH_UNKNOWN)})
    folder.crop(6, begin=(0, 0, 2400))
    folder.crop(7, split="validate", begin=(64, 0, 2400))
    folder.crop(8, {"mito": (objects().astype(np.float32), None)})
    folder.crop(9, {"mito": (negative, None)})
    folder.crop(10, {"mito": (marked, None)})
    damage(folder.crop(11) / "mito")
    folder.crop(12, listed=("mito", "axon"))
    for number in (13, 14, 15):
        folder.crop(number, split="validate" if number == 15 else "train")
    return folder


def found(data: Folder, **checks: object) -> dict[str, set[str]]:
    """The crops of each finding that isn't info."""
    dataset = replace(open_dataset([data.datasplit()]).with_classes(), input_size=(12, 12, 12))
    examined: list[Examined] = list(examine_all(dataset.crops, Checks(**checks)))  # type: ignore[arg-type]
    told: dict[str, set[str]] = {}
    for one in examined:
        for finding in one.findings:
            if finding["severity"] != "info":
                told.setdefault(finding["id"], set()).add(one.facts.name)
    for over in findings_over(dataset, [one.facts for one in examined]):
        names = crops_of(over) or (str(over.numbers.get("class")),)
        told.setdefault(over.id, set()).update(names)
    return {kind: {name.removeprefix("jrc_x/crop") for name in names} for kind, names in told.items()}


def test_each_fault_is_found_in_its_crop_and_in_no_other(data: Folder) -> None:
    assert found(data) == {
        "voxel-sizes-mixed": {"1"},
        "crop-smaller-than-input": {"2"},
        "off-grid-translation": {"3"},
        "class-never-annotated": {"4", "axon"},
        "class-never-drawn": {"5"},
        "split-leak": {"6", "7"},
        "float-labels": {"8"},
        "negative-ids": {"9"},
        "ignore-id": {"10"},
        "crop-unreadable": {"11"},
    }
