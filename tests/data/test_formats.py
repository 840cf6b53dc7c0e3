"""Other packages' file formats: an installed package registers them, and every way to open a file knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector.data import list_arrays, open_array, readable_suffixes
from predictor_inspector.data.source import open_input

NUMPY = """
import numpy as np
from predictor_inspector.data import Format, StoredArray, pixel_array

class NumpyFiles(Format):
    suffixes = (".npy",)

    def arrays(self, container, location=""):
        data = np.load(container, mmap_mode="r")
        return [StoredArray("ids", pixel_array(data, 2), "labels")]

class Careless(NumpyFiles):
    def takes(self, path):
        return path.stat().st_size > 10**18

class Broken(NumpyFiles):
    suffixes = (".npz",)

    def arrays(self, container, location=""):
        return {}["nothing"]

NUMPY = NumpyFiles()
CARELESS = Careless()
BROKEN = Broken()
"""


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.npy"
    np.save(path, np.arange(12, dtype=np.uint32).reshape(3, 4))
    return path


def test_a_format_needs_only_say_which_arrays_a_file_holds(install: Any, ids: Path) -> None:
    install("numpy_format", NUMPY, "formats", {"numpy": "numpy_format:NUMPY"})
    (info,) = list_arrays(ids)
    assert (info.name, info.array.shape, info.kind) == ("ids", (3, 4), "labels")
    for array in (open_array(ids), open_array(ids, "ids"), open_array(ids / "ids"), open_input("else.npy", str(ids))):
        np.testing.assert_array_equal(array.numpy(), np.load(ids))
    with pytest.raises(ValueError, match=r"ids\.npy has no array 'idz'; ids\.npy holds 'ids'"):
        open_array(ids, "idz")
    assert readable_suffixes()[-1] == ".npy"


def test_a_format_that_fails_is_told_where_nothing_else_reads_the_file(install: Any, ids: Path) -> None:
    formats = {"a_missing": "no_such_package:FORMAT", "b_careless": "numpy_format:CARELESS"}
    install("numpy_format", NUMPY, "formats", {**formats, "numpy": "numpy_format:NUMPY"})
    assert open_array(ids).shape == (3, 4)
    other = ids.with_suffix(".xyz")
    other.touch()
    with pytest.raises(
        ValueError,
        match=r"ids\.xyz is of a kind that can't be read \(\.xyz\); known are \.zarr.*\.npy; the format 'a_missing' of "
        "the package numpy_format can't be loaded: ModuleNotFoundError",
    ):
        open_array(other)
    with pytest.raises(FileNotFoundError, match="is not there"):
        open_array(ids.parent / "missing.npy")


def test_a_format_that_fails_on_its_own_file_names_it(install: Any, ids: Path) -> None:
    install("numpy_format", NUMPY, "formats", {"broken": "numpy_format:BROKEN"})
    broken = ids.rename(ids.with_suffix(".npz"))
    with pytest.raises(ValueError, match=r"ids\.npz can't be read: KeyError: 'nothing'"):
        list_arrays(broken)


def test_a_built_in_format_cannot_be_replaced(install: Any, ids: Path, tmp_path: Path) -> None:
    install("numpy_format", NUMPY, "formats", {"tiff": "numpy_format:NUMPY"})
    with pytest.raises(ValueError, match="of a kind that can't be read"):
        open_array(ids)
