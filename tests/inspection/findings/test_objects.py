"""Checks of the objects."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from predictor_inspector.core import OneHotPredictor
from predictor_inspector.inspection.findings.components import Components

from .volumes import affinities, array, cells, distance, found, voxels


@given(st.integers(0, 10**6), st.integers(2, 3))
def test_components_know_size_and_box_of_every_piece_and_object(seed: int, ndim: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, rng.integers(1, 9, ndim)) * rng.choice([1, 2**40])
    components = Components.of(labels)
    np.testing.assert_array_equal(components.ids, np.unique(labels[labels > 0]))
    border = components.at_border(tuple(slice(1, n - 1) for n in labels.shape))
    middle = tuple(slice(n // 2, n // 2 + 1) for n in labels.shape)
    inside = components.inside(middle)
    for rank, label in enumerate(components.ids):
        mask = labels == label
        assert components.object_sizes[rank] == mask.sum()
        np.testing.assert_array_equal(components.object_boxes[rank], box(mask))
        np.testing.assert_array_equal(components.voxels_of([rank]), mask)
        pieces, count = ndimage.label(mask, np.ones((3,) * ndim))
        numbers = np.flatnonzero(components.rank == rank)
        assert len(numbers) == count
        for number in numbers:
            piece = components.volume == number
            assert len(np.unique(pieces[piece])) == 1
            assert components.sizes[number] == piece.sum()
            np.testing.assert_array_equal(components.boxes[number], box(piece))
            inner = np.zeros_like(piece)
            inner[(slice(2, -2),) * ndim] = True
            assert border[number] == (piece & ~inner).any()
            assert inside[number] == piece[middle].any()
            np.testing.assert_array_equal(components.voxels(np.arange(len(components.rank)) == number), piece)


def box(mask: np.ndarray) -> np.ndarray:
    """Begin and end around what is True, [axes, 2]."""
    where = np.argwhere(mask)
    return np.stack([where.min(0), where.max(0) + 1], 1)


def test_an_id_in_two_places_is_a_warning_with_both() -> None:
    labels = cells()
    labels[labels == 8] = 1
    gt = array(labels)
    (finding,) = found(affinities(lsds=True, num_voxels=4), gt, "split-object")
    assert (finding.severity, list(finding.numbers["ids"])) == ("warning", [1])
    np.testing.assert_array_equal(voxels(finding, gt), labels == 1)


def test_specks_are_good_to_know_and_distances_depend_on_boundaries_alone() -> None:
    labels = cells()
    labels[0, 0, 20], labels[1, 1, 20] = 0, 1
    gt = array(labels)
    (finding,) = found(affinities(), gt, "split-object")
    assert (finding.severity, finding.where.voxels) == ("info", 1)
    assert voxels(finding, gt)[1, 1, 20]
    labels[labels == 8] = 1
    (finding,) = found(distance(), array(labels), "split-object")
    assert finding.severity == "info"


def test_pieces_that_may_be_connected_outside_are_good_to_know() -> None:
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[10:15, 5:10, :10], labels[10:15, 5:10, 20:], labels[20:25, 20:25, 5:25] = 1, 1, 2
    gt = array(labels)
    (finding,) = found(affinities(), gt, "split-object")
    assert finding.severity == "info"
    assert "unless they are connected outside" in finding.message
    np.testing.assert_array_equal(voxels(finding, gt), labels == 1)
    mask = np.ones_like(labels)
    mask[:, :, 8:22] = 0
    findings = found(affinities(), array(labels * mask), "split-object", mask=array(mask))
    assert {f.severity for f in findings} == {"info"}


def test_how_much_of_an_object_is_apart_is_unknown_if_it_goes_on_outside() -> None:
    labels = cells()
    labels[labels == 8] = 1
    labels[:9, 9, 9] = 1
    (finding,) = found(affinities(), array(labels), "split-object")
    assert (finding.severity, list(finding.numbers["ids"])) == ("info", [1])


def test_a_piece_cannot_be_connected_outside_to_one_that_ends_inside() -> None:
    labels = cells()
    labels[:3, 19:22, 19:22] = 1
    gt = array(labels)
    (finding,) = found(affinities(), gt, "split-object")
    assert (finding.severity, finding.where.voxels) == ("info", 27)
    labels[:9, 17:24, 17:24] = 1
    (finding,) = found(affinities(), array(labels), "split-object")
    assert (finding.severity, list(finding.numbers["ids"])) == ("warning", [1])
    assert "outside" not in finding.message


def test_whole_objects_and_corners_that_touch_are_fine() -> None:
    assert found(affinities(), array(cells()), "split-object") == []
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[4:8, 4:8, 4:8], labels[8:12, 8:12, 8:12], labels[15:, :5, :5] = 1, 1, 2
    assert found(affinities(), array(labels), "split-object") == []


def test_objects_that_no_pair_fits_into_are_small() -> None:
    labels = cells()
    labels[1:5, 1:5, 20:24] = 99
    gt = array(labels)
    (finding,) = found(affinities(neighborhood=[[0, 0, 1], [0, 4, 0]]), gt, "small-object")
    assert (finding.severity, list(finding.numbers["ids"]), finding.channels) == ("info", [99], ("aff y+4",))
    np.testing.assert_array_equal(voxels(finding, gt), labels == 99)
    assert found(affinities(neighborhood=[[0, 0, 1], [0, 3, 0]]), gt, "small-object") == []


def test_objects_smaller_than_sigma_are_small_and_cut_ones_may_be_larger() -> None:
    labels = cells()
    labels[1:5, 1:5, 20:24], labels[36:, 1:5, 20:24] = 99, 98
    gt = array(labels)
    (finding,) = found(affinities(lsds=True, num_voxels=5), gt, "small-object")
    assert list(finding.numbers["ids"]) == [99]
    assert finding.channels[0] == "lsd mean offset z"
    assert found(affinities(lsds=True, num_voxels=4), gt, "small-object") == []


def test_specks_beside_large_objects_are_small_whatever_is_trained_and_small_ones_among_their_like_are_not() -> None:
    labels = cells()
    labels[1:4, 1:4, 20:23], labels[30, 20, 38:] = 99, 98
    gt = array(labels)
    for predictor in (affinities(), affinities(lsds=True, num_voxels=2), distance(scale_factor=10)):
        (finding,) = found(predictor, gt, "small-object")
        assert (finding.severity, list(finding.numbers["ids"]), list(finding.numbers["voxels"])) == ("info", [99], [27])
        np.testing.assert_array_equal(voxels(finding, gt), labels == 99)
    many = np.zeros((40, 40, 40), np.uint16)
    for number, (z, y, x) in enumerate(np.ndindex(7, 7, 7), 1):
        many[5 * z + 1 : 5 * z + 4, 5 * y + 1 : 5 * y + 4, 5 * x + 1 : 5 * x + 4] = number
    assert found(affinities(), array(many), "small-object") == []


def test_objects_whose_distances_stay_near_zero_are_small() -> None:
    labels = cells()
    labels[1:3, 1:3, 20:23] = 99
    gt = array(labels)
    (finding,) = found(distance(), gt, "small-object")
    assert list(finding.numbers["ids"]) == [99]
    np.testing.assert_array_equal(voxels(finding, gt), labels == 99)
    assert found(distance(), array(cells()), "small-object") == []


def test_ids_without_a_class_are_found_one_by_one() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[2:5, 2:5, 2:5], labels[10:12, 10:12, 10:14], labels[15, 15, 15] = 1, 3, 7
    gt = array(labels)
    three, seven = found(OneHotPredictor(["bg", "a", "b"]), gt, "unknown-class")
    assert three.severity == "warning"
    np.testing.assert_array_equal(voxels(three, gt), labels == 3)
    np.testing.assert_array_equal(voxels(seven, gt), labels == 7)
    assert found(OneHotPredictor(list("abcdefgh")), gt, "unknown-class") == []
    (three,) = found(OneHotPredictor(["bg", "a", "b"], ignore=7), gt, "unknown-class")
    assert three.numbers["ids"] == [3]
    mask = (labels < 3).astype(np.uint8)
    assert found(OneHotPredictor(["bg", "a", "b"]), gt, "unknown-class", mask=array(mask)) == []


def test_objects_cut_by_the_region_are_good_to_know() -> None:
    gt = array(cells())
    assert found(affinities(), gt, "truncated-object") == []
    roi = gt.roi_of([slice(0, 40), slice(0, 10), slice(0, 20)])
    (finding,) = found(affinities(), gt, "truncated-object", roi)
    cut = np.zeros((40, 40, 40), bool)
    cut[gt.to_slices(roi)] = True
    assert finding.severity == "info"
    np.testing.assert_array_equal(voxels(finding, gt), (cells() > 0) & cut)


def test_a_slice_does_not_cut_what_it_is_a_slice_of() -> None:
    gt = array(cells())
    assert found(affinities(), gt, "truncated-object", gt.roi_of([slice(9, 10), slice(0, 40), slice(0, 40)])) == []


def test_a_region_without_objects_is_empty_unless_background_is_a_class() -> None:
    gt = array(np.zeros((20, 20, 20), np.uint8))
    (finding,) = found(distance(), gt, "empty-region")
    assert (finding.severity, finding.where.roi) == ("warning", gt.roi)
    assert found(OneHotPredictor(["bg", "a"]), gt, "empty-region") == []
    assert found(distance(), array(cells()), "empty-region") == []


def test_an_id_that_is_ignored_is_no_finding() -> None:
    gt = array(np.where(cells() > 4, 255, cells()).astype(np.uint8))
    classes = [f"class {i}" for i in range(5)]
    assert found(OneHotPredictor(classes), gt, "ignore-id")
    assert found(OneHotPredictor(classes, ignore=255), gt, "ignore-id") == []
