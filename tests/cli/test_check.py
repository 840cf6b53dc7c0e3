"""The command `check`, run in-process."""

from __future__ import annotations

import csv
import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from predictor_inspector import cli
from predictor_inspector.core import Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.inspection.findings import CHECKS, load_checks
from predictor_inspector.inspection.findings.review import Verdict
from predictor_inspector.inspection.output.session import Data, Origin, Session, save_session

AFFINITIES = ["--predictor", "affinities", "--set", "lsds=false"]


@pytest.fixture
def labels() -> np.ndarray:
    """Four cubes on background."""
    labels = np.zeros((24, 24, 24), np.uint16)
    for number, (y, x) in enumerate([(3, 3), (3, 13), (13, 3), (13, 13)], 1):
        labels[6:18, y : y + 8, x : x + 8] = number
    return labels


def written(folder: Path, values: np.ndarray, name: str = "labels") -> Path:
    array = Array(values, (20, 10, 10), (100, 200, 300))
    return write_ome_zarr(folder / f"{name}.zarr", array, name)


def check(*arguments: object) -> int:
    return cli.main(["check", *(str(a) for a in arguments)])


def found(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[dict[str, Any]]]:
    """Exit status, and what is printed as JSON, which is all that may be printed."""
    capsys.readouterr()
    status = check(*arguments, "--format", "json")
    return status, json.loads(capsys.readouterr().out)


