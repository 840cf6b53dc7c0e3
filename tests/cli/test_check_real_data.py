"""Faults that are planted in real labels and written by another program: what `check` says of them."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from predictor_inspector import cli
from predictor_inspector.data import open_array

FILE = Path(__file__).parents[1] / "data" / "files" / "medulla.ome.zarr"
PREDICTOR = ["--predictor", "affinities", "--set", "lsds=false", "--set", "neighborhood=[[1,0,0],[0,1,0],[0,0,1]]"]
DEEP = np.s_[50:55, 15:20, 16:21]  # within object 81


def hole(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[DEEP] = 0


def object_in_another(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[DEEP] = 7777


def sliver(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[20:40, 50, 60:80] = 7777


def island(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[7, 30:40, 30:40] = 174


def cut(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[..., 28:][ids[..., 28:] == 81] = 7777


def joined(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[ids == 350] = 217


def shifted(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[40:] = np.roll(ids[40:], 9, 2)


def copied(ids: np.ndarray, raw: np.ndarray) -> None:
    ids[40], raw[40] = ids[39], raw[39]


def moved(ids: np.ndarray, raw: np.ndarray) -> None:
    raw[:] = np.roll(raw, (3, -2), (1, 2))


FAULTS: dict[str, tuple[Any, str, str]] = {
    "holes": (hole, "Object 81 has 1 hole of background inside, of 125 voxels in all.", "50:55,15:20,16:21"),
    "nested-object": (
        object_in_another,
        "Object 7777 lies wholly inside object 81, with 125 voxels.",
        "50:55,15:20,16:21",
    ),
    "slivers": (sliver, "Object 7777 is one voxel thin everywhere, 400 voxels in all.", "20:40,50:51,60:80"),
    "single-section-island": (
        island,
        "A piece of object 174 is in section 7 only, 100 voxels in all.",
        "7:8,30:40,30:40",
    ),
    "no-membrane-between": (cut, "Objects 81 and 7777 touch in 2,093 faces with nothing between", "18:80,0:105,27:29"),
    "membrane-inside": (joined, "A membrane runs through object 217, over ", "38:80,57:112,38:107"),
    "jump-between-sections": (shifted, "From z 40 on labels are shifted by x +9 voxels", "39:41,0:112,0:112"),
    "repeated-section": (
        copied,
        "Labels and raw data of section z 40 are the same as in the section before.",
        "40:41,0:112,0:112",
    ),
    "raw-misaligned": (moved, "Raw data lie y +2.9", "0:80,0:112,0:112"),
}


@pytest.fixture(scope="module")
def real() -> tuple[np.ndarray, np.ndarray]:
    return open_array(FILE, "labels/neurons").numpy(), open_array(FILE, "/").numpy()


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_in_real_labels_is_told_with_its_place(
    kind: str, real: tuple[np.ndarray, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, message, roi = FAULTS[kind]
    every, size = (4, (40, 10, 10)) if kind == "single-section-island" else (1, (10, 10, 10))
    ids, raw = (values[::every].copy() for values in real)
    plant(ids, raw)
    group = zarr.open_group(tmp_path / "crop.zarr", mode="w", zarr_format=2)
    for name, values in (("labels", ids), ("raw", raw)):
        array = group.create_array(name, data=values, chunks=(20, 56, 56))
        array.attrs.update({"resolution": size, "offset": (400, 0, 0), "axis_names": list("zyx"), "units": ["nm"] * 3})

    def told(form: str) -> str:
        capsys.readouterr()
        asked = ["check", str(tmp_path / "crop.zarr"), "labels", "--raw", "raw", *PREDICTOR, "--only", kind]
        assert cli.main([*asked, "--format", form]) == int(kind == "raw-misaligned")
        return capsys.readouterr().out

    assert f"    {message}" in (text := told("text"))
    assert f"--roi {roi}  (" in text
    if "membrane" in kind:
        return  # the other formats are the same for all, and these take seconds
    (finding,) = [one for one in json.loads(told("json")) if one["message"].startswith(message)]
    begin = [400 + int(roi.split(":")[0]) * size[0], *(10 * int(part.split(":")[0]) for part in roi.split(",")[1:])]
    assert finding["where"]["begin"] == begin
    row = next(row for row in csv.DictReader(StringIO(told("csv"))) if row["message"] == finding["message"])
    assert [int(row[f"voxel_begin_{axis}"]) for axis in "zyx"] == [int(p.split(":")[0]) for p in roi.split(",")]
    assert int(row["voxels"]) == finding["where"]["voxels"]
