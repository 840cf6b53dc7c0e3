"""Lengths and units become whole numbers without losing anything."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core.array import Array
from predictor_inspector.data import convert_unit, short_unit, unit_factor, whole_lengths
from predictor_inspector.data.geometry import make_array, simplest_decimal, smallest_subdivision
from predictor_inspector.data.units import ome_unit

decimals = st.decimals("-5000", "5000", places=3, allow_nan=False)
sizes = st.decimals("0.1", "100", places=3, allow_nan=False)


@given(st.lists(st.tuples(sizes, decimals), min_size=1, max_size=4))
def test_decimals_become_exactly_the_whole_numbers_they_stand_for(axes: list[tuple[Decimal, Decimal]]) -> None:
    size, offset, subdivision = whole_lengths([float(s) for s, _ in axes], corner=[float(c) for _, c in axes])
    assert [Fraction(v, subdivision) for v in size] == [Fraction(s) for s, _ in axes]
    assert [Fraction(o, subdivision) for o in offset] == [Fraction(c) for _, c in axes]


@given(st.lists(st.tuples(sizes, decimals), min_size=1, max_size=4))
def test_the_corner_is_half_a_voxel_before_the_centre(axes: list[tuple[Decimal, Decimal]]) -> None:
    size, offset, subdivision = whole_lengths([float(s) for s, _ in axes], centre=[float(c) for _, c in axes])
    assert [Fraction(2 * o + v, 2 * subdivision) for o, v in zip(offset, size, strict=True)] == [
        Fraction(c) for _, c in axes
    ]


@given(st.lists(st.tuples(sizes, decimals), min_size=1, max_size=4))
def test_no_smaller_power_of_ten_would_do(axes: list[tuple[Decimal, Decimal]]) -> None:
    size, offset, subdivision = whole_lengths([float(s) for s, _ in axes], corner=[float(c) for _, c in axes])
    assert set(str(subdivision)) <= {"0", "1"}
    assert str(subdivision).startswith("1")
    assert subdivision == 1 or any(n % 10 for n in (*size, *offset))


@given(sizes, decimals, st.integers(-3, 3), st.integers(-3, 3))
def test_the_noise_of_floating_point_arithmetic_is_dropped(s: Decimal, c: Decimal, a: int, b: int) -> None:
    size, corner = float(s), float(c)
    noisy = whole_lengths([size + a * np.spacing(size)], corner=[corner + b * np.spacing(corner)])
    assert noisy == whole_lengths([size], corner=[corner])


@pytest.mark.parametrize("scale", [5.240000000000001, 5.24, np.float32(5.24), np.float64(5.24), Fraction("5.24")])
def test_the_fractional_crop_comes_out_whole(scale: object) -> None:
    result = whole_lengths([scale, 4.0, 4], centre=[102.62, 2013.5, 77.1])  # type: ignore[list-item]
    assert result == ((524, 400, 400), (10000, 201150, 7510), 100)


def test_metres_work_as_well_as_nanometres() -> None:
    assert whole_lengths([5.24e-9, 4e-9], corner=[0.1 * 3 * 1e-9, 0]) == ((524, 400), (30, 0), 10**11)


def test_large_offsets_lose_nothing_and_keep_no_noise() -> None:
    assert whole_lengths([8.0], corner=[123456789.62]) == ((800,), (12345678962,), 100)
    assert whole_lengths([0.001], corner=[np.nextafter(123456789.62, 1e10)])[1] == (123456789620,)


@pytest.mark.parametrize("size", [0, -4.0, float("nan"), float("inf")])
def test_a_voxel_size_that_is_not_positive_is_an_error_naming_file_and_axis(size: float) -> None:
    with pytest.raises(ValueError, match=r"crop\.zarr: the voxel size on axis y must be positive and finite"):
        whole_lengths([1, size], source="crop.zarr", axis_names=("z", "y"))


def test_positions_must_be_finite_and_as_many_as_voxel_sizes() -> None:
    with pytest.raises(ValueError, match=r"crop: the position on axis 1 must be finite, got nan"):
        whole_lengths([1, 1], corner=[0, float("nan")], source="crop")
    with pytest.raises(ValueError, match="position of the first voxel has 1 numbers, but its size has 2"):
        whole_lengths([1, 1], corner=[0])
    with pytest.raises(ValueError, match="corner or centre"):
        whole_lengths([1], corner=[0], centre=[0])


def test_subdivisions_need_not_be_powers_of_ten_where_none_fits() -> None:
    assert smallest_subdivision([Fraction(1, 4), Fraction(3)]) == 100
    assert smallest_subdivision([Fraction(1, 3)]) == 3


@given(st.decimals("0.001", "100", places=4), st.integers(10**6, 10**7))
def test_a_rounded_ratio_gives_back_the_number_it_was_made_of(size: Decimal, denominator: int) -> None:
    exact = Fraction(size)
    found = simplest_decimal(exact * (1 - Fraction(1, denominator)), exact * (1 + Fraction(1, denominator)))
    assert abs(found / exact - 1) <= Fraction(1, denominator)
    assert found == exact


@pytest.mark.parametrize(
    ("name", "short"),
    [
        *[("nanometer", "nm"), ("nm", "nm"), ("Nanometers", "nm"), ("micrometer", "um"), ("µm", "um"), ("μm", "um")],
        *[("micron", "um"), ("angstrom", "angstrom"), ("Å", "angstrom"), ("meter", "m"), ("mm", "mm"), ("Mm", "Mm")],
        *[(None, "pixel"), ("", "pixel"), ("pixel", "pixel"), ("dimensionless", "pixel"), ("inch", "inch")],
    ],
)
def test_units_are_known_by_all_their_names(name: str | None, short: str) -> None:
    assert short_unit(name) == short


def test_every_unit_of_length_of_ome_but_the_parsec_is_known() -> None:
    from typing import get_args

    from yaozarrs._axis import ValidSpaceUnit

    for name in set(get_args(ValidSpaceUnit)) - {"parsec"}:
        assert ome_unit(short_unit(name)) == name


def test_factors_between_units_are_exact() -> None:
    assert unit_factor("um", "nm") == 1000
    assert unit_factor("angstrom", "nanometer") == Fraction(1, 10)
    assert unit_factor("inch", "mm") == Fraction(254, 10)


def test_what_is_no_length_is_an_error_with_the_nearest_unit() -> None:
    with pytest.raises(ValueError, match=r"crop: 'nanometr' is not a unit of length .*did you mean 'nanometre?r?'"):
        short_unit("nanometr", "crop")
    with pytest.raises(ValueError, match="crop: 'second' is not a unit of length"):
        short_unit("second", "crop")
    with pytest.raises(ValueError, match="pixel can't be converted to nm"):
        unit_factor("pixel", "nm")


@given(st.integers(1, 10**6), st.integers(-(10**6), 10**6), st.sampled_from([1, 10, 1000]))
def test_converting_units_there_and_back_changes_nothing(size: int, offset: int, subdivision: int) -> None:
    array = Array(np.zeros(3), (size,), (offset,), unit="nm", subdivision=subdivision)
    for unit in ("um", "m", "angstrom", "inch"):
        other = convert_unit(array, unit)
        assert other.data is array.data
        assert Fraction(other.voxel_size[0], other.subdivision) == unit_factor("nm", unit) * Fraction(size, subdivision)
        back = convert_unit(other, "nm")
        assert Fraction(back.offset[0], back.subdivision) == Fraction(offset, subdivision)
    assert convert_unit(Array(np.zeros(1), (5,)), "um").subdivision == 1000


def test_mixed_units_are_converted_to_the_first() -> None:
    data = np.zeros((1, 2, 2))
    array = make_array(data, "zyx", [0.04, 8, 80], corner=[1, 16, 0], units=["um", "nm", "angstrom"], source="crop")
    assert (array.unit, array.physical_voxel_size) == ("um", (0.04, 0.008, 0.008))
    assert array.physical_offset == (1, 0.016, 0)
    with pytest.raises(ValueError, match="crop: pixel can't be converted to nm"):
        make_array(data[0], "yx", [1, 1], units=["nm", "pixel"], source="crop")
