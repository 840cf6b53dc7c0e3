"""`Array`: values on a grid somewhere in the world, read lazily."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from funlib.geometry import Coordinate, Roi
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array, ArraySpec
from predictor_inspector.core.array import whole_numbers

from .strategies import label_arrays, parts


class Lazy:
    """Sliced like a zarr array; keeps what was asked for."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.read = values, []
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self.values[key]
        self.read.append(part.shape)
        return part


@given(st.data())
def test_a_roi_reads_its_own_voxels(data: st.DataObject) -> None:
    array = data.draw(label_arrays(channels=data.draw(st.sampled_from([None, 2]))))
    roi = data.draw(parts(array))
    part = array[roi]
    assert part.roi == roi
    slices = array.to_slices(roi)
    assert array.roi_of(slices) == roi
    np.testing.assert_array_equal(part.numpy(), array.numpy()[(..., *slices)])
    assert (part.axis_names, part.unit, part.subdivision) == (array.axis_names, array.unit, array.subdivision)


@given(st.data(), st.sampled_from(["numpy", "tensor", "lazy"]), st.sampled_from([0, 7]))
def test_reading_beyond_the_data_pads(data: st.DataObject, holder: str, fill: int) -> None:
    array = data.draw(label_arrays(channels=data.draw(st.sampled_from([None, 2]))))
    values = array.numpy()
    array = array.like({"numpy": values, "tensor": torch.from_numpy(values), "lazy": Lazy(values)}[holder])
    low, high = ([data.draw(st.integers(-9, 9)) for _ in range(array.dims)] for _ in range(2))
    begin = [min(a, b) for a, b in zip(low, high, strict=True)]
    end = [max(a, b) + 1 for a, b in zip(low, high, strict=True)]
    read = array.read(array.roi_of([slice(b, e) for b, e in zip(begin, end, strict=True)]), fill)
    for p in np.ndindex(tuple(read.spatial_shape)):
        q = tuple(a + b for a, b in zip(p, begin, strict=True))
        inside = all(0 <= c < n for c, n in zip(q, array.spatial_shape, strict=True))
        expected = values[(..., *q)] if inside else fill
        np.testing.assert_array_equal(read.numpy()[(..., *p)], expected)
    assert read.dtype == array.dtype


def test_only_what_a_roi_needs_is_read() -> None:
    lazy = Lazy(np.arange(1000).reshape(10, 10, 10))
    array = Array(lazy, (2, 1, 1), offset=(4, 0, 0))
    assert (array.roi, array.dtype, array.dims, array.device.type) == (Roi((4, 0, 0), (20, 10, 10)), int, 3, "cpu")
    repr(array)
    assert lazy.read == []
    array[Roi((6, 2, 3), (4, 1, 2))]
    array.read(Roi((-10, 8, 8), (16, 4, 4)))
    assert lazy.read == [(2, 1, 2), (1, 2, 2)]
    array.read(Roi((-10, 8, 8), (4, 4, 4)))
    assert len(lazy.read) == 2  # nothing of it lies within
    assert array.to("cpu").data.shape == (10, 10, 10)


def test_one_position_of_a_channel_axis_is_selected_without_reading() -> None:
    values = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    lazy = Lazy(values)
    array = Array(lazy, (1, 1), axis_names=("t^", "c^", "y", "x"))
    chosen = array.select("c^", 2)
    assert lazy.read == []
    assert (chosen.axis_names, chosen.shape) == (("t^", "y", "x"), (2, 4, 5))
    np.testing.assert_array_equal(chosen.numpy(), values[:, 2])
    np.testing.assert_array_equal(chosen[Roi((1, 2), (2, 3))].numpy(), values[:, 2, 1:3, 2:5])
    np.testing.assert_array_equal(chosen.select("t^", 1).numpy(), values[1, 2])
    tensor = Array(torch.from_numpy(values), (1, 1), axis_names=("t^", "c^", "y", "x")).select("c^", 2)
    assert isinstance(tensor.data, torch.Tensor)
    assert tensor.read(Roi((-1, 0), (2, 2))).numpy()[:, 1].tolist() == values[:, 2, 0, :2].tolist()


@pytest.mark.parametrize(("axis", "index"), [("x", 0), ("z", 0), ("c^", 2), ("c^", -1)])
def test_only_positions_of_channel_axes_can_be_selected(axis: str, index: int) -> None:
    array = Array(np.zeros((2, 3, 3)), (1, 1))
    message = (
        "index on axis c. must lie in 0 … 1" if axis == "c^" else r"axis must be one of the channel axes \('c\^',\)"
    )
    with pytest.raises(ValueError, match=message):
        array.select(axis, index)


@given(st.data())
def test_snapping_counts_from_the_arrays_own_offset(data: st.DataObject) -> None:
    array = data.draw(label_arrays(dims=2))
    begin = data.draw(st.tuples(st.integers(-99, 99), st.integers(-99, 99)))
    shape = data.draw(st.tuples(st.integers(1, 50), st.integers(1, 50)))
    roi = Roi(begin, shape)
    grown = array.snap(roi)
    assert grown.contains(roi)
    array.to_slices(grown)
    assert all(g - s < 2 * v for g, s, v in zip(grown.shape, shape, array.voxel_size, strict=True))
    shrunk = array.snap(roi, "shrink")
    assert shrunk.empty or (roi.contains(shrunk) and array.to_slices(shrunk))


