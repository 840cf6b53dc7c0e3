"""Samples of pipelines: what is taken out of items, and what becomes of pipelines that fail."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch

from predictor_inspector.data.their_errors import last_line, place_of
from predictor_inspector.data.training_samples import PipelineError, SampleStream, TrainingSample, keys_from_text
from predictor_inspector.data.training_samples.pipeline import called, items_of, load
from predictor_inspector.data.training_samples.sample import Layout, samples_from

PIPELINES = f"{Path(__file__).with_name('pipelines.py')}"
GUESS = Layout({})


def stream(function: str, **more: object) -> SampleStream:
    return SampleStream(f"{PIPELINES}:{function}", **more)  # type: ignore[arg-type]


def shapes(sample: TrainingSample) -> dict[str, tuple[int, ...]]:
    return {role: array.shape for role, array in sample.arrays.items()}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_loader_gives_sample_after_sample_whatever_it_prints() -> None:
    with stream("loader") as samples:
        found = [samples.next() for _ in range(6)]
        assert samples.next() is None
    assert found[5] is None
    assert [sample is None for sample in found[:5]] == [False] * 5
    first = found[0]
    assert first is not None
    assert shapes(first) == {"raw": (1, 6, 8, 8), "labels": (6, 8, 8), "target": (3, 6, 8, 8)}
    assert first.labels is not None
    assert (first.labels.dtype, first.labels.unit) == (np.int64, "pixel")
    firsts = [float(s.raw.numpy().min()) // 1 for s in found[:5] if s is not None and s.raw is not None]
    assert firsts == [0, 1, 2, 3, 4]


def test_a_sample_that_cannot_be_one_ends_with_the_sentence_that_all_errors_get(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sample_in(*frame: object) -> TrainingSample:
        raise ValueError("labels have no voxels")

    monkeypatch.setattr("predictor_inspector.data.training_samples.stream.sample_in", sample_in)
    with stream("loader") as samples:
        with pytest.raises(PipelineError, match=r":loader gave no first sample: labels have no voxels$"):
            samples.next()
        assert samples.next() is None
        assert samples.taken == 0


def test_a_module_in_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(tmp_path, "train.py").write_text("import numpy\nsamples = [{'raw': numpy.eye(4)}]\n")
    monkeypatch.chdir(tmp_path)
    with SampleStream("train:samples", voxel_size=(8, 8)) as samples:
        sample = samples.next()
        assert sample is not None
        assert sample.raw is not None
        assert (sample.raw.physical_voxel_size, sample.raw.unit) == ((8, 8), "nm")
        assert samples.next() is None
        assert samples.next() is None


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("ends_early", "ended with exit status 3 after 1 sample; it last printed: about to end"),
        ("segmentation_fault", "ended by SIGSEGV, a segmentation fault before its first sample"),
        (
            "worker_raises",
            r"gave no first sample: RuntimeError: no such crop \(pipelines.py, line \d+, in __getitem__\)",
        ),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals have other names")
def test_a_pipeline_that_fails_is_a_sentence(function: str, said: str) -> None:
    with stream(function) as samples, pytest.raises(PipelineError, match=said):
        list(iter(samples.next, None))


def test_a_pipeline_that_prints_for_ever_is_ended_with_all_that_it_started() -> None:
    with stream("hangs") as samples:
        sample = samples.next()
        with pytest.raises(PipelineError, match=r"hangs gave no 2nd sample within 200 ms and was ended"):
            samples.next(timeout=0.2)
        assert "again and again" in samples.printed
    assert sample is not None
    assert sample.raw is not None
    while is_running(int(sample.raw.numpy().min())):
        pass  # a signal takes a moment; the test would never end


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises", r"KeyError: 'RAW'"),
        ("exits", r".*usage: train.py CONFIG"),
        ("number", r"it must return an iterator, a Dataset, .* got builtins.int"),
        ("needs_arguments", r"TypeError: needs_arguments.* missing 1 required positional argument"),
        ("pipeline_alone", r"a gunpowder pipeline needs a request: return \(pipeline, request\)"),
        ("missing", r"pipelines.py has no 'missing'; known are "),
    ],
)
def test_what_is_wrong_with_a_pipeline_is_told_in_its_last_line(name: str, said: str) -> None:
    errors = (KeyError, SystemExit, TypeError, ValueError)
    with ExitStack() as opened, pytest.raises(errors, match=said.rpartition("Error: ")[2]) as raised:
        list(items_of(called(load(f"{PIPELINES}:{name}")), opened)[0])
    assert re.search(said, last_line(raised.value))
    if name in ("raises", "exits"):
        assert re.fullmatch(rf"pipelines.py, line \d+, in {name}", place_of(raised.value))


@pytest.mark.parametrize("path", ["train", "train:", ":make", ""])
def test_a_pipeline_needs_a_module_and_a_function(path: str) -> None:
    with pytest.raises(ValueError, match=r"an import path is module:name or path/to/file.py:name"):
        SampleStream(path)


def test_keys_are_read_from_text() -> None:
    assert keys_from_text("raw=RAW, labels = GT") == {"raw": "RAW", "labels": "GT"}
    assert keys_from_text("") == {}
    for text in ("raw", "raw=", "em=RAW"):
        with pytest.raises(ValueError, match=f"keys are given as raw=RAW,labels=GT .* got '{text}'"):
            keys_from_text(text)


def test_pairs_and_tuples_are_taken_by_place_and_type() -> None:
    raw, ids, target, weight = (
        torch.rand(1, 6, 8, 8),
        torch.ones(6, 8, 8, dtype=torch.int32),
        *torch.rand(2, 3, 6, 8, 8),
    )
    (sample,) = samples_from((raw, target), GUESS)
    assert shapes(sample) == {"raw": (1, 6, 8, 8), "target": (3, 6, 8, 8)}
    (sample,) = samples_from([raw, ids, target, weight], GUESS)
    assert shapes(sample) == {
        "raw": (1, 6, 8, 8),
        "labels": (6, 8, 8),
        "target": (3, 6, 8, 8),
        "weight": (3, 6, 8, 8),
    }
    (sample,) = samples_from((raw, target), Layout({"raw": "1", "target": "0"}))
    assert shapes(sample)["raw"] == (3, 6, 8, 8)


def test_batches_are_taken_apart() -> None:
    batch = {"image": torch.rand(2, 1, 16, 16), "label": torch.ones(2, 16, 16, dtype=torch.int64)}
    assert [shapes(s) for s in samples_from(batch, Layout({}, batched=True))] == [
        {"raw": (1, 16, 16), "labels": (16, 16)}
    ] * 2
    with_target = {"labels": np.ones((2, 6, 8, 8), int), "target": np.ones((2, 3, 6, 8, 8))}
    assert len(samples_from(with_target, Layout({}, (40, 4, 4)))) == 2


def test_raw_data_that_reach_further_lie_around_the_target() -> None:
    (sample,) = samples_from({"raw": np.zeros((10, 12, 12)), "target": np.zeros((3, 6, 8, 8))}, Layout({}, (40, 4, 4)))
    assert sample.raw is not None
    assert sample.target is not None
    assert sample.raw.roi.contains(sample.target.roi)
    assert tuple(sample.target.roi.begin - sample.raw.roi.begin) == (80, 8, 8)


def test_batches_of_gunpowder_lie_where_they_say() -> None:
    from . import pipelines

    both = samples_from(next(pipelines.batches()), Layout({"raw": "RAW", "labels": "GT"}))
    assert [shapes(sample) for sample in both] == [{"raw": (1, 8, 10, 10), "labels": (4, 6, 6)}] * 2
    assert both[0].labels is not None
    assert (tuple(both[0].labels.voxel_size), tuple(both[0].labels.offset)) == ((40, 4, 4), (80, 8, 8))


@pytest.mark.parametrize(
    ("item", "layout", "said"),
    [
        ({"x": 1}, Layout({"raw": "RAW"}), "there is no 'RAW' for raw in an item, which holds x (int)"),
        ({"foo": np.zeros((4, 4))}, GUESS, "nothing in an item looks like raw data or labels: it holds foo ([4, 4])"),
        ({"raw": np.zeros(4)}, GUESS, "raw must have two spatial axes or more and no empty ones, got shape [4]"),
        ({"raw": np.zeros((4, 4), complex)}, GUESS, "raw must be an array of numbers, got raw ([4, 4])"),
        ({"raw": [[1], [2, 3]]}, GUESS, "raw must be an array of numbers, got raw (list)"),
        (
            {"raw": np.zeros((2, 2, 2, 8, 8)), "labels": np.ones((4, 8, 8), int)},
            Layout({}, (1, 1)),
            "raw must have 2 spatial axes and at most one of channels, got shape [2, 2, 2, 8, 8]",
        ),
        (
            {"raw": np.zeros((2, 1, 8, 8)), "labels": np.ones((3, 8, 8), int)},
            Layout({}, batched=True),
            "the arrays of a batch have 2 and 3 samples",
        ),
    ],
)
def test_nonsense_is_a_sentence(item: object, layout: Layout, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        samples_from(item, layout)
