"""The command `samples`, run in-process; pipelines run in a process of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from predictor_inspector import cli

PIPELINE = """
import numpy as np

IDS = np.random.default_rng(0).integers(0, 4, (4, 6, 6)).repeat(3, 0).repeat(4, 1).repeat(4, 2)


def affinities(ids):
    made = np.zeros((2, *ids.shape), np.float32)
    made[0, :, :-1] = (ids[:, :-1] == ids[:, 1:]) & (ids[:, :-1] > 0)
    made[1, :, :, :-1] = (ids[:, :, :-1] == ids[:, :, 1:]) & (ids[:, :, :-1] > 0)
    return made


def samples():
    for n in range(2):
        raw = np.random.default_rng(n).random((1, *IDS.shape), np.float32)
        yield {"raw": raw, "GT": IDS, "made": affinities(IDS)}
    yield {"raw": raw, "GT": IDS[..., ::-1], "made": affinities(IDS)[..., ::-1]}
    raise RuntimeError("no more")
"""
OPTIONS = ["--keys", "raw=raw,labels=GT,target=made", "--predictor", "affinities", "--set", "lsds=false"]
OFFSETS = ["--set", "neighborhood=[[0,1,0],[0,0,1]]"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def samples(*arguments: object) -> int:
    return cli.main(["samples", *(str(a) for a in arguments)])


def test_samples_are_listed_and_drawn_and_what_is_found_is_told_even_where_a_pipeline_fails(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert samples("train.py:samples", *OPTIONS, *OFFSETS, "--out", "pictures", "--ignore", "no-op-augmentation") == 2
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].split("  ")[0] == "SAMPLE"
    assert [line.split("  ")[-1] for line in lines[1:3]] == ["nothing", "nothing"]
    assert "1 × 12 × 24 × 24" in lines[1]
    assert "error    target-augmented" in lines
    assert "    In sample 2 the target was made before labels were flipped along x: offsets point elsewhere." in lines
    assert lines[-1] == "1 error, 1 warning, 0 infos in 3 samples"
    assert (
        "error: train.py:samples gave no 4th sample: RuntimeError: no more (train.py, line 19, in samples)"
        in printed.err
    )
    assert sorted(p.name for p in (folder / "pictures").iterdir()) == [f"sample_000{n}.png" for n in range(3)]
    assert samples("train.py:samples", "--out", "pictures") == 2
    assert "pictures is there already; choose another --out" in capsys.readouterr().err


def test_programs_get_samples_and_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("train:samples", *OPTIONS, *OFFSETS, "--voxel-size", "40,8,8", "--count", 2, "--format", "json")
    assert samples(*arguments) == 0
    told = json.loads(capsys.readouterr().out)
    first, second = told["samples"]
    assert (first["sample"], first["differs"], first["not_compared"]) == (0, 0, "")
    assert first["arrays"]["labels"]["voxel_size"] == [40, 8, 8]
    assert second["arrays"]["raw"]["shape"] == [1, 12, 24, 24]
    (finding,) = told["findings"]
    assert (finding["id"], finding["severity"], finding["numbers"]["samples"]) == ("context-lost", "warning", [0, 1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train"], "an import path is module:name or path/to/file.py:name, got 'train'"),
        (["train:samples", "--keys", "em=raw"], "keys are given as raw=RAW,labels=GT"),
        (["train:samples", "--count", "0"], "--count must be more than 0, got 0"),
        (["train:samples", "--voxel-size", "a"], "--voxel-size needs a positive number per axis"),
        (["train:samples", "--only", "nonsense"], "there is no finding 'nonsense'"),
    ],
)
def test_a_wrong_call_ends_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert samples(*arguments) == 2
    assert said in capsys.readouterr().err
