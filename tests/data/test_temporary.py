"""Arrays in temporary folders hold what was written, and leave nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor_inspector.data.stores import engine, temporary
from predictor_inspector.data.stores.temporary import TemporaryArray, temporary_folder, temporary_room


@given(st.data())
@settings(max_examples=15)
def test_what_was_written_is_read_whatever_the_boxes(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    array = TemporaryArray(shape, [data.draw(st.integers(1, 10)) for _ in shape])
    expected = np.full(shape, np.nan, np.float32)
    for number in range(data.draw(st.integers(0, 4))):
        low = [data.draw(st.integers(0, n - 1)) for n in shape]
        box = tuple(slice(a, data.draw(st.integers(a + 1, n))) for a, n in zip(low, shape, strict=True))
        values = np.random.default_rng(number).random([s.stop - s.start for s in box], np.float32)
        array[box] = values
        expected[box] = values
        key = tuple(
            data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n)), label="key")
            for n in shape[: data.draw(st.integers(0, len(shape)))]
        )
        np.testing.assert_array_equal(array[key], expected[key])
    np.testing.assert_array_equal(np.asarray(array), expected)
    assert (array.shape, array.ndim, array.dtype) == (tuple(shape), len(shape), np.float32)


def test_values_are_compressed() -> None:
    array = TemporaryArray((64, 64, 64), (16, 64, 64))
    array[tuple(slice(0, 64) for _ in range(3))] = np.ones((64, 64, 64), np.float32)
    assert sum(file.stat().st_size for file in array.folder.rglob("*") if file.is_file()) < 0.02 * 4 * 64**3
    assert np.asarray(array).min() == 1


def test_files_lie_where_they_should_and_are_gone_with_the_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(temporary.tempfile, "tempdir", None)
    assert temporary_folder() == tmp_path
    assert temporary_room() > 0
    array = TemporaryArray((4, 4), (2, 2))
    array[0:4, 0:4] = np.ones((4, 4), np.float32)
    assert list(tmp_path.iterdir()) == [array.folder]
    # A process that was forked is not the array's own.
    temporary._remove(array.folder, os.getpid() + 1)
    assert array.folder.is_dir()
    del array
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    array = TemporaryArray((4, 4), (2, 2))

    def full(*_arguments: object) -> None:
        raise engine.plain_error(
            f'UNKNOWN: Error writing local file "{array.folder}/0.0": [OS error 28: ENOSPC No space left on device]', ""
        )

    monkeypatch.setattr(engine, "write_box", full)
    with pytest.raises(OSError, match="is full; set TMPDIR"):
        array[0:4, 0:4] = np.ones((4, 4), np.float32)
