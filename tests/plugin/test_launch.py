"""The window that the command line opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from predictor_inspector.core import Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.plugin.launch import launch

from .window import blocks

pytestmark = pytest.mark.usefixtures("no_viewer")


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "labels.ome.zarr"
    write_ome_zarr(path, Array(blocks().astype(np.uint32), (40, 4, 4)), "labels")
    return path


def test_a_picture_of_the_window_with_data_is_written(volume: Path, tmp_path: Path, qapp: Any) -> None:
    picture = tmp_path / "window.png"
    launch(str(volume), None, str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_demo_shows_its_target(tmp_path: Path, qapp: Any) -> None:
    from PIL import Image

    picture = tmp_path / "demo.png"
    launch(None, None, str(picture))
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] > 1200
    # Boundaries have the bright colours of their channels, and nothing else there has.
    middle = pixels[pixels.shape[0] // 3 : pixels.shape[0] // 2, pixels.shape[1] // 3 : pixels.shape[1] // 2]
    assert ((middle.max(axis=2) >= 250) & (np.ptp(middle, axis=2) > 100)).mean() > 0.03


def test_why_there_is_no_target_is_told_without_waiting_for_it(tmp_path: Path, qapp: Any) -> None:
    zarr.create_array(tmp_path / "labels.zarr", data=np.stack([blocks(), blocks()], -1))
    with pytest.raises(ValueError, match="affinities can't use its channels"):
        launch(str(tmp_path / "labels.zarr"), None, str(tmp_path / "picture.png"), "zyxc")


def test_a_name_that_is_not_there_is_an_error(volume: Path, tmp_path: Path, qapp: Any) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        launch(str(volume), "nowhere", str(tmp_path / "picture.png"))
    import napari

    napari.Viewer.close_all()
