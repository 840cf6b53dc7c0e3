"""Checks of values."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import Array, Predictor
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import check_inputs, find

from .volumes import affinities, array, cells, voxels


def ids_of(gt: Array, mask: Array | None = None) -> list[str]:
    return [f.id for f in check_inputs(Source(gt, mask))]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint64])
def test_integers_and_binary_masks_are_fine(dtype: type) -> None:
    labels = cells().astype(dtype)
    for mask in (np.ones_like(labels), labels > 0):
        assert ids_of(array(labels), array(mask)) == []


def test_labels_that_are_floats_are_an_error_even_if_whole() -> None:
    (finding,) = check_inputs(Source(array(cells().astype(np.float32))))
    assert (finding.id, finding.severity, finding.numbers["fractions"]) == ("float-labels", "error", 0)


def test_fractions_are_found_where_they_are() -> None:
    labels = cells().astype(np.float32)
    labels[3:5, 7, 9:12] = 1.5
    gt = array(labels)
    (finding,) = check_inputs(Source(gt))
    assert finding.id == "float-labels"
    np.testing.assert_array_equal(voxels(finding, gt), labels == 1.5)
    assert finding.where.as_dict() == {"begin": [130, 270, 390], "end": [150, 280, 420], "voxels": 6}


def test_nan_and_infinity_are_found_in_labels_and_masks() -> None:
    labels, mask = cells().astype(np.float64), np.ones((40, 40, 40), np.float32)
    labels[0, 0, 0], labels[2, 5, 0], mask[39, 39, 39] = np.nan, np.inf, np.nan
    gt, known = array(labels), array(mask)
    first, second = (f for f in check_inputs(Source(gt, known)) if f.id == "not-finite")
    np.testing.assert_array_equal(voxels(first, gt), ~np.isfinite(labels))
    np.testing.assert_array_equal(voxels(second, known), np.isnan(mask))
    assert first.numbers == {"nan": 1, "infinite": 1}


def test_nan_that_a_predictor_makes_is_an_error_with_its_channel() -> None:
    class Broken(type(affinities())):  # type: ignore[misc]
        def target_in(self, gt, roi, cache=None):  # type: ignore[no-untyped-def]
            target = super().target_in(gt, roi, cache)
            target.data[1, 4:6, 5, 6] = float("nan")
            return target

    gt = array(cells())
    predictor: Predictor = Broken(((1, 0, 0), (0, 1, 0)), lsds=False)
    (finding,) = (f for f in find(inspect(predictor, gt, device="cpu"), slow=False) if f.id == "not-finite")
    assert (finding.severity, finding.channels) == ("error", ("aff y+1",))
    assert voxels(finding, gt)[4:6, 5, 6].all()
    assert finding.where.voxels == 2


def test_negative_ids_are_an_error() -> None:
    labels = cells().astype(np.int32)
    labels[1, 2, 3:6] = -1
    gt = array(labels)
    (finding,) = check_inputs(Source(gt))
    assert (finding.id, finding.severity) == ("negative-ids", "error")
    np.testing.assert_array_equal(voxels(finding, gt), labels < 0)


def test_minus_infinity_is_no_negative_id() -> None:
    labels = cells().astype(np.float32)
    labels[1, 2, 3] = -np.inf
    assert "negative-ids" not in {f.id for f in check_inputs(Source(array(labels)))}


def test_ids_that_no_signed_integer_holds_are_an_error() -> None:
    labels = cells().astype(np.uint64)
    labels[:2] = np.uint64(2**64 - 3)
    gt = array(labels)
    (finding,) = (f for f in check_inputs(Source(gt)) if f.severity != "info")
    assert (finding.id, finding.severity) == ("label-overflow", "error")
    np.testing.assert_array_equal(voxels(finding, gt), labels > 2**63)


@pytest.mark.parametrize("huge", [2**32 + 1, 2**32, 2**31 + 5])
def test_ids_that_32_bits_confuse_with_others_or_with_background_are_a_warning(huge: int) -> None:
    labels = cells().astype(np.uint64)
    labels[labels == 2] = huge
    gt = array(labels)
    (finding,) = check_inputs(Source(gt))
    assert (finding.id, finding.severity) == ("label-overflow", "warning")
    np.testing.assert_array_equal(voxels(finding, gt), labels == huge)


def test_ids_that_only_floats_confuse_are_good_to_know() -> None:
    labels = cells().astype(np.uint64)
    labels[labels > 0] += 2**33
    (finding,) = check_inputs(Source(array(labels)))
    assert (finding.id, finding.severity) == ("label-overflow", "info")


def test_large_ids_that_every_cast_keeps_apart_are_fine() -> None:
    labels = cells().astype(np.uint32)
    labels[labels == 3] = 2**24 + 2
    assert ids_of(array(labels)) == []


@pytest.mark.parametrize("value", [255, 2])
def test_a_mask_of_other_values_is_a_warning_with_their_voxels(value: int) -> None:
    mask = np.ones((40, 40, 40), np.uint8)
    mask[5:8, 6, 7] = value
    gt, known = array(cells()), array(mask)
    (finding,) = check_inputs(Source(gt, known))
    assert (finding.id, finding.severity, finding.numbers["values"]) == ("mask-not-binary", "warning", [value])
    np.testing.assert_array_equal(voxels(finding, known), mask == value)


def test_only_the_region_asked_for_is_looked_at() -> None:
    labels = cells().astype(np.int32)
    labels[0] = -1
    gt = array(labels)
    inner = gt.roi_of([slice(1, 40), slice(0, 40), slice(0, 40)])
    assert check_inputs(Source(gt), region=inner) == ()
