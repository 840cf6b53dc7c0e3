"""Checks for boundaries that were never annotated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from predictor_inspector.core import HotDistancePredictor, InnerDistancePredictor, Predictor

from .volumes import affinities, array, cells, distance, found, tissue, voxels


def half(shape: tuple[int, ...] = (40, 40, 40)) -> np.ndarray:
    mask = np.ones(shape, np.uint8)
    mask[..., 25:] = 0
    return mask


def test_affinities_to_what_is_not_annotated_are_told_apart_from_those_that_leave_the_data() -> None:
    mask = half()
    gt = array(tissue() * mask)
    findings = found(affinities(mask_pairs=False), gt, "false-boundary", mask=array(mask))
    assert {f.severity for f in findings} == {"error"}
    places = {f.channels: f for f in findings}
    assert set(places) == {("aff z+1",), ("aff y+1",), ("aff x+1",)}
    for name, index in (
        ("aff z+1", np.s_[39:, :, :25]),
        ("aff y+1", np.s_[:, 39:, :25]),
        ("aff x+1", np.s_[:, :, 24:25]),
    ):
        expected = np.zeros(mask.shape, bool)
        expected[index] = True
        np.testing.assert_array_equal(voxels(places[(name,)], gt), expected)
    assert "not annotated" in places[("aff x+1",)].message
    assert "outside the data" in places[("aff z+1",)].message


def test_offsets_that_point_the_same_way_are_told_of_together() -> None:
    gt = array(tissue())
    findings = found(affinities(neighborhood=[[1, 0, 0], [3, 0, 0], [0, 2, 0]], mask_pairs=False), gt, "false-boundary")
    assert {f.channels for f in findings} == {("aff z+1", "aff z+3"), ("aff y+2",)}


def test_boundaries_where_the_annotation_ends_are_false() -> None:
    mask = np.ones((40, 40, 40), np.uint8)
    mask[:, :, 25:] = 0
    labels = tissue() * mask
    gt = array(labels)
    (finding,) = found(affinities(neighborhood=[[0, 0, 2]], mask_pairs=False), gt, "false-boundary", mask=array(mask))
    assert (finding.severity, finding.channels) == ("error", ("aff x+2",))
    expected = np.zeros(mask.shape, bool)
    expected[:, :, 23:25] = True
    np.testing.assert_array_equal(voxels(finding, gt), expected)
    assert found(affinities(neighborhood=[[0, 0, 2]]), gt, "false-boundary", mask=array(mask)) == []


def test_boundaries_at_the_edge_of_the_data_are_false_however_it_is_padded() -> None:
    gt = array(tissue())
    for outside in ("clip", "zero"):
        (finding,) = found(
            affinities(neighborhood=[[-3, 0, 0]], mask_pairs=False), gt, "false-boundary", outside=outside
        )
        assert voxels(finding, gt)[:3].all()
        assert finding.where.voxels == 3 * 40 * 40


def test_background_and_true_boundaries_at_the_edge_are_none() -> None:
    assert found(affinities(mask_pairs=False), array(cells()), "false-boundary") == []


def test_a_region_inside_the_data_has_no_false_boundaries() -> None:
    gt = array(tissue())
    inner = gt.roi.grow(-gt.voxel_size, -gt.voxel_size)
    assert found(affinities(mask_pairs=False), gt, "false-boundary", inner) == []


def false_distances(labels: np.ndarray, mask: np.ndarray, scale: float) -> np.ndarray:
    """Voxels of which the nearest boundary, within 1.83 scales, is a face with an unknown 0; by brute force, 10 nm voxels."""
    faces, false = [], []
    for axis in range(3):
        n = labels.shape[axis]
        a, b = np.take(labels, range(n - 1), axis), np.take(labels, range(1, n), axis)
        known_a, known_b = np.take(mask, range(n - 1), axis) > 0, np.take(mask, range(1, n), axis) > 0
        wrong = (known_a & ~known_b & (a > 0) & (b == 0)) | (known_b & ~known_a & (b > 0) & (a == 0))
        for flags, places in ((a != b, faces), (wrong, false)):
            places.append(np.argwhere(flags) + 0.5 * np.eye(3)[axis])
    nodes = [np.full([2 * n - 1 for n in labels.shape], True) for _ in range(2)]
    for grid, places in zip(nodes, (np.concatenate(faces), np.concatenate(false)), strict=True):
        grid[tuple((2 * places).astype(int).T)] = False
    real, wrong_only = (ndimage.distance_transform_edt(grid, [5, 5, 5])[::2, ::2, ::2] for grid in nodes)
    return (labels > 0) & (mask > 0) & (wrong_only <= real + 1e-3) & (np.tanh(real / scale) < 0.95)


@pytest.mark.parametrize("labels", [tissue(), cells()], ids=["tissue", "cells"])
def test_distances_to_unknown_zeros_are_an_error_where_no_boundary_is_nearer(labels: np.ndarray) -> None:
    mask = half()
    gt, known = array(labels * mask), array(mask)
    (finding,) = found(distance(), gt, "false-boundary", mask=known)
    assert finding.severity == "error"
    np.testing.assert_array_equal(voxels(finding, gt), false_distances(labels * mask, mask, 50))
    assert found(distance(mask_distances=True), gt, "false-boundary", mask=known) == []


def test_of_a_hot_distance_only_the_distance_is_false_and_an_inner_distance_has_no_mask_to_switch_on() -> None:
    mask = half()
    gt, known = array(tissue() * mask), array(mask)
    (finding,) = found(HotDistancePredictor(["cells"], 50, False), gt, "false-boundary", mask=known)
    assert (finding.severity, finding.channels) == ("error", ("distance cells",))
    (finding,) = found(InnerDistancePredictor(["cells"], 50), gt, "false-boundary", mask=known)
    assert finding.severity == "info"
    assert "mask distances on" in finding.advice


@pytest.mark.parametrize("predictor", [distance(), InnerDistancePredictor(["cells"], 50)])
def test_padded_zeros_are_boundaries_and_without_padding_there_are_none(predictor: Predictor) -> None:
    gt = array(tissue())
    (finding,) = found(predictor, gt, "false-boundary", outside="zero")
    assert voxels(finding, gt)[0].all()
    assert not voxels(finding, gt)[20, 20, 20]
    assert found(predictor, gt, "false-boundary") == []


def test_objects_that_go_on_beyond_the_annotation_or_end_before_it_have_true_boundaries() -> None:
    mask = array(half())
    assert found(distance(), array(tissue()), "false-boundary", mask=mask) == []
    labels = cells()
    labels[..., 18:] = 0
    assert found(distance(), array(labels), "false-boundary", mask=mask) == []