def test_clean_ground_truth_ends_with_0(tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    status, findings = found(capsys, written(tmp_path, labels), *AFFINITIES)
    assert status == 0
    assert {f["severity"] for f in findings} <= {"info"}


def test_an_error_ends_with_1_and_says_where(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    labels[4:20, 4:20, 23] = 9
    settings = [*AFFINITIES, "--set", "mask_pairs=false", "--only", "false-boundary"]
    path = written(tmp_path, labels)
    status, (finding,) = found(capsys, path, *settings)
    assert status == 1
    assert set(finding) == {"id", "severity", "message", "advice", "channels", "where", "numbers", "cure"}
    assert finding["cure"] == {"title": "Turn mask pairs on", "parameters": {"mask_pairs": True}, "settings": {}}
    assert (finding["id"], finding["severity"]) == ("false-boundary", "error")
    assert finding["where"] == {"begin": [180, 240, 530], "end": [500, 400, 540], "voxels": 16 * 16}
    assert check(path, *settings) == 1
    said = capsys.readouterr().out
    assert "error    false-boundary" in said
    assert "→ Turn mask pairs on, so" in said
    assert "    mended by --set mask_pairs=true\n" in said
    assert "--roi 4:20,4:20,23:24  (256 voxels; z 180:500, y 240:400, x 530:540 nm)" in said
    assert said.endswith("1 error, 0 warnings, 0 infos in 24 × 24 × 24 voxels\n")
    assert "\033" not in said


def test_warnings_end_with_1_only_if_asked_to(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, labels)
    settings = ["--predictor", "distance", "--set", "scale_factor=0.1"]
    status, findings = found(capsys, path, *settings)
    assert "scale-saturated" in {f["id"] for f in findings if f["severity"] == "warning"}
    assert status == 0
    assert found(capsys, path, *settings, "--fail-on", "warning")[0] == 1
    assert found(capsys, path, *settings, "--fail-on", "warning", "--ignore", "scale-saturated")[0] == 0


def judged_session(folder: Path, gt: Path, **states: str) -> Path:
    """A session in which findings about objects have these states."""
    ids = {"first": 50, "second": 51}
    judged = [
        Verdict(
            finding="split-object",
            state=state,
            severity="warning",
            ids=(ids[name],),
            begin=(0, 0, 0),
            end=(1, 1, 1),
            unit="nm",
            voxels=1,
            since=date(2020, 1, 2),
            message="In pieces.",
        )
        for name, state in states.items()
    ]
    data = Data(ground_truth=Origin(path=str(gt)))
    return save_session(
        folder / "judged.yaml",
        Session(data=data, predictor={"kind": "affinities", "neighborhood": [[0, 0, 1]]}, review=judged),
    )


def test_what_was_judged_fine_is_left_out_and_what_is_known_is_not_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = np.zeros((24, 24, 40), np.uint16)
    for number in (50, 51):
        labels[2:8, 2:12, (number - 50) * 20 :][:, :, :10] = number
        labels[12:20, 2:12, (number - 50) * 20 :][:, :, :10] = number
    path = written(tmp_path, labels)
    settings = [path, *AFFINITIES, "--only", "split-object", "--fail-on", "warning"]
    status, findings = found(capsys, *settings)
    assert (status, sorted(f["numbers"]["ids"] for f in findings)) == (1, [[50], [51]])
    before = tmp_path / "before.json"
    before.write_text(json.dumps([f for f in findings if f["numbers"]["ids"] == [50]]))

    def left(*arguments: object) -> tuple[int, list[list[int]], str]:
        status = check(*settings, *arguments, "--format", "json")
        printed = capsys.readouterr()
        return status, sorted(f["numbers"]["ids"] for f in json.loads(printed.out)), printed.err

    session = judged_session(tmp_path, path, first="fine", second="to fix")
    status, ids, said = left("--review", session)
    assert (status, ids) == (1, [[51]])
    assert "note: 1 finding judged fine: left out" in said
    assert left("--review", session, "--new")[:2] == (0, [])
    assert left("--review", judged_session(tmp_path, path, first="fine", second="fine"))[:2] == (0, [])
    assert left("--review", before)[:2] == (1, [[50], [51]])
    assert left("--review", before, "--new")[:2] == (1, [[51]])
    assert left("--review", before, "--new", "--roi", ":,:,0:20")[:2] == (0, [])
    check(*settings, "--review", judged_session(tmp_path, path, second="to fix"), "--format", "csv")
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    assert [(r["ids"], r["state"], r["new"], r["voxel_begin_x"]) for r in rows] == [
        ("51", "to fix", "", "20"),
        ("50", "open", "new", "0"),
    ]


def test_a_survey_finds_a_region_whose_classes_are_weighted_otherwise_by_those_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = np.zeros((20, 20, 200), np.float32)
    labels[8:12, 8:12, ::5], labels[:, :10, 180:] = 1, 1
    path = written(tmp_path, labels)
    settings = ["--predictor", "distance", "--set", "scale_factor=30", "--only", "count-drift", "--roi", ":,:,180:200"]
    assert found(capsys, path, *settings) == (0, [])
    status, (finding,) = found(capsys, path, *settings, "--survey", 6)
    assert (status, finding["id"], finding["severity"]) == (0, "count-drift", "warning")
    assert finding["where"] == {"begin": [100, 200, 2100], "end": [500, 400, 2300], "voxels": 20**3}
    assert check(path, *settings, "--survey", -1) == 2
    assert "--survey must be at least 0 regions, got -1" in capsys.readouterr().err


def test_labels_that_no_predictor_takes_are_findings_and_not_a_failure(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    values = labels.astype(np.float32)
    values[2, 3, 4:6], values[20, 20, 20] = 0.5, np.nan
    status, findings = found(capsys, written(tmp_path, values), *AFFINITIES)
    assert status == 1
    by_id = {f["id"]: f for f in findings}
    assert set(by_id) == {"float-labels", "not-finite"}
    assert by_id["float-labels"]["where"] == {"begin": [140, 230, 340], "end": [160, 240, 360], "voxels": 2}
    assert by_id["not-finite"]["where"]["voxels"] == 1


def test_whole_numbers_in_floats_are_reported_and_checked_on(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    labels[labels == 4] = 1
    status, findings = found(capsys, written(tmp_path, labels.astype(np.float32)), *AFFINITIES)
    assert status == 1
    assert {"float-labels", "split-object"} <= {f["id"] for f in findings}


def test_a_check_that_cannot_be_loaded_is_a_line_on_stderr(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS.built_in, "missing", "no_such_package:check")
    load_checks.cache_clear()
    try:
        assert check(written(tmp_path, labels), *AFFINITIES, "--only", "not-finite") == 0
    finally:
        load_checks.cache_clear()
    assert "note: the check 'missing' can't be loaded: ModuleNotFoundError" in capsys.readouterr().err


def test_negative_ids_are_a_finding(tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    status, findings = found(capsys, written(tmp_path, labels.astype(np.int32) - 1), *AFFINITIES)
    assert (status, [f["id"] for f in findings]) == (1, ["negative-ids"])


def test_a_mask_and_a_region_are_taken_into_account(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = np.ones(labels.shape, np.uint8)
    mask[:, :5] = 255
    mask[:, 20:] = 0
    path, other = written(tmp_path, labels), written(tmp_path, mask, "mask")
    _, findings = found(capsys, path, *AFFINITIES, "--mask", other)
    by_id = {f["id"]: f for f in findings}
    assert by_id["mask-not-binary"]["where"]["end"] == [580, 250, 540]
    masked = next(f for f in findings if f["id"] == "zero-weight" and f["numbers"]["reason"] == "not annotated")
    assert masked["where"] == {"begin": [100, 400, 300], "end": [580, 440, 540], "voxels": 24 * 4 * 24}
    _, findings = found(capsys, path, *AFFINITIES, "--mask", other, "--roi", "8:12,8:15,8:15")
    assert "mask-not-binary" not in {f["id"] for f in findings}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.zarr"], "is not there"),
        (["labels.zarr", "--predictor", "affinity"], "did you mean"),
        (["labels.zarr", *AFFINITIES, "--roi", "0:99,:,:"], "99"),
        (["labels.zarr", *AFFINITIES, "--only", "zero-wait"], "no finding 'zero-wait'"),
        (["labels.zarr", *AFFINITIES, "--mask", "plane.zarr"], "mask must have 3 spatial axes like the ground truth"),
        (["labels.zarr", *AFFINITIES, "--memory", "2MB"], "--roi (roi), such as "),
        (["labels.zarr", *AFFINITIES, "--fail-on", "info"], "--fail-on"),
        (["labels.zarr", *AFFINITIES, "--new"], "--new needs --review"),
        (["labels.zarr", *AFFINITIES, "--review", "gone.json"], "gone.json is not there"),
        (["labels.zarr", *AFFINITIES, "--review", "gone.yaml"], "gone.yaml is not there"),
    ],
)
def test_what_the_person_can_put_right_ends_with_2(
    tmp_path: Path,
    labels: np.ndarray,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    written(tmp_path, labels)
    write_ome_zarr(tmp_path / "plane.zarr", Array(labels[9], (10, 10)), "plane")
    monkeypatch.chdir(tmp_path)
    assert check(*arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert said in output.err.splitlines()[-1]


def test_the_region_that_is_advised_fits(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, labels)
    assert check(path, *AFFINITIES, "--memory", "1.2MB") == 2
    advised = capsys.readouterr().err.rstrip().rpartition("such as ")[2]
    assert check(path, *AFFINITIES, "--memory", "1.2MB", "--roi", advised) == 0


def test_colours_are_for_terminals(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    check(written(tmp_path, labels), *AFFINITIES)
    assert "\033[1;36minfo" in capsys.readouterr().out


def test_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--help") == 0
    assert "Exit status: 0 if no errors were found" in " ".join(capsys.readouterr().out.split())


def test_the_mask_in_the_file_is_used_and_a_note_says_so(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    path, known = tmp_path / "crop.h5", np.zeros(labels.shape, np.uint8)
    known[:, :20] = 1
    with h5py.File(path, "w") as file:
        file["volumes/labels/ids"], file["volumes/labels/mask"] = labels.astype(np.uint64), known
    arguments = (path, "volumes/labels/ids", *AFFINITIES, "--only", "zero-weight")

    def reasons(*more: str) -> tuple[set[str], str]:
        assert check(*arguments, *more, "--format", "json") == 0
        printed = capsys.readouterr()
        return {f["numbers"]["reason"] for f in json.loads(printed.out)}, printed.err

    found, said = reasons()
    assert "not annotated" in found
    assert "mask: volumes/labels/mask (found in the file); --mask none does without" in said
    found, said = reasons("--mask", "none")
    assert "not annotated" not in found
    assert "mask:" not in said


def test_doubts_and_what_is_not_annotated_are_told(
    tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=np.where(labels == 4, 99, labels)).attrs.update(
            spacing=[2, 1, 1], ignore_label=99
        )
    status, findings = found(capsys, tmp_path / "a.h5", *AFFINITIES)
    (doubtful,) = [f for f in findings if f["id"] == "voxel-size-doubtful"]
    assert (status, doubtful["severity"]) == (0, "warning")
    assert "spacing = 2, 1, 1 looks like a voxel size, but isn't understood" in doubtful["message"]
    assert check(tmp_path / "a.h5", *AFFINITIES, "--fail-on", "warning") == 1
    assert "note: 99 means “not annotated” in the file: weight 0" in capsys.readouterr().err
    assert cli.main(["list", str(tmp_path / "a.h5")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 × 1 × 1 ?" in lines[1]
    assert lines[3:] == [
        "labels: spacing = 2, 1, 1 looks like a voxel size, but isn't understood.",
        "labels: 99 means “not annotated” in the file: weight 0.",
    ]


def test_axes_are_what_the_option_says(tmp_path: Path, labels: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        gt = file.create_dataset("labels", data=np.stack([labels] * 2, -1))
        gt.attrs.update(axis_names=["z", "y", "x", "c"], types=["channel", "space", "space", "space"])
    arguments = [str(tmp_path / "a.h5"), "labels", *AFFINITIES]
    assert check(*arguments) == 2
    assert "axis_names say z y x channel, types say channel space space space" in capsys.readouterr().err
    assert check(*arguments, "--axes", "zyx") == 2
    assert "axes must have a letter for each of its 4 axes" in capsys.readouterr().err
    status, findings = found(capsys, *arguments, "--axes", "zyxc", "--index", "c=1")
    assert status == 0
    assert {f["severity"] for f in findings} <= {"info"}
