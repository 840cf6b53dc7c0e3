"""`read_on_grid` picks, for every voxel of the grid, the voxel of the source in which its centre lies."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from funlib.geometry import Coordinate, Roi
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor_inspector.core.array import Array
from predictor_inspector.data import read_on_grid

METRES = {"nm": Fraction(1, 10**9), "um": Fraction(1, 10**6), "angstrom": Fraction(1, 10**10)}


@st.composite
def arrays(draw: st.DrawFn, dims: int = 2, channels: bool = False) -> Array:
    shape = tuple(draw(st.integers(1, 6)) for _ in range(dims))
    unit, subdivision = draw(st.sampled_from([("nm", 1), ("nm", 10), ("nm", 6), ("um", 1000), ("angstrom", 1)]))
    count = METRES[unit] / subdivision * 10**9  # a count in nm
    size = [max(1, round(draw(st.integers(2, 9)) / count)) for _ in range(dims)]
    offset = [round(draw(st.integers(-12, 12)) / count) for _ in range(dims)]
    full = ((2,) if channels else ()) + shape
    values = np.arange(1, 1 + math.prod(full), dtype=np.uint16).reshape(full)
    return Array(values, size, offset, unit=unit, subdivision=subdivision)


def _by_definition(source: Array, roi: Roi, grid: Array) -> np.ndarray:
    here, there = METRES[grid.unit] / grid.subdivision, METRES[source.unit] / source.subdivision
    shape = tuple(roi.shape // grid.voxel_size)
    result = np.zeros(source.shape[: source.channel_dims] + shape, source.dtype)
    for voxel in np.ndindex(*shape):
        found = []
        for axis, i in enumerate(voxel):
            centre = (roi.begin[axis] + (i + Fraction(1, 2)) * grid.voxel_size[axis]) * here
            # Voxel k covers what is beyond its lower face, up to and with its upper one.
            lower = [
                (source.offset[axis] + k * source.voxel_size[axis]) * there for k in range(source.spatial_shape[axis])
            ]
            width = source.voxel_size[axis] * there
            found.append(next((k for k, face in enumerate(lower) if face < centre <= face + width), None))
        if None not in found:
            result[(..., *voxel)] = source.data[(..., *found)]
    return result


@settings(max_examples=60)
@given(arrays(channels=True), arrays(), st.data())
def test_it_agrees_with_the_definition(source: Array, grid: Array, data: st.DataObject) -> None:
    begin = [data.draw(st.integers(-3, 4)) for _ in range(2)]
    shape = [data.draw(st.integers(1, 6)) for _ in range(2)]
    roi = Roi(grid.offset + grid.voxel_size * Coordinate(begin), grid.voxel_size * Coordinate(shape))
    result = read_on_grid(source, roi, grid)
    np.testing.assert_array_equal(result.data, _by_definition(source, roi, grid))
    assert (result.roi, result.voxel_size, result.unit, result.subdivision) == (
        roi,
        grid.voxel_size,
        grid.unit,
        grid.subdivision,
    )
    assert result.axis_names == source.axis_names


def test_the_same_grid_is_a_plain_read() -> None:
    values = np.arange(24).reshape(4, 6)
    array = Array(values, (3, 5), (1, 2))
    roi = Roi((4, -3), (6, 15))
    np.testing.assert_array_equal(read_on_grid(array, roi, array).data, array.read(roi).data)


def test_tensors_stay_tensors() -> None:
    source = Array(torch.arange(6).reshape(2, 3), (4, 4))
    grid = Array(np.zeros((8, 12)), (1, 1))
    result = read_on_grid(source, grid.roi, grid)
    assert isinstance(result.data, torch.Tensor)
    np.testing.assert_array_equal(result.data.numpy(), np.kron(np.arange(6).reshape(2, 3), np.ones((4, 4), int)))


def test_only_the_part_that_is_needed_is_read() -> None:
    class Counting:
        shape, dtype = (100, 100), np.dtype(np.uint8)
        keys: list[object] = []  # noqa: RUF012

        def __getitem__(self, key: object) -> np.ndarray:
            self.keys.append(key)
            return np.ones((100, 100), np.uint8)[key]  # type: ignore[index]

    source, grid = Array(Counting(), (8, 8)), Array(np.zeros((400, 400)), (2, 2))
    read_on_grid(source, Roi((80, 160), (16, 40)), grid)
    assert Counting.keys == [(slice(10, 12), slice(20, 25))]
    read_on_grid(source, Roi((-80, 0), (16, 16)), grid)
    assert len(Counting.keys) == 1


def test_numbers_beyond_64_bits_are_no_trouble() -> None:
    fine = Array(np.array([1, 2, 3]), (10**19,), (10**20,), subdivision=10**18)
    coarse = Array(np.zeros(3), (10,), (100,))
    np.testing.assert_array_equal(read_on_grid(fine, coarse.roi, coarse).data, [1, 2, 3])


def test_grids_that_cannot_be_compared_are_an_error() -> None:
    flat, volume = Array(np.zeros((4, 4)), (1, 1)), Array(np.zeros((4, 4, 4)), (1, 1, 1))
    with pytest.raises(ValueError, match=r"source has 2 spatial axes .*, but the grid has 3"):
        read_on_grid(flat, volume.roi, volume)
    with pytest.raises(ValueError, match="can't be converted"):
        read_on_grid(Array(np.zeros((4, 4)), (1, 1), unit="pixel"), flat.roi, flat)
    with pytest.raises(ValueError, match="doesn't lie on the voxel grid"):
        read_on_grid(flat, Roi((0, 0), (3, 3)), Array(np.zeros((4, 4)), (2, 2)))
