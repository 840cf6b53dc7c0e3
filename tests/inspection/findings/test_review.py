"""Review of findings: what a verdict holds for, what is new, and the list as CSV and JSON."""

from __future__ import annotations

import csv
import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.data import open_array, write_ome_zarr
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import Finding, VoxelSet, find
from predictor_inspector.inspection.findings.review import Review, Verdict, review_from_json

GRID = Array(np.zeros((10, 20, 20), np.uint8), (4000, 524, 400), (1000, 262, -1200), subdivision=100)
PREDICTOR = AffinitiesPredictor([[0, 0, 1]], lsds=False)


def finding(
    begin: int = 0, end: int = 10, id: str = "zero-weight", severity: Any = "warning", **numbers: Any
) -> Finding:
    """About a box of the grid, from one slice to another."""
    where = VoxelSet.box(GRID.roi_of([slice(begin, end), slice(0, 20), slice(4, 8)]), GRID)
    return Finding(id, severity, f"From {begin} to {end}; it's “so”.", "", ("aff x+1",), where, numbers)


@pytest.fixture
def pieces() -> Array:
    """Object 7 in two pieces, and object 8 in two others."""
    ids = np.zeros((4, 20, 60), np.uint16)
    ids[:, 2:8, 2:12], ids[:, 12:18, 2:12] = 7, 7
    ids[:, 2:8, 30:50], ids[:, 12:18, 30:50] = 8, 8
    return Array(ids, (4000, 524, 400), (1000, 262, -1200), subdivision=100)


def in_pieces(gt: Array, *slices: slice) -> dict[int, Finding]:
    found = find(inspect(PREDICTOR, gt, gt.roi_of(slices) if slices else None, device="cpu"))
    return {int(f.numbers["ids"][0]): f for f in found if f.id == "split-object" and len(f.numbers["ids"]) == 1}


def test_a_verdict_holds_for_the_same_objects_in_another_region_and_another_file(pieces: Array, tmp_path: Path) -> None:
    whole = in_pieces(pieces)
    review = Review().judge(whole[7], "fine")
    part = in_pieces(pieces, slice(0, 2), slice(0, 20), slice(0, 40))
    assert part[7].where.roi != whole[7].where.roi
    assert [review.state_of(part[n]) for n in (7, 8)] == ["fine", "open"]
    write_ome_zarr(tmp_path / "a.zarr", pieces, "labels")
    reloaded = in_pieces(open_array(tmp_path / "a.zarr"))
    assert [review.state_of(reloaded[n]) for n in (7, 8)] == ["fine", "open"]


def test_what_is_said_of_some_objects_is_not_said_of_more_of_them_or_of_other_pairs() -> None:
    review = Review().judge(finding(ids=np.array([3, 5, 9])), "fine")
    assert review.state_of(finding(2, 3, ids=[9, 3])) == "fine"
    assert review.state_of(finding(ids=[3, 4])) == "open"
    assert review.state_of(finding()) == "open"
    review = Review().judge(finding(pairs=[[3, 5], [9, 2]]), "fine")
    assert review.state_of(finding(pairs=[[2, 9]])) == "fine"
    assert review.state_of(finding(pairs=[[3, 9]])) == "open"
    # Numbers of pairs are no ids.
    assert Verdict.of(finding(pairs=[39, 4])).ids == ()


def test_what_is_about_no_objects_is_the_same_where_most_of_it_was_judged() -> None:
    review = Review().judge(finding(0, 6), "fine")
    assert review.state_of(finding(1, 3)) == "fine"
    assert review.state_of(finding(3, 9)) == "fine"
    assert review.state_of(finding(4, 10)) == "open"
    assert review.state_of(finding(0, 6, id="channel-constant")) == "open"
    assert review.state_of(finding(0, 6, reason="not annotated")) == "open"


def test_of_more_objects_than_are_named_the_place_counts() -> None:
    review = Review().judge(finding(0, 6, ids=list(range(100))), "fine")
    assert review.state_of(finding(1, 3, ids=[412])) == "fine"
    assert review.state_of(finding(6, 9, ids=[412])) == "open"


