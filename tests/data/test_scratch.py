"""Arrays in temporary files hold what was written, and leave nothing behind."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.data import scratch
from predictor_inspector.data.scratch import ScratchArray, scratch_folder, scratch_room


@given(st.data())
def test_what_was_written_is_read_whatever_the_boxes(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    chunks = [data.draw(st.integers(1, 10)) for _ in shape]
    array = ScratchArray(shape, chunks, kept=data.draw(st.sampled_from([0, 100, 10**6])))
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


def test_values_are_compressed_and_at_most_so_many_kept() -> None:
    array = ScratchArray((64, 64, 64), (16, 64, 64), kept=2 * 4 * 16 * 64 * 64)
    array[tuple(slice(0, 64) for _ in range(3))] = np.ones((64, 64, 64), np.float32)
    assert array.nbytes_stored < 0.02 * 4 * 64**3
    assert np.asarray(array).min() == 1
    assert len(array._kept) == 2


def test_files_lie_where_they_should_and_are_gone_with_the_array(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(scratch.tempfile, "tempdir", None)
    assert scratch_folder() == tmp_path
    assert scratch_room() > 0
    array = ScratchArray((4, 4), (2, 2))
    array[0:4, 0:4] = np.ones((4, 4), np.float32)
    del array
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_folder() -> None:
    array = ScratchArray((4, 4), (2, 2))

    class Full:
        def seek(self, _where: int) -> None: ...

        def write(self, _packed: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    file: Any = array._file
    file.close()
    array._file = Full()
    with pytest.raises(OSError, match="is full; set TMPDIR"):
        array[0:4, 0:4] = np.ones((4, 4), np.float32)


def test_more_indices_than_axes_are_refused() -> None:
    with pytest.raises(IndexError, match="at most 2 indices"):
        ScratchArray((4, 4), (2, 2))[0, 0, 0]
