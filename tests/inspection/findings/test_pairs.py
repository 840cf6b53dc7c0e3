"""Checks of affinities."""

from __future__ import annotations

import numpy as np

from .volumes import affinities, array, cells, found, tissue, voxels


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


def test_an_offset_longer_than_objects_is_a_warning_and_shorter_ones_are_fine() -> None:
    gt = array(cells())
    (finding,) = found(affinities(neighborhood=[[0, 0, 7], [0, 16, 0]]), gt, "offset-too-long")
    assert (finding.severity, finding.channels, finding.numbers["positive"]) == ("warning", ("aff y+16",), 0)


def test_an_offset_longer_than_the_data_is_an_error() -> None:
    gt = array(cells())
    (finding,) = found(affinities(neighborhood=[[0, 0, 1], [-40, 0, 0]]), gt, "offset-too-long")
    assert (finding.severity, finding.channels) == ("error", ("aff z-40",))
