"""Chunks are read once, kept within a budget, and hold exactly what the file does."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dask.array
import h5py
import numpy as np
import pytest
import torch
import zarr
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array
from predictor_inspector.data import open_array
from predictor_inspector.data.chunk_cache import CachedData, ChunkCache, cached, narrowed


class Counting:
    """Lazily sliced values that count how often each voxel was read."""

    def __init__(self, values: np.ndarray, chunks: Any = None) -> None:
        self.values, self.shape, self.dtype, self.chunks = values, values.shape, values.dtype, chunks
        self.reads = np.zeros(values.shape, int)
        self.calls = 0

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads[key] += 1
        self.calls += 1
        return self.values[key]


def ids(shape: tuple[int, ...] = (12, 20, 30), dtype: Any = np.uint32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 70_000, shape).astype(dtype)


def cached_array(source: Any, cache: ChunkCache | None = None) -> Array:
    return cached(Array(source, (4, 3, 2), (8, 3, -2)), ChunkCache(1 << 30) if cache is None else cache)


@st.composite
def indices(draw: Any, shape: tuple[int, ...]) -> Any:
    """Anything that basic indexing takes, but new axes."""
    parts: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        position = st.integers(-n, n - 1) if n else st.nothing()
        bound = st.none() | st.integers(-n - 2, n + 2)
        step = st.none() | st.sampled_from([1, 2, 3, -1, -2])
        parts.append(draw(position | st.builds(slice, bound, bound, step)))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), Ellipsis)
        parts = parts[: parts.index(Ellipsis) + 1]
    return tuple(parts)


@given(
    st.data(),
    st.tuples(*[st.integers(1, 7)] * 3),
    st.tuples(*[st.integers(1, 4)] * 3),
    st.sampled_from([np.uint8, np.int16, np.uint32, ">u2", np.uint64, np.int64, np.float32, bool]),
    st.sampled_from([0, 700, 1 << 30]),
)
def test_what_is_read_equals_the_data_whatever_is_asked_for(
    data: st.DataObject, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: Any, budget: int
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    high = data.draw(st.sampled_from([1, 100, 2**40]))
    values = rng.integers(-high if np.dtype(dtype).kind == "i" else 0, high, shape).astype(dtype)
    array = CachedData(Counting(values, chunks), ChunkCache(budget))
    for _ in range(3):
        index = data.draw(indices(shape))
        found, expected = array[index], values[index]
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape


def test_a_region_touches_only_chunks_that_are_not_kept() -> None:
    source = Counting(ids(), (4, 5, 6))
    array = cached_array(source)
    first = array.roi_of([slice(1, 3), slice(4, 6), slice(0, 6)])
    array[first]
    assert source.reads.sum() == 2 * 4 * 5 * 6  # two chunks along y
    assert source.reads[:4, :10, :6].all()
    for _ in range(3):
        array[first]
    assert source.reads.max() == 1
    panned = array.roi_of([slice(1, 3), slice(4, 6), slice(3, 9)])
    np.testing.assert_array_equal(array[panned].data, source.values[1:3, 4:6, 3:9])
    assert source.reads.max() == 1
    assert source.reads.sum() == 2 * 2 * 4 * 5 * 6


def test_neighbouring_chunks_are_read_at_once() -> None:
    source = Counting(ids(), (4, 5, 6))
    array = cached_array(source)
    array[array.roi]
    assert source.calls == 1
    assert source.reads.max() == 1
    other = Counting(ids(), (4, 5, 6))
    array = cached_array(other)
    array[array.roi_of([slice(4, 8), slice(5, 10), slice(6, 12)])]
    array[array.roi]
    assert other.reads.max() == 1


def test_the_least_recently_used_chunks_are_given_up_first() -> None:
    source = Counting(ids((1, 1, 60), np.uint64), (1, 1, 10))
    cache = ChunkCache(3 * (10 * 4 + 256))  # three chunks of ids that fit into four bytes
    array = cached_array(source, cache)

    def look(chunk: int) -> None:
        array[array.roi_of([slice(0, 1), slice(0, 1), slice(10 * chunk, 10 * chunk + 1)])]

    for chunk in (0, 1, 2, 0, 3, 0):
        look(chunk)
    assert source.reads[0, 0, ::10].tolist() == [1, 1, 1, 1, 0, 0]
    look(2)
    look(1)
    assert source.reads[0, 0, ::10].tolist() == [1, 2, 1, 1, 0, 0]
    assert cache.nbytes <= cache.budget


@given(st.integers(0, 3000), st.lists(st.integers(0, 11), max_size=30))
def test_the_budget_is_never_exceeded_by_all_arrays_together(budget: int, looks: list[int]) -> None:
    cache = ChunkCache(budget)
    arrays = [cached_array(Counting(ids(seed=seed), (1, 20, 30)), cache) for seed in (0, 1)]
    for look in looks:
        array = arrays[look % 2]
        array[array.roi_of([slice(look, look + 1), slice(0, 20), slice(0, 30)])]
        assert cache.nbytes <= budget
    cache.budget = budget // 2
    assert cache.nbytes <= budget // 2


def test_ids_take_as_few_bytes_as_they_need() -> None:
    for values, dtype in [
        ([0, 255], np.uint8),
        ([0, 256], np.uint16),
        ([0, 65_536], np.uint32),
        ([0, 2**40], np.uint64),
        ([-1, 127], np.int8),
        ([-1, 128], np.int16),
    ]:
        kept = narrowed(np.array(values, np.int64 if values[0] < 0 else np.uint64))
        assert kept.dtype == dtype
        assert kept.tolist() == values
    cache = ChunkCache(1 << 20)
    nothing = cached_array(Counting(np.zeros((64, 64, 64), np.uint64), (32, 32, 32)), cache)
    assert not nothing[nothing.roi].data.any()
    assert cache.nbytes < 8 * 300


def test_readers_at_the_same_time_do_not_read_a_chunk_twice() -> None:
    class Slow(Counting):
        def __getitem__(self, key: Any) -> np.ndarray:
            with lock:
                self.reads[key] += 1
            started.set()
            assert go.wait(10)
            return self.values[key]

    lock, started, go = threading.Lock(), threading.Event(), threading.Event()
    source = Slow(ids(), (4, 5, 6))
    array = cached_array(source)
    rois = [array.roi_of([slice(z, 12), slice(0, 20 - z), slice(0, 30)]) for z in range(8)]
    with ThreadPoolExecutor(8) as pool:
        parts = [pool.submit(array.__getitem__, roi) for roi in rois]
        assert started.wait(10)
        go.set()
        for roi, part in zip(rois, parts, strict=True):
            np.testing.assert_array_equal(part.result().data, source.values[array.to_slices(roi)])
    assert source.reads.max() == 1


def test_one_readers_failure_is_not_anothers() -> None:
    class Failing(Counting):
        def __getitem__(self, key: Any) -> np.ndarray:
            if threading.current_thread() is unlucky:
                reading.set()
                assert go.wait(10)
                raise OSError("the disk is gone")
            return super().__getitem__(key)

    reading, go = threading.Event(), threading.Event()
    source = Failing(ids(), (12, 20, 30))
    array = cached_array(source)
    failures: list[BaseException] = []

    def read() -> None:
        try:
            array[array.roi]
        except OSError as error:
            failures.append(error)

    unlucky = threading.Thread(target=read)
    unlucky.start()
    assert reading.wait(10)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(array.__getitem__, array.roi)
        go.set()
        np.testing.assert_array_equal(waiting.result(10).data, source.values)
    unlucky.join()
    assert [str(f) for f in failures] == ["the disk is gone"]


def test_what_was_edited_is_read_anew_once_it_is_forgotten() -> None:
    source, other = Counting(ids(), (4, 5, 6)), Counting(ids(), (4, 5, 6))
    cache = ChunkCache(1 << 20)
    array, beside = cached_array(source, cache), cached_array(other, cache)
    array[array.roi], beside[beside.roi]
    source.values = source.values + 1
    assert array[array.roi].data[0, 0, 0] == source.values[0, 0, 0] - 1
    cache.forget(source)
    np.testing.assert_array_equal(array[array.roi].data, source.values)
    beside[beside.roi]
    assert other.reads.max() == 1
    cache.forget(source)
    cache.forget(other)
    assert cache.nbytes == 0


def test_what_is_forgotten_while_it_is_read_is_not_kept() -> None:
    class Edited(Counting):
        def __getitem__(self, key: Any) -> np.ndarray:
            part = super().__getitem__(key)
            cache.forget(self)
            return part

    cache = ChunkCache(1 << 20)
    array = cached_array(Edited(ids(), (4, 5, 6)), cache)
    array[array.roi]
    assert cache.nbytes == 0


def test_arrays_of_the_same_data_share_chunks_and_take_them_with_them() -> None:
    cache = ChunkCache(1 << 20)
    source = Counting(ids(), (4, 5, 6))
    for _ in range(3):
        again = cached_array(source, cache)
        assert cached(again, cache) is again
        again[again.roi]
    assert source.reads.max() == 1
    assert cache.nbytes > 0
    del source, again
    gc.collect()
    assert cache.nbytes == 0


def test_what_lies_in_memory_is_left_as_it_is() -> None:
    for data in (ids(), torch.zeros(2, 3, 4)):
        array = Array(data, (1, 1, 1))
        assert cached(array) is array


def test_geometry_and_channels_stay() -> None:
    source = Counting(ids((2, 6, 7, 8)), (1, 6, 4, 4))
    plain = Array(source, (4, 3, 2), (8, 3, -2), ("t^", "z", "y", "x"), "um", 100)
    array = cached(plain, ChunkCache())
    assert repr(array) == repr(plain)
    assert array.data.chunks == (1, 6, 4, 4)
    source.reads[:] = 0
    np.testing.assert_array_equal(array.select("t^", 1).numpy(), source.values[1])
    assert source.reads[0].max() == 0


def test_chunks_are_those_of_zarr_hdf5_and_dask_else_blocks(tmp_path: Path) -> None:
    values = ids()
    stored = zarr.create_array(tmp_path / "a.zarr", shape=values.shape, chunks=(5, 6, 7), dtype=values.dtype)
    stored[...] = values
    arrays = [open_array(tmp_path / "a.zarr")]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=values, chunks=(5, 6, 7))
    arrays.append(open_array(tmp_path / "a.h5"))
    arrays.append(Array(dask.array.from_array(values, ((5, 5, 2), (6, 6, 6, 2), (7, 7, 7, 7, 2))), (1, 1, 1)))
    for array in arrays:
        there = cached(array, ChunkCache())
        assert there.data.chunks == (5, 6, 7)
        np.testing.assert_array_equal(there.numpy(), values)
    large = Counting(np.broadcast_to(np.uint8(1), (3, 100, 1000, 1000)))
    assert CachedData(large, ChunkCache()).chunks == (1, 16, 256, 256)


def test_what_it_cannot_do_it_says() -> None:
    array = CachedData(Counting(ids()), ChunkCache())
    with pytest.raises(IndexError, match="index 12 is out of bounds for an axis of 12"):
        array[12]
    with pytest.raises(IndexError, match="at most 3 indices are possible, one per axis, got 4"):
        array[0, 0, 0, 0]
    with pytest.raises(TypeError, match="takes whole numbers and slices"):
        array["a"]
    with pytest.raises(ValueError, match="budget must be a number of bytes of at least 0, got -1"):
        ChunkCache(-1)
