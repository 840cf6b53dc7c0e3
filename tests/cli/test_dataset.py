"""The command `dataset`, run in-process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector import cli

from ..crops import INSTANCES, Folder, damage, objects


@pytest.fixture
def data(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    for number in range(4):
        folder.crop(number, {"mito": (objects(), INSTANCES), "er": (objects(), INSTANCES)})
    folder.crop(4, split="validate", begin=(64, 0, 1200))
    return folder


def run(action: str, *arguments: object) -> int:
    return cli.main(["dataset", action, *(str(a) for a in arguments)])


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    run(*(str(a) for a in arguments), "--format", "json")
    return json.loads(capsys.readouterr().out)


def test_stats_has_a_line_for_each_crop_and_each_class(data: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", data.datasplit()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["CROP", "SPLIT", "VOXEL", "SIZE", "SIZE", "CLASSES", "FOREGROUND"]
    assert lines[1].split("  ")[0] == "jrc_x/crop0"
    assert "8 × 8 × 8 nm  16 × 16 × 16  2" in lines[1]
    assert "1 of 2" in lines[5]
    assert "5 crops (4 training, 1 validation), 20,480 voxels" in lines
    (er,) = (line.split() for line in lines if line.startswith("er "))
    assert er[1:3] == ["4", "crops"]


def test_stats_for_programs_have_the_draws_too(data: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, "stats", data.datasplit(), "--draw", 20, "--sampling", "balanced", "--size", "8,8,8")
    assert [crop["name"] for crop in told["crops"]] == [f"jrc_x/crop{n}" for n in range(5)]
    assert told["crops"][0]["grid"]["shape"] == [16, 16, 16]
    assert told["crops"][0]["classes"][0]["objects"] == 3
    assert told["draws"]["classes"]["mito"]["regions"] == 20
    assert set(told["draws"]["crops"]) == {f"jrc_x/crop{n}" for n in range(4)}


def test_check_ends_with_1_and_names_the_crops(
    data: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    arguments = [data.datasplit(), "--processes", 1, "--input-size", "12,12,12", "--results", results]
    (leak,) = (f for f in printed(capsys, "check", *arguments) if f["severity"] != "info")
    assert (leak["id"], leak["crops"], leak["numbers"]["share"]) == ("split-leak", ["jrc_x/crop3", "jrc_x/crop4"], 0.5)
    assert leak["where"]["begin"] == [64, 0, 1200]
    assert results.is_file()
    assert run("check", *arguments) == 1
    said = capsys.readouterr().out
    assert "error    split-leak" in said
    assert "    crops: jrc_x/crop3 and jrc_x/crop4" in said
    assert "1 error, 0 warnings, " in said
    assert run("check", *arguments, "--ignore", "split-leak", "--results", tmp_path / "others.json") == 0


def test_check_with_a_predictor_checks_its_targets(data: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--predictor", "distance", "--set", "scale_factor=0.1", "--processes", 1]
    found = printed(capsys, "check", data.place(1), "--classes", "mito,er", *options)
    assert {(f["id"], tuple(f["crops"])) for f in found} >= {("scale-saturated", ("jrc_x/crop1",))}
    assert {f["channels"][0] for f in found if f["id"] == "scale-saturated"} <= {"mito", "er"}


def test_the_target_of_every_crop_is_decoded_and_scored(data: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    touching = np.zeros((16, 16, 16), np.uint8)
    touching[2:14, 2:14, 2:8], touching[2:14, 2:14, 8:14] = 1, 2
    data.crop(5, {"mito": (touching, INSTANCES)}, begin=(0, 400, 0))
    data.crop(6, {"mito": (np.zeros((16, 16, 16), np.uint8), INSTANCES)}, begin=(0, 800, 0))
    damage(data.crop(7, begin=(0, 1200, 0)) / "mito")
    call = [data.datasplit(), "--classes", "mito", "--predictor", "distance", "--set", "scale_factor=30"]
    told = printed(capsys, "roundtrip", *call, "--device", "cpu")
    scores = {crop["name"]: crop["scores"] for crop in told["crops"]}
    assert scores["jrc_x/crop0"]["arand"] == 0
    # Two that touch come back as one: all pairs of voxels are together, of which half are right.
    assert scores["jrc_x/crop5"]["arand"] == pytest.approx(1 / 3, abs=1e-3)
    assert scores["jrc_x/crop6"] is scores["jrc_x/crop7"] is None
    problems = {crop["name"]: crop["problem"] for crop in told["crops"] if crop["problem"]}
    assert problems["jrc_x/crop6"] == "it holds no annotated object"
    assert "crop7" in problems["jrc_x/crop7"]
    scored = [found["arand"] for found in scores.values() if found]
    assert told["mean"]["arand"] == pytest.approx(sum(scored) / len(scored))
    assert run("roundtrip", *call, "--decoder", "watershed", "--noise", 0.1) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0].split()[:2] == ["crop", "arand"]
    assert f"mean of {len(scored)} crops" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["roundtrip", "{}", "--predictor", "distance", "--set", "scale_factor=30", "--decoder", "thresholds"],
            "unknown decoder 'thresholds'",
        ),
        (["roundtrip", "{}"], "a round trip needs one predictor, got 0"),
        (["stats", "nowhere*"], "nothing matches the pattern 'nowhere*'"),
        (["check", "{}", "--input-size", "0,1"], "--input-size needs a positive number per axis"),
        (["check", "{}", "--only", "leak"], "there is no finding 'leak'"),
        (["check", "{}", "--processes", "0"], "processes must be at least 1, got 0"),
        (["stats", "{}", "--draw", "3", "--size", "99,99,99"], "no region of 99 × 99 × 99 voxels can be drawn"),
    ],
)
def test_wrong_calls_are_one_sentence(
    data: Folder, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    path = str(data.datasplit())
    assert cli.main(["dataset", *(argument.format(path) for argument in arguments)]) == 2
    (error,) = (line for line in capsys.readouterr().err.splitlines() if ": note: " not in line)
    assert message in error


def test_other_commands_take_classes_too_and_offer_them(data: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(data.place(1))
    assert cli.main(["check", place, "--predictor", "distance"]) == 2
    assert "one of 'er', 'mito'; or several classes as channels" in capsys.readouterr().err
    options = ["--predictor", "distance", "--set", "scale_factor=0.1"]
    assert cli.main(["check", place, "--classes", "mito,er", *options]) == 0
    captured = capsys.readouterr()
    assert "channels was not given; assumed ['mito', 'er']" in captured.err
    assert "scale-saturated" in captured.out
    assert cli.main(["list", place]) == 0
    assert "Classes: er and mito; --classes" in capsys.readouterr().out
