"""MRC files: places, orders of axes, and IMOD's own meanings of the header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest

from predictor_inspector.data import list_arrays, open_array

VALUES = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)


def put(
    path: Path, values: np.ndarray = VALUES, change: Callable[[Any], None] | None = None, size: Any = (7.8, 7.8, 12)
) -> Path:
    with mrcfile.new(path) as file:
        file.set_data(values)
        file.voxel_size = size  # x, y, z
        if change is not None:
            change(file.header)
    return path


def geometry(path: Path) -> tuple[Any, ...]:
    array = open_array(path)
    return array.physical_voxel_size, array.physical_offset, array.unit


def test_a_volume_is_placed_in_angstrom(tmp_path: Path) -> None:
    path = put(tmp_path / "labels.mrc")
    array = open_array(path)
    assert (array.axis_names, array.unit, array.about.doubts) == (("z", "y", "x"), "angstrom", ())
    assert array.physical_voxel_size == (12, 7.8, 7.8)
    assert array.physical_offset == (-6, -3.9, -3.9)
    np.testing.assert_array_equal(array.numpy(), VALUES)
    part = array.roi_of([slice(1, 3), slice(0, 2), slice(2, 5)])
    np.testing.assert_array_equal(array[part].data, VALUES[1:3, :2, 2:5])
    assert [found.kind for found in list_arrays(path)] == ["labels"]


def test_axes_are_those_of_the_header(tmp_path: Path) -> None:
    def turned(header: Any) -> None:
        # Columns run along y, rows along z, sections along x.
        header.mapc, header.mapr, header.maps = 2, 3, 1
        header.mx, header.my, header.mz = 3, 5, 4
        header.cella.x, header.cella.y, header.cella.z = 30, 20, 8
        header.nystart, header.nxstart = 7, 2

    path = put(tmp_path / "a.map", change=turned)
    array = open_array(path)
    np.testing.assert_array_equal(array.numpy(), VALUES.transpose(1, 2, 0))
    # 7 rows along z, 2 columns along y; x: 10, y: 4, z: 2 Å.
    assert geometry(path) == ((2, 4, 10), (13, 6, -5), "angstrom")


@pytest.mark.parametrize(("flags", "sign"), [(None, 1), (0, -1), (4, 1)])
def test_origins_have_the_sign_of_who_wrote_them(tmp_path: Path, flags: int | None, sign: int) -> None:
    def placed(header: Any) -> None:
        header.origin = (78, 156, 24)
        if flags is not None:
            header.extra2 = bytes(40) + np.array([1146047817, flags], "<i4").tobytes() + bytes(36)

    path = put(tmp_path / "a.rec", change=placed)
    assert geometry(path)[1] == (sign * 24 - 6, sign * 156 - 3.9, sign * 78 - 3.9)


def test_an_origin_goes_before_another_start(tmp_path: Path) -> None:
    def placed(header: Any) -> None:
        header.origin = (78, 0, 0)
        header.nxstart = 3

    path = put(tmp_path / "a.mrc", change=placed)
    assert geometry(path)[1] == (-6, -3.9, 78 - 3.9)
    assert "the origin is taken" in open_array(path).about.doubts[0]


@pytest.mark.parametrize(("flags", "dtype"), [(None, np.int8), (0, np.uint8), (1, np.int8)])
def test_bytes_of_imod_are_unsigned_unless_it_says_so(tmp_path: Path, flags: int | None, dtype: Any) -> None:
    def stamped(header: Any) -> None:
        if flags is not None:
            header.extra2 = bytes(40) + np.array([1146047817, flags], "<i4").tobytes() + bytes(36)

    path = put(tmp_path / "a.mrc", np.full((2, 3, 4), -56, np.int8), stamped)
    assert open_array(path).numpy().max() == np.int8(-56).view(dtype)


def test_sizes_that_are_not_known_are_doubted(tmp_path: Path) -> None:
    assert "1 Å" in open_array(put(tmp_path / "one.mrc", size=1)).about.doubts[0]
    array = open_array(put(tmp_path / "none.mrc", size=0))
    assert (array.unit, array.physical_voxel_size) == ("pixel", (1, 1, 1))


def test_pictures_stacks_and_other_byte_orders(tmp_path: Path) -> None:
    assert open_array(put(tmp_path / "flat.mrc", VALUES[0])).axis_names == ("y", "x")
    stack = open_array(put(tmp_path / "stack.mrc", VALUES[None].repeat(2, 0)))
    assert (stack.axis_names, stack.shape) == (("c^", "z", "y", "x"), (2, 3, 4, 5))
    swapped = put(tmp_path / "swapped.mrc", VALUES.astype(">u2"))
    np.testing.assert_array_equal(open_array(swapped).numpy(), VALUES)
    assert open_array(swapped).dtype == np.uint16
    assert geometry(swapped) == geometry(put(tmp_path / "native.mrc"))


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    def mode(header: Any) -> None:
        header.mode = 16

    def skewed(header: Any) -> None:
        header.cellb.gamma = 120

    for name, change, message in (("colours", mode, "mode 16"), ("skewed", skewed, r"angles of 90, 90, 120°")):
        with pytest.raises(ValueError, match=rf"{name}\.mrc.*{message}"):
            open_array(put(tmp_path / f"{name}.mrc", change=change))
    with pytest.raises(ValueError, match="complex numbers"):
        open_array(put(tmp_path / "complex.mrc", VALUES.astype(np.complex64)))
    path = put(tmp_path / "cut.mrc")
    with path.open("r+b") as file:
        file.truncate(1100)
    with pytest.raises(ValueError, match=r"cut\.mrc is damaged: it has 1100 bytes, but its header promises 1144"):
        open_array(path)
    (tmp_path / "text.mrc").write_text("nothing")
    with pytest.raises(ValueError, match=r"text\.mrc can't be opened as MRC"):
        open_array(tmp_path / "text.mrc")
