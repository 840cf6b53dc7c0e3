"""Comparing two inspections."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector import cli
from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, HotDistancePredictor
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.comparison import common_roi, compare
from predictor_inspector.inspection.comparison.changes import Change

from ..stand_ins import stand_in

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@pytest.fixture
def gt() -> Array:
    ids = np.kron(np.random.default_rng(0).integers(0, 9, (4, 6, 5)), np.ones((2, 4, 4), int))
    return Array(ids.astype(np.uint16), (40, 4, 4), (1000, 20, -12))


def distance(gt: Array, scale: float = 20.0, **kwargs: object) -> Inspection:
    return inspect(DistancePredictor(("cell",), scale, False), gt, device="cpu", **kwargs)  # type: ignore[arg-type]


def test_an_inspection_differs_in_nothing_from_itself(gt: Array) -> None:
    a = distance(gt)
    comparison = compare(a, a)
    assert not comparison.target.numpy().any()
    assert not comparison.weight.numpy().any()
    assert comparison.parameters == comparison.statistics == comparison.notes == ()
    assert comparison.roi == a.roi


def test_the_difference_is_b_minus_a_and_summed_up_per_channel(gt: Array) -> None:
    a, b = distance(gt), distance(gt, 40.0)
    comparison = compare(a, b)
    expected = b.target.numpy() - a.target.numpy()
    np.testing.assert_array_equal(comparison.target.numpy(), expected)
    (summary,) = comparison.differences
    assert summary.target == pytest.approx(abs(expected).max())
    assert summary.target_mean == pytest.approx(abs(expected).mean(), rel=1e-5)
    assert summary.target_changed == pytest.approx((abs(expected) > 1e-5).mean())
    assert summary.weight == 0
    assert comparison.parameters == (Change("scale_factor", 20.0, 40.0),)


def test_channels_are_paired_by_name_whatever_their_place(gt: Array) -> None:
    a = inspect(AffinitiesPredictor(NEAREST, lsds=False), gt, device="cpu")
    b = inspect(AffinitiesPredictor(((0, 0, 1), (0, 2, 0), (1, 0, 0)), lsds=False), gt, device="cpu")
    comparison = compare(a, b)
    assert comparison.channels == ("aff x+1", "aff z+1")
    assert comparison.only_a == ("aff y+1",)
    assert comparison.only_b == ("aff y+2",)
    assert not comparison.target.numpy().any()
    assert "only in A: aff y+1" in comparison.describe()
    (change,) = comparison.parameters
    assert change.describe() == "neighborhood: − [0, 1, 0], + [0, 2, 0]"


def test_predictors_of_other_kinds_are_compared_where_channels_have_the_same_name(gt: Array) -> None:
    a = inspect(DistancePredictor(("distance cell",), 20.0, False), gt, device="cpu")
    b = inspect(HotDistancePredictor(("cell",), 20.0, False), gt, device="cpu")
    common = set(a.channel_names) & set(b.channel_names)
    if not common:
        with pytest.raises(ValueError, match=r"no channels in common: A has .*; parameters"):
            compare(a, b)
        return
    comparison = compare(a, b)
    assert comparison.parameters[0] == Change("kind", "distance", "hot_distance")
    assert not comparison.target.numpy().any()


def test_no_channel_in_common_is_a_sentence(gt: Array) -> None:
    affinities = inspect(AffinitiesPredictor(NEAREST, lsds=True, num_voxels=1), gt, device="cpu")
    with pytest.raises(ValueError, match=r"no channels in common: A has 'cell', B has 'aff z\+1', .* and 9 more"):
        compare(distance(gt), affinities)


def test_regions_that_overlap_are_compared_where_they_do(gt: Array) -> None:
    a = distance(gt, roi=gt.roi_of([slice(0, 6), slice(0, 20), slice(0, 20)]))
    b = distance(gt, roi=gt.roi_of([slice(3, 8), slice(4, 24), slice(2, 10)]))
    comparison = compare(a, b)
    assert comparison.roi == gt.roi_of([slice(3, 6), slice(4, 20), slice(2, 10)])
    assert comparison.target.roi == comparison.roi
    assert "different regions" in comparison.notes[0]
    np.testing.assert_allclose(comparison.target.numpy(), 0, atol=0.02)


def test_regions_that_do_not_overlap_are_a_sentence_with_both(gt: Array) -> None:
    a = distance(gt, roi=gt.roi_of([slice(0, 2), slice(0, 8), slice(0, 8)]))
    b = distance(gt, roi=gt.roi_of([slice(2, 4), slice(0, 8), slice(0, 8)]))
    with pytest.raises(ValueError, match=r"regions of A, \[1000:1080, .* and of B, \[1080:1160, .*don't overlap"):
        compare(a, b)


def test_pixels_and_lengths_cannot_be_compared(gt: Array) -> None:
    pixels = Array(gt.data, gt.voxel_size, gt.offset, unit="pixel")
    with pytest.raises(ValueError, match="can't be converted"):
        compare(distance(gt), distance(pixels))


@given(
    st.integers(1, 6), st.integers(-9, 9), st.integers(1, 8), st.integers(1, 6), st.integers(-9, 9), st.integers(1, 8)
)
def test_the_common_region_holds_the_voxels_whose_centres_lie_in_both(
    va: int, oa: int, na: int, vb: int, ob: int, nb: int
) -> None:
    a, b = Array(np.zeros(na), (va,), (oa,)), Array(np.zeros(nb), (vb,), (ob,))
    centres = ob + vb * (np.arange(nb) + 0.5)
    inside = np.flatnonzero((centres > oa) & (centres <= oa + na * va))
    if not len(inside):
        with pytest.raises(ValueError, match="don't overlap"):
            common_roi(a, b)
    else:
        assert common_roi(a, b) == b.roi_of([slice(int(inside[0]), int(inside[-1]) + 1)])


def test_another_voxel_size_is_met_by_the_nearest_voxels(gt: Array) -> None:
    fine = Array(np.kron(np.asarray(gt.data), np.ones((1, 2, 2), np.uint16)), (40, 2, 2), gt.offset)
    comparison = compare(distance(fine, 80.0), distance(gt, 80.0))
    assert comparison.roi == gt.roi
    assert "voxel grids" in comparison.notes[0]
    # Half a voxel more or less to a boundary is all that it makes.
    assert comparison.differences[0].target < 0.05


def test_values_that_are_not_finite_count_as_changed(gt: Array) -> None:
    a, b = distance(gt), distance(gt)
    b.target.data[0, 0, 0, 0] = torch.nan
    (summary,) = compare(a, b).differences
    assert summary.target == 0
    assert summary.target_changed == pytest.approx(1 / gt.data.size)
    json.dumps(compare(a, b).as_dict(), allow_nan=False)


def test_findings_appear_go_and_stay_by_identifier_and_channels(gt: Array) -> None:
    a = distance(gt)
    stayed, gone, new = stand_in("a", message="other words"), stand_in("b"), stand_in("b", channels=("cell",))
    changes = compare(a, a, [stand_in("a"), gone], [stayed, new]).findings
    assert (changes.appeared, changes.gone, changes.stayed) == ((new,), (gone,), (stayed,))


def test_text_and_json_say_what_changed(gt: Array) -> None:
    a, b = distance(gt), distance(gt, 40.0, balance_over="context")
    comparison = compare(a, b, [], [stand_in(message="Weights are 0.")])
    text = comparison.describe()
    assert "scale_factor: 20 → 40" in text
    assert "balance over: roi → context" in text
    assert "+ warning: Weights are 0." in text
    content = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert content["parameters"][0] == {"name": "scale_factor", "a": 20.0, "b": 40.0}
    assert content["roi"]["begin"] == [1000, 20, -12]
    assert content["findings"]["appeared"][0]["id"] == "zero-weight"


@pytest.fixture
def compared(gt: Array, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What the command prints as JSON."""
    path = write_ome_zarr(tmp_path / "gt.ome.zarr", gt, "labels")

    def command(*arguments: str) -> Any:
        assert cli.main(["compare", str(path), *arguments, "--device", "cpu", "--format", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    return command


def test_b_is_a_with_other_parameters_unless_it_has_its_own(compared: Callable[..., Any]) -> None:
    content = compared("--a", "distance", "--set-a", "channels=[cell]", "--set-b", "scale_factor=7", "--roi", "0:2,:,:")
    assert [change["name"] for change in content["parameters"]] == ["scale_factor"]
    assert content["roi"] == {"begin": [1000, 20, -12], "end": [1080, 116, 68]}
    content = compared("--a", "distance", "--set-a", "scale_factor=9", "--b", "distance")
    assert content["parameters"][0]["a"] == 9
    assert content["parameters"][0]["b"] != 9


def test_the_command_prints_the_comparison_as_json(compared: Callable[..., Any]) -> None:
    content = compared("--a", "affinities", "--set-a", "lsds=false", "--set-b", "affs_weight_clipmin=0.2")
    assert content["parameters"] == [{"name": "affs_weight_clipmin", "a": 0.05, "b": 0.2}]
