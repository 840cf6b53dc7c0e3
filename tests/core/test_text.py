"""Numbers, counts, lengths, regions, memory, durations, values, errors and tables as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from funlib.geometry import Roi

from predictor_inspector.core import Array
from predictor_inspector.core import text as t
from predictor_inspector.data.geometry import pixel_array


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (t.amount(0.25), "0.25"),
        (t.amount(-3.0), "−3"),
        (t.amount(-0.0), "0"),
        (t.amount(0.123456, 3), "0.123"),
        (t.amount(12345.6), "12,346"),
        (t.amount(2.5e-7), "2.5e−07"),
        (t.signed(0.5), "+0.5"),
        (t.signed(-0.51234, 2), "−0.51"),
        (t.counted(1, "object"), "1 object"),
        (t.counted(12000, "voxel"), "12,000 voxels"),
        (t.counted(0, "voxel of mass", "voxels of mass"), "0 voxels of mass"),
        (t.millions(268_435_456), "268 million"),
        (t.millions(12_345), "12,345"),
        (t.percent(0.0), "0 %"),
        (t.percent(1e-6), "less than 0.01 %"),
        (t.percent(0.04754), "4.75 %"),
        (t.percent(0.9949), "99.5 %"),
        (t.percent(0.99999), "nearly 100 %"),
        (t.percent(1.0), "100 %"),
        (t.listed([3]), "3"),
        (t.listed([3, 4, 7]), "3, 4 and 7"),
        (t.listed(range(1, 13), 3), "1, 2, 3 and 9 more"),
        (t.length(40, "nm"), "40 nm"),
        (t.length(1, "pixel"), "1 pixel"),
        (t.length(2.5, "pixel"), "2.5 pixels"),
        (t.format_shape((30, 128, 128)), "30 × 128 × 128"),
        (t.format_shape((5.24, 4.0, 4.0)), "5.24 × 4 × 4"),
        (t.format_bytes(4_200_000_000), "4.2 GB"),
        (t.format_bytes(512_000), "512 kB"),
        (t.format_bytes(12), "12 bytes"),
        (t.format_duration(0.0072), "7 ms"),
        (t.format_duration(1.24), "1.2 s"),
        (t.format_duration(20), "20 s"),
        (t.format_duration(300), "5 min"),
        (t.format_duration(10_000), "3 h"),
        (t.capitalised("aff x+1"), "Aff x+1"),
        (t.capitalised(""), ""),
    ],
)
def test_text(said: str, expected: str) -> None:
    assert said == expected


def test_ordinals() -> None:
    assert [t.ordinal(n) for n in (1, 2, 3, 4, 11, 21, 112)] == ["1st", "2nd", "3rd", "4th", "11th", "21st", "112th"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (True, "on"),
        (False, "off"),
        (250.0, "250"),
        (12, "12"),
        (((1, 0, 0), (0, 0, 9)), "[[1, 0, 0], [0, 0, 9]]"),
        ({"a": 1, "b": (True,)}, "a: 1, b: [on]"),
    ],
)
def test_values_of_parameters(value: Any, expected: str) -> None:
    assert t.format_value(value) == expected


def test_a_roi_in_its_counts_and_in_the_unit_of_a_grid() -> None:
    roi = Roi((-1, 2_000_000_000_001), (3, 4))
    assert t.format_roi(roi) == "[-1:2, 2000000000001:2000000000005]"
    grid = Array(np.zeros((1, 1)), (524, 400), unit="um", subdivision=100)
    assert t.format_roi(Roi((0, 1048), (4000, 1048)), grid) == "[0:40, 10.48:20.96] um"


def test_places_are_told_in_the_layers_voxels_and_in_the_world() -> None:
    grid = Array(np.zeros((9, 9)), (524, 400), (10_000, -7650), ("y", "x"), "um", 100)
    assert t.format_voxel((100.0, -76.5), grid) == "voxel 0, 0 (y 102.62, x -74.5 um)"
    assert t.format_voxel((105.24, -72.51), grid) == "voxel 1, 0 (y 107.86, x -74.5 um)"
    assert t.format_region(Roi((10_524, -7650), (1048, 400)), grid) == (
        "voxels 1:3, 0:1 (y 105.24:115.72, x -76.5:-72.5 um)"
    )


def test_a_world_that_counts_voxels_isnt_told_beside_them() -> None:
    plain = pixel_array(np.zeros((9, 9)), 2)
    assert t.format_voxel((3.0, 4.4), plain) == "voxel 3, 4"
    assert t.format_region(plain.roi, plain) == "voxels 0:9, 0:9"
    moved = Array(np.zeros((9, 9)), (1, 1), (3, 4), unit="pixel")
    assert t.format_voxel((3.5, 4.4), moved) == "voxel 0, 0 (y 3.5, x 4.5 pixels)"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("channels must be\n  unique"), "channels must be unique"),
        (KeyError("x"), "KeyError: 'x'"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (MemoryError(), "not enough memory"),
        (FileNotFoundError(2, "No such file or directory", "a.zarr"), "a.zarr: no such file or directory"),
    ],
)
def test_errors_name_their_class_only_where_the_message_alone_would_not_do(error: Exception, expected: str) -> None:
    assert t.format_error(error) == expected


def test_columns_of_a_table_are_aligned() -> None:
    assert t.format_table([("a", "10"), ("long", "9")], right=[1]) == "a     10\nlong   9"
