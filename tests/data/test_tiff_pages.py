"""Strips and tiles of TIFF files: any region, and only what it needs; damage is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from predictor_inspector.data import list_contents, open_array

VALUES = np.arange(3 * 70 * 90, dtype=np.uint16).reshape(3, 70, 90)
WRITERS: dict[str, dict[str, Any]] = {
    "strips": {"rowsperstrip": 16},
    "one strip": {"rowsperstrip": 1000},
    "deflate": {"compression": "zlib", "rowsperstrip": 13, "predictor": True},
    "tiles": {"tile": (32, 48)},
    "tiles, packed": {"tile": (32, 48), "compression": "zlib"},
    "tiles with depth": {"tile": (2, 32, 48), "compression": "zlib", "volumetric": True},
    "of the other byte order": {"byteorder": ">", "compression": "zlib"},
    "ImageJ": {"imagej": True, "compression": "zlib", "metadata": {"axes": "ZYX"}},
    "OME": {"ome": True, "compression": "zlib", "metadata": {"axes": "ZYX"}},
}


def put(
    path: Path,
    values: np.ndarray = VALUES,
    byteorder: str = "<",
    ome: bool = False,
    imagej: bool = False,
    **options: Any,
) -> Path:
    with tifffile.TiffWriter(path, byteorder=byteorder, ome=ome, imagej=imagej) as file:
        file.write(values, photometric="minisblack", **options)
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_any_region_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    array = open_array(put(tmp_path / "a.tif", **WRITERS[name]))
    assert array.shape == VALUES.shape
    for region in (
        (slice(0, 3), slice(0, 70), slice(0, 90)),
        (slice(1, 2), slice(30, 66), slice(47, 49)),
        (slice(2, 3), slice(69, 70), slice(0, 1)),
    ):
        np.testing.assert_array_equal(array[array.roi_of(region)].data, VALUES[region])


def test_a_region_decodes_only_the_tiles_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    original = tifffile.TiffPage.decode.func  # type: ignore[attr-defined]

    def decode(self: Any) -> Any:
        one = original(self)
        return lambda data, index, **tables: (decoded.append(index), one(data, index, **tables))[1]

    monkeypatch.setattr(tifffile.TiffPage, "decode", property(decode))
    array = open_array(put(tmp_path / "a.tif", tile=(32, 48), compression="zlib"))
    array[array.roi_of((slice(1, 2), slice(40, 60), slice(50, 60)))]
    assert decoded == [3]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_file_that_is_cut_is_named(tmp_path: Path, compression: str | None) -> None:
    path = put(
        tmp_path / "a.tif", np.random.default_rng(0).integers(0, 99, (64, 64), np.uint16), compression=compression
    )
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(ValueError, match=r"a\.tif is damaged: image 0 can't be read"):
        open_array(path).numpy()


def test_a_compression_that_is_not_known_is_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(VALUES[0], photometric="minisblack", metadata=None)
        file.write(VALUES[0], photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as opened:
        opened.pages[1].tags["Compression"].overwrite(60001)
    found, left_out = list_contents(path)
    assert [one.name for one in found] == ["0"]
    assert "needs imagecodecs" in left_out[0].reason
