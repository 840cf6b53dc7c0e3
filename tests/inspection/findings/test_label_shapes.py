"""Holes, objects within objects, slivers and islands: found where they were planted, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.findings import Finding, cured, find

from .test_alignment import real
from .volumes import affinities, array, cells, tissue, voxels

KINDS = ["holes", "nested-object", "slivers", "single-section-island"]
ISOTROPIC, SECTIONS, FRACTIONAL = (10, 10, 10), (40, 4, 4), (524, 400, 400)


def gt_of(labels: np.ndarray, size: tuple[int, ...] = ISOTROPIC) -> Array:
    return Array(labels, size[-labels.ndim :], None, None, "nm", 100 if size == FRACTIONAL else 1)


def request(gt: Array, mask: Array | None = None, box: tuple[slice, ...] | None = None) -> Request:
    roi = None if box is None else gt.roi_of(box)
    return Request(affinities(neighborhood=np.eye(gt.dims, dtype=int).tolist()), Source(gt, mask), roi, "cpu")


def told(request: Request) -> list[Finding]:
    return list(find(run(request), only=KINDS))


def kinds_of(request: Request) -> dict[str, list[int]]:
    return {f.id: np.asarray(f.numbers["ids"]).tolist() for f in told(request)}


@pytest.mark.parametrize("size", [ISOTROPIC, SECTIONS, FRACTIONAL])
@pytest.mark.parametrize("make", [cells, tissue])
def test_clean_labels_have_none(size: tuple[int, ...], make: Any) -> None:
    assert kinds_of(request(gt_of(make(), size))) == {}


def test_clean_pictures_and_real_labels_have_none() -> None:
    assert kinds_of(request(gt_of(cells((60, 60))))) == {}
    for name in ("medulla", "crop_fractional", "nuclei 2-D", "nuclei 3-D"):
        source = real(name)
        assert kinds_of(request(source.gt, source.mask)) == {}


@pytest.mark.parametrize("size", [ISOTROPIC, SECTIONS, FRACTIONAL])
def test_a_hole_is_told_and_filled(size: tuple[int, ...]) -> None:
    labels = cells()
    labels[8:11, 8:11, 8:11] = 0
    labels[9, 9, 27] = 0  # of object 2, too small to matter
    of = request(gt_of(labels, size))
    large, small = told(of)
    assert (large.severity, small.severity) == ("warning", "info")
    assert (large.numbers["ids"], large.numbers["voxels"]) == ([1], [27])
    assert (small.numbers["ids"], small.numbers["voxels"]) == ([2], [1])
    assert large.message == "Object 1 has 1 hole of background inside, of 27 voxels in all."
    assert large.where.voxels == 27
    filled = cured(cured(of, large.cure), small.cure).source.gt
    np.testing.assert_array_equal(filled.numpy(), cells())
    np.testing.assert_array_equal(of.source.gt.numpy(), labels)


def test_a_hole_in_a_picture_is_told() -> None:
    labels = cells((60, 60))
    labels[6:12, 6:12] = 0
    (finding,) = told(request(gt_of(labels)))
    assert (finding.id, finding.numbers["voxels"]) == ("holes", [36])


def test_what_is_open_not_annotated_or_at_the_end_is_no_hole() -> None:
    labels = cells()
    labels[8:11, 8:11, 8:11] = 0
    known = np.ones(labels.shape, np.uint8)
    known[9, 9, 9] = 0
    assert kinds_of(request(gt_of(labels), gt_of(known))) == {}
    assert kinds_of(request(gt_of(labels), None, (slice(0, 9), slice(0, 40), slice(0, 40)))) == {}
    labels[9, 9, :9] = 0
    assert kinds_of(request(gt_of(labels))) == {}


def test_an_object_in_another_is_told_apart_from_a_hole() -> None:
    labels = cells()
    labels[6:13, 6:13, 6:13] = 0
    labels[9, 9, 9] = 77
    of = request(gt_of(labels))
    found = {f.id: f for f in told(of)}
    assert set(found) == {"holes", "nested-object"}
    assert found["holes"].numbers["voxels"] == [7**3 - 1]
    assert found["nested-object"].message == "Object 77 lies wholly inside object 1, with 1 voxel."
    assert found["nested-object"].numbers["inner"].tolist() == [77]
    joined = cured(of, found["nested-object"].cure).source.gt.numpy()
    assert joined[9, 9, 9] == 1


def test_pieces_of_an_object_that_another_encloses_are_called_pieces() -> None:
    labels = cells()
    labels[9, 9, 9] = 2
    (finding,) = told(request(gt_of(labels)))
    assert finding.message == "Object 2 has pieces that lie wholly inside object 1, with 1 voxel."


def test_specks_in_objects_are_told_together_and_larger_ones_one_by_one() -> None:
    labels = cells()
    inside = [np.argwhere(labels == number).mean(0).astype(int) for number in (1, 2, 3)]
    for number, (centre, half) in enumerate(zip(inside, (0, 0, 1), strict=True), 70):
        labels[tuple(slice(c - half, c + half + 1) for c in centre)] = number
    large, specks = told(request(gt_of(labels)))
    assert large.message == "Object 72 lies wholly inside object 3, with 27 voxels."
    assert specks.message == "2 objects (70 and 71) lie wholly inside 2 others (1 and 2), with 2 voxels."


def test_objects_that_are_shells_have_no_holes() -> None:
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[3:27, 3:27, 3:27], labels[4:26, 4:26, 4:26], labels[28, 28, 28] = 1, 0, 2
    assert kinds_of(request(gt_of(labels))) == {}


@pytest.mark.parametrize("size", [ISOTROPIC, FRACTIONAL])
@pytest.mark.parametrize("slant", [False, True])
def test_a_sliver_is_told_and_deleted(size: tuple[int, ...], slant: bool) -> None:
    labels = cells()
    for x in range(4, 36):
        labels[18 + x // 10 if slant else 19, 18:21, x] = 77
    before = labels == 77
    of = request(gt_of(labels, size))
    (finding,) = told(of)
    assert (finding.id, finding.severity) == ("slivers", "info")
    assert (finding.numbers["ids"].tolist(), finding.numbers["voxels"]) == ([77], [int(before.sum())])
    np.testing.assert_array_equal(voxels(finding, of.source.gt), before)
    np.testing.assert_array_equal(cured(of, finding.cure).source.gt.numpy(), np.where(before, 0, labels))


def test_thin_objects_are_no_slivers_where_they_end_outside_or_are_what_was_drawn() -> None:
    labels = cells()
    labels[19, 18:21, 4:] = 77
    assert kinds_of(request(gt_of(labels))) == {}
    nets = np.zeros((30, 30, 30), np.uint8)
    nets[5, 4:25, 5], nets[15, 4:25, 5], nets[25, 4:25, 5] = 1, 2, 3
    assert kinds_of(request(gt_of(nets))) == {}


def test_an_island_in_one_section_is_told_where_voxels_are_long() -> None:
    labels = cells()
    labels[19, 17:23, 17:23] = 77
    labels[19, 33:39, 17:23] = 1  # away from the rest
    assert "single-section-island" not in kinds_of(request(gt_of(labels, ISOTROPIC)))
    of = request(gt_of(labels, SECTIONS))
    found = {int(f.numbers["ids"][0]): f for f in told(of)}
    assert found[77].message == "Object 77 is in section 19 only, 36 voxels in all."
    assert found[1].message == "A piece of object 1 is in section 19 only, 36 voxels in all."
    mended = cured(of, found[1].cure).source.gt.numpy()
    np.testing.assert_array_equal(mended, np.where((labels == 1) & (np.arange(40) == 19)[:, None, None], 0, labels))


def test_an_island_needs_annotated_sections_on_both_sides() -> None:
    labels = cells()
    labels[19, 17:23, 17:23] = 77
    known = np.ones(labels.shape, np.uint8)
    known[20:] = 0
    assert kinds_of(request(gt_of(labels, SECTIONS), gt_of(known, SECTIONS))) == {}
    assert kinds_of(request(gt_of(labels[:20], SECTIONS))) == {}


def test_sections_that_were_labelled_one_by_one_are_a_warning() -> None:
    labels = cells((40, 40, 40), 7, 18).astype(np.int64)
    labels = np.where(labels > 0, labels + 1000 * np.arange(40)[:, None, None], 0)
    finding = next(f for f in told(request(gt_of(labels, SECTIONS))) if f.id == "single-section-island")
    assert finding.severity == "warning"
    assert "labelled by itself" in finding.message
    assert finding.cure is None


def test_cures_find_their_place_in_a_region_of_the_data() -> None:
    labels = cells()
    labels[26:29, 26:29, 26:29] = 0
    gt = array(labels)
    of = request(gt, None, (slice(1, 38),) * 3)
    (finding,) = told(of)
    np.testing.assert_array_equal(cured(of, finding.cure).source.gt.numpy(), cells())
