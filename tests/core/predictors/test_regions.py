"""Which ground truth a predictor asks for: exactly the definition's, in the spec's own type."""

from __future__ import annotations

from math import atanh, ceil

import pytest
from funlib.geometry import Coordinate, Roi
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import (
    AffinitiesPredictor,
    ArraySpec,
    DistancePredictor,
    DummyPredictor,
    OneHotPredictor,
)
from tests.core.specs import GunpowderLikeSpec
from tests.core.strategies import affinities_predictors, distance_predictors, grids, predictors


@st.composite
def specs(draw, dims: int | None = None) -> ArraySpec:
    dims = draw(st.integers(2, 3)) if dims is None else dims
    grid = draw(grids(dims))
    voxel_size = Coordinate(grid["voxel_size"])
    shape = voxel_size * Coordinate(draw(st.integers(1, 9)) for _ in range(dims))
    return ArraySpec(Roi(grid["offset"], shape), voxel_size, "nm", grid["subdivision"])


def growth(predictor, spec: ArraySpec) -> list[tuple[int, int]]:
    """Voxels added before and after the ROI, per axis."""
    region = predictor.gt_region_for_roi(spec).roi
    low = (spec.roi.begin - region.begin) // spec.voxel_size
    high = (region.end - spec.roi.end) // spec.voxel_size
    assert region.begin == spec.roi.begin - low * spec.voxel_size
    assert region.end == spec.roi.end + high * spec.voxel_size
    return list(zip(low, high, strict=True))


@given(st.data())
def test_affinities_ask_for_the_largest_offset_of_each_side_and_for_the_descriptors_window(data) -> None:
    spec = data.draw(specs())
    predictor = data.draw(affinities_predictors(spec.roi.dims))
    for axis, (low, high) in enumerate(growth(predictor, spec)):
        expected = [max([0, *(sign * o[axis] for o in predictor.neighborhood)]) for sign in (-1, 1)]
        along = not predictor.only_xy or axis >= spec.roi.dims - 2
        erosion = predictor.grow_boundary_iterations if along else 0
        if not predictor.lsds:
            assert [low, high] == [e + erosion for e in expected]
            continue
        window = ceil(3 * predictor.num_voxels * max(spec.voxel_size) / spec.voxel_size[axis])
        expected = [max(e, window) + erosion for e in expected]
        if predictor.downsample_lsds == 1:
            assert [low, high] == expected
        else:  # whole groups of voxels are needed
            assert low in range(expected[0], expected[0] + 2 * predictor.downsample_lsds)
            assert high in range(expected[1], expected[1] + 2 * predictor.downsample_lsds)


@given(st.data())
def test_distances_ask_for_as_much_as_their_tolerance_needs(data) -> None:
    spec, predictor = data.draw(specs()), data.draw(distance_predictors())
    reach = atanh(1 - predictor.context_tolerance) * predictor.scale_factor * spec.subdivision
    assert growth(predictor, spec) == [(ceil(reach / v),) * 2 for v in spec.voxel_size]


def test_a_whole_number_of_voxels_is_not_rounded_up_by_an_error_of_rounding() -> None:
    predictor = DistancePredictor(["a"], 30 / atanh(0.9), False, context_tolerance=0.1)
    assert predictor.padding((10, 10)) == (30, 30)


def test_the_smallest_tolerance_asks_for_no_more_than_where_distances_saturate() -> None:
    for tolerance in (1e-12, 1e-20, 1e-300):
        padding = DistancePredictor(["a"], 1.0, False, context_tolerance=tolerance).padding((1,))
        assert padding[0] <= 15


@pytest.mark.parametrize("predictor", [OneHotPredictor(["a"]), DummyPredictor(2)], ids=["one_hot", "dummy"])
@given(spec=specs())
def test_predictors_without_context_ask_for_the_roi(predictor, spec: ArraySpec) -> None:
    region = predictor.gt_region_for_roi(spec)
    assert region == spec
    assert region is not spec
    assert predictor.padding(spec.voxel_size) == Coordinate((0,) * spec.roi.dims)


@given(st.data())
def test_the_padding_is_the_largest_growth_on_any_side(data) -> None:
    spec = data.draw(specs())
    predictor = data.draw(predictors(spec.roi.dims))
    expected = [max(sides) * v for sides, v in zip(growth(predictor, spec), spec.voxel_size, strict=True)]
    padding = predictor.padding(spec.voxel_size, spec.subdivision)
    assert padding == Coordinate(expected)
    assert padding.is_multiple_of(spec.voxel_size)
    if spec.subdivision == 1:
        assert predictor.padding(tuple(spec.voxel_size)) == padding


@given(st.data())
def test_a_spec_comes_back_as_its_own_type_with_its_other_attributes_and_is_not_changed(data) -> None:
    ours = data.draw(specs())
    theirs = GunpowderLikeSpec(ours.roi.copy(), ours.voxel_size, dtype="uint64", nonspatial=True)
    predictor = data.draw(predictors(ours.roi.dims))
    region = predictor.gt_region_for_roi(theirs)
    assert type(region) is GunpowderLikeSpec
    assert (region.nonspatial, region.voxel_size) == (True, ours.voxel_size)
    # Of the target; the ground truth has its own.
    assert (region.dtype, region.interpolatable, theirs.dtype, theirs.interpolatable) == (None, None, "uint64", True)
    whole_units = ArraySpec(ours.roi, ours.voxel_size)  # a foreign spec has no subdivision
    assert region.roi == predictor.gt_region_for_roi(whole_units).roi
    assert theirs.roi == ours.roi
    before = ours.copy()
    predictor.gt_region_for_roi(ours)
    assert ours == before


@pytest.mark.parametrize("missing", ["roi", "voxel_size"])
@pytest.mark.parametrize("predictor", [AffinitiesPredictor([[0, 1]]), DistancePredictor(["a"], 1, False)])
def test_a_spec_that_leaves_open_what_is_needed_is_refused(predictor, missing: str) -> None:
    spec = GunpowderLikeSpec(Roi((0, 0), (2, 2)), Coordinate(1, 1))
    setattr(spec, missing, None)
    with pytest.raises(ValueError, match=rf"target_spec must have a {missing}, got None.*target_spec\.{missing} ="):
        predictor.gt_region_for_roi(spec)


def test_a_copy_of_a_spec_is_independent() -> None:
    spec = ArraySpec(Roi((0, 0), (2, 2)), (1, 1))
    copy = spec.copy()
    copy.roi.offset = (5, 5)
    assert spec.roi.offset == (0, 0)


def test_offsets_of_another_dimension_than_the_spec_are_refused() -> None:
    spec = ArraySpec(Roi((0, 0, 0), (2, 2, 2)), (1, 1, 1))
    with pytest.raises(ValueError, match="neighborhood has offsets of 2 numbers, but target_spec has 3 spatial axes"):
        AffinitiesPredictor([[0, 1]], lsds=False).gt_region_for_roi(spec)