def test_the_own_verdict_counts_before_one_of_all_around_it() -> None:
    whole, part = finding(0, 10), finding(2, 4)
    for review in (
        Review().judge(whole, "fine").judge(part, "to fix"),
        Review().judge(part, "to fix").judge(whole, "fine"),
    ):
        assert (review.state_of(part), review.state_of(whole)) == ("to fix", "fine")
    assert len(review.judge(part, "fine").judge(part, "seen").verdicts) == 2
    assert review.judge(part, "seen").state_of(part) == "seen"
    assert review.forget(review.verdicts[0]).state_of(part) == "fine"


def test_to_have_seen_a_finding_says_less_than_to_have_judged_it() -> None:
    seen = Review().see(finding())
    assert seen.state_of(finding()) == "seen"
    judged = seen.judge(finding(), "to fix")
    assert judged.see(finding()) is judged
    assert judged.remaining([finding()])
    assert not judged.judge(finding(), "fine").remaining([finding()])


def test_new_is_what_was_not_in_what_was_loaded() -> None:
    one, other = finding(0, 4), finding(6, 9)
    review = Review().judge(one, "fine")
    assert not review.is_new(other)
    loaded = Review(review.listing([one])).as_loaded()
    assert [loaded.is_new(f) for f in (one, other)] == [False, True]
    assert loaded.judge(other, "to fix").is_new(other)
    assert loaded.summary([one, other]) == "1 fine, 1 open, 1 new"
    assert Review().summary([one, other]) == ""


def test_what_was_judged_elsewhere_is_listed_and_what_was_only_seen_is_not() -> None:
    review = Review().judge(finding(0, 4), "fine").see(finding(6, 9)).judge(finding(9, 10), "to fix")
    assert [j.begin[0] for j in review.elsewhere([finding(0, 4)])] == [370.0]
    assert [(j.begin[0], j.state) for j in review.worklist([finding(0, 4)])] == [(10.0, "fine"), (370.0, "to fix")]
    assert [j.state for j in review.listing([finding(4, 6)])] == ["fine", "open", "seen", "to fix"]


def test_the_list_is_read_back_from_csv() -> None:
    review = Review().judge(finding(0, 4, ids=[3, 5]), "fine").as_loaded().judge(finding(6, 9), "to fix")
    found = finding(5, 6, id="false-boundary", severity="error", pairs=[[9, 2], [2, 4]])
    rows = list(csv.DictReader(StringIO(review.to_csv(review.worklist([finding(6, 9), found]), GRID))))
    assert [(r["kind"], r["severity"], r["state"], r["new"]) for r in rows] == [
        ("false-boundary", "error", "open", "new"),
        ("zero-weight", "warning", "fine", ""),
        ("zero-weight", "warning", "to fix", "new"),
    ]
    assert [r["ids"] for r in rows] == ["2-4 2-9", "3 5", ""]
    row = rows[2]
    assert (row["message"], row["channels"], row["unit"]) == ("From 6 to 9; it's “so”.", "aff x+1", "nm")
    assert [float(row[f"{end}_{axis}"]) for end in ("begin", "end") for axis in "zyx"] == [
        *(250, 2.62, 4),
        *(370, 107.42, 20),
    ]
    assert [int(row[f"voxel_{end}_{axis}"]) for end in ("begin", "end") for axis in "zyx"] == [6, 0, 4, 9, 20, 8]
    assert (int(row["voxels"]), date.fromisoformat(row["since"])) == (3 * 20 * 4, review.verdicts[-1].since)


def test_data_of_other_axes_are_a_sentence() -> None:
    flat = Array(np.zeros((4, 4)), (4, 4))
    with pytest.raises(ValueError, match="zero-weight, has 3 axes, but the ground truth has 2"):
        Verdict.of(finding()).slices(flat)


def test_an_earlier_list_in_json_is_known_and_what_it_is_not_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([finding(0, 4).as_dict(), finding(6, 9).as_dict() | {"state": "fine"}]), "utf-8")
    review = review_from_json(path, "nm")
    assert [review.state_of(f) for f in (finding(0, 4), finding(6, 9))] == ["open", "fine"]
    assert [review.is_new(f) for f in (finding(0, 4), finding(4, 6))] == [False, True]
    for text in ("[", '{"id": 3}', "[3]", '[{"id": "zero-weight"}]'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"a\.json is no list of findings"):
            review_from_json(path, "nm")
    with pytest.raises(FileNotFoundError, match=r"b\.json is not there"):
        review_from_json(tmp_path / "b.json", "nm")
