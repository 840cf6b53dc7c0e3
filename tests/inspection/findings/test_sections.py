"""Jumps between sections, and sections that are copies: planted ones are found, clean data have none."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.findings import Finding, find

from .test_alignment import real
from .volumes import affinities, cells, tissue

SIZES = [(10, 10, 10), (40, 4, 4)]


def told(
    labels: np.ndarray, kind: str, size: tuple[int, ...] = (40, 4, 4), raw: np.ndarray | None = None
) -> list[Finding]:
    gt = Array(labels, size, unit="nm")
    source = Source(gt, None, None if raw is None else gt.like(raw))
    return list(find(run(Request(affinities(), source, None, "cpu")), only=[kind]))


def curved(shape: tuple[int, ...] = (24, 80, 80)) -> np.ndarray:
    return tissue(shape, 40)


def moved(labels: np.ndarray, first: int, last: int | None = None, by: tuple[int, int] = (5, -4)) -> np.ndarray:
    result = labels.copy()
    result[first:last] = np.roll(labels[first:last], by, (1, 2))
    return result


def noise(shape: tuple[int, ...]) -> np.ndarray:
    """Raw data that change little from section to section."""
    rng = np.random.default_rng(1)
    return (rng.random(shape[1:]) * 200 + rng.random(shape) * 20).astype(np.uint8)


@pytest.mark.parametrize("kind", ["jump-between-sections", "repeated-section"])
def test_clean_data_have_none(kind: str) -> None:
    for size in SIZES:
        assert told(curved(), kind, size) == []
        assert told(cells(), kind, size) == []
    for name in ("medulla", "crop_fractional", "nuclei 3-D", "nuclei 2-D"):
        source = real(name)
        predictor = affinities(neighborhood=np.eye(source.gt.dims, dtype=int).tolist())
        assert list(find(run(Request(predictor, source, device="cpu")), only=[kind])) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("by", [(5, -4), (0, 7)])
def test_a_step_is_told_with_its_shift(size: tuple[int, ...], by: tuple[int, int]) -> None:
    found = [f for f in told(moved(curved(), 11, None, by), "jump-between-sections", size) if f.numbers["axis"] == "z"]
    (finding,) = found
    assert finding.severity == "warning"
    assert finding.numbers["sections"] == [11]
    np.testing.assert_allclose(finding.numbers["shift_voxels"][0], by, atol=1)
    assert finding.message.startswith("From z 11 on labels are shifted by ")
    assert finding.numbers["changed"][0] > 2 * finding.numbers["usual"]


def test_one_section_that_is_shifted_is_told_once() -> None:
    (finding,) = told(moved(curved(), 11, 12), "jump-between-sections")
    assert finding.message.startswith("Labels of section z 11 are shifted by y +5, x −4 voxels: ")


def test_raw_data_say_whether_they_jump_too() -> None:
    labels = moved(curved(), 11)
    raw = noise(labels.shape)
    (alone,) = told(labels, "jump-between-sections", raw=raw)
    assert "the raw data aren't" in alone.message
    (both,) = told(labels, "jump-between-sections", raw=moved(raw, 11))
    assert "voxels, the raw data, too: " in both.message


def test_missing_sections_are_a_jump_that_no_shift_explains() -> None:
    labels = np.delete(tissue((48, 80, 80), 40), slice(16, 40), 0)
    (finding,) = told(labels, "jump-between-sections")
    assert finding.numbers["sections"] == [16]
    assert "No shift explains it" in finding.message
    assert finding.numbers["shift_voxels"] == [None]


def test_objects_that_go_on_under_other_ids_are_told_so() -> None:
    labels = curved()
    labels[11:] += np.uint16(1000)
    (finding,) = told(labels, "jump-between-sections")
    assert finding.message.startswith("From z 11 on objects have other ids: ")
    assert finding.advice.startswith("Give objects that go on there one id")
    assert finding.numbers["other_ids"] == [True]


@pytest.mark.parametrize("corner", [(0, 64, 32), (16, 0, 16), (32, 16, 16), (40, 64, 64)])
def test_objects_that_lie_aslant_or_end_are_no_jumps(corner: tuple[int, ...]) -> None:
    whole = real("medulla").gt.numpy()
    part = whole[tuple(slice(c, c + n) for c, n in zip(corner, (40, 48, 48), strict=True))]
    assert told(part, "jump-between-sections", (10, 10, 10)) == []


def test_what_is_not_annotated_is_no_jump() -> None:
    labels, known = moved(curved(), 11), np.ones((24, 80, 80), np.uint8)
    known[9:14] = 0
    gt = Array(labels, (40, 4, 4), unit="nm")
    inspection = run(Request(affinities(), Source(gt, gt.like(known)), None, "cpu"))
    assert list(find(inspection, only=["jump-between-sections"])) == []


@pytest.mark.parametrize("size", SIZES)
def test_a_copy_of_labels_is_a_warning(size: tuple[int, ...]) -> None:
    labels = curved()
    labels[7] = labels[6]
    (finding,) = told(labels, "repeated-section", size)
    assert (finding.severity, finding.numbers["sections"], finding.numbers["of"]) == ("warning", [7], "labels")
    assert finding.message == "Labels of section z 7 are the same as in the section before."
    assert finding.where.voxels == labels[0].size
    (finding,) = told(labels, "repeated-section", size, noise(labels.shape))
    assert finding.severity == "warning"


def test_copies_of_raw_data_are_told_apart() -> None:
    labels = curved()
    raw = noise(labels.shape)
    raw[7] = raw[6]
    (finding,) = told(labels, "repeated-section", raw=raw)
    assert (finding.severity, finding.numbers["of"]) == ("info", "raw data")
    labels[7] = labels[6]
    (finding,) = told(labels, "repeated-section", raw=raw)
    assert (finding.severity, finding.numbers["of"]) == ("info", "labels and raw data")


def test_labels_that_were_made_larger_by_copying_are_told_once() -> None:
    (finding,) = told(np.repeat(curved((12, 80, 80)), 2, 0), "repeated-section")
    assert len(finding.numbers["sections"]) == 12
    assert "made larger by copying" in finding.message


def test_columns_that_never_change_are_no_copies() -> None:
    assert told(np.repeat(curved((1, 80, 80)), 24, 0), "repeated-section") == []