def test_the_closest_voxels_are_those_that_are_nearest() -> None:
    array = Array(np.zeros((10,)), (10,), offset=(3,))
    assert array.snap(Roi((12,), (9,)), "closest") == Roi((13,), (10,))


def test_axis_names_follow_from_the_shape_unless_given() -> None:
    assert Array(np.zeros((2, 3, 4)), (1, 1, 1)).axis_names == ("z", "y", "x")
    assert Array(np.zeros((2, 3, 4)), (1, 1)).axis_names == ("c^", "y", "x")
    assert Array(np.zeros((2, 3, 4, 5)), (1, 1)).axis_names == ("c0^", "c1^", "y", "x")
    assert Array(np.zeros((2, 3, 4, 5)), (1, 1, 1, 1)).axis_names == ("d0", "d1", "d2", "d3")


def test_other_values_lie_on_the_same_grid() -> None:
    array = Array(np.zeros((2, 3)), (4, 5), (6, 7), unit="um", subdivision=10)
    other = array.like(np.ones((3, 2, 3)), offset=(10, 12))
    assert (other.voxel_size, other.offset, other.unit, other.subdivision) == ((4, 5), (10, 12), "um", 10)
    assert array.spec == ArraySpec(Roi((6, 7), (8, 15)), (4, 5), "um", 10)
    assert array.physical_voxel_size == (0.4, 0.5)


def test_an_array_says_what_it_is() -> None:
    array = Array(np.zeros((2, 3, 4), np.uint8), (524, 400), (10, 20), subdivision=100)
    assert repr(array) == "Array(c^: 2, y: 3, x: 4; uint8; 5.24 x 4 nm; roi [10:1582, 20:1620])"


def test_numpy_takes_an_array_as_it_is() -> None:
    array = Array(torch.arange(6).reshape(2, 3), (1, 1))
    assert np.asarray(array).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.asarray(array, np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("roi", "message"),
    [
        (Roi((0, 0, 0), (2, 2, 2)), "roi has 3 dimensions, but the array has 2"),
        (Roi((2, 3), (0, 3)), r"roi \[2:2, 3:6\] is empty; its end must lie beyond its begin"),
        (Roi((4, 3), (-2, 3)), r"roi \[4:2, 3:6\] is empty"),
        (Roi((1, 3), (2, 3)), r"roi \[1:3, 3:6\] doesn't lie on the voxel grid, which starts at \(2, 3\)"),
        (Roi((2, 3), (3, 3)), r"doesn't lie on the voxel grid.*with voxels of \(2, 3\); snap it"),
        (Roi((0, 3), (4, 3)), r"roi \[0:4, 3:6\] reaches beyond the data, which covers \[2:12, 3:18\]"),
    ],
)
def test_a_roi_that_cannot_be_read_is_refused_in_words(roi: Roi, message: str) -> None:
    array = Array(np.zeros((5, 5)), (2, 3), (2, 3))
    with pytest.raises(ValueError, match=message):
        array[roi]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"voxel_size": (0, 1)}, r"voxel_size must be positive on every axis, got \(0, 1\)"),
        ({"voxel_size": (1, -8)}, "voxel_size must be positive"),
        (
            {"voxel_size": (5.24, 4)},
            "voxel_size must hold whole numbers, got 5.24 in .*subdivision=100, 5.24 nm is 524",
        ),
        ({"voxel_size": (float("nan"), 4)}, "voxel_size must hold whole numbers, got nan"),
        ({"voxel_size": (float("inf"), 4)}, "voxel_size must hold whole numbers, got inf"),
        ({"voxel_size": 8}, "voxel_size must be a sequence of whole numbers, got 8"),
        ({"voxel_size": ()}, r"voxel_size has 0 numbers, but data of shape \(2, 2\) can have 1 to 2 spatial axes"),
        ({"voxel_size": (1, 1, 1)}, "voxel_size has 3 numbers"),
        ({"offset": (1,)}, "offset needs 2 numbers like voxel_size, got 1"),
        ({"offset": (0.5, 1)}, "offset must hold whole numbers, got 0.5"),
        ({"subdivision": 0}, "subdivision must be a whole number of at least 1, got 0"),
        ({"subdivision": 2.5}, "subdivision must be a whole number of at least 1, got 2.5"),
        ({"axis_names": ("x",)}, "axis_names needs 2 names, one per axis of the data, got 1"),
        ({"axis_names": ("c^", "x")}, "axis_names must mark the first 0 of its 2 names as channels"),
    ],
)
def test_a_grid_that_cannot_be_is_refused_in_words(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Array(np.zeros((2, 2)), **{"voxel_size": (1, 1), **arguments})


def test_a_spec_needs_voxels_of_positive_whole_size() -> None:
    with pytest.raises(ValueError, match="voxel_size must be positive on every axis"):
        ArraySpec(Roi((0,), (4,)), (0,))
    with pytest.raises(ValueError, match="voxel_size must hold whole numbers"):
        ArraySpec(Roi((0,), (4,)), (0.5,))
    assert whole_numbers((2.0, np.int64(3)), "numbers") == Coordinate(2, 3)
