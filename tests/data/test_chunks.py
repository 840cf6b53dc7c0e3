"""What is read through the pool equals the data, is kept within a bound, and read once."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dask.array
import h5py
import numpy as np
import pytest
import tensorstore as ts
import torch
import zarr
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array
from predictor_inspector.data import open_array
from predictor_inspector.data.lazy import Transposed, innermost
from predictor_inspector.data.stores import chunks, engine
from predictor_inspector.data.stores.chunks import PooledArray, StoreArray, pooled


@pytest.fixture
def limited() -> Iterator[None]:
    """Whatever the limit is set to in a test, the next one has the usual one, and an empty pool."""
    yield
    engine.set_limit(1)
    engine.set_limit(engine.DEFAULT_LIMIT)


class Counting:
    """Lazily sliced values that count how often each voxel was read."""

    def __init__(self, values: np.ndarray, chunks: Any = None) -> None:
        self.values, self.shape, self.dtype, self.chunks = values, values.shape, values.dtype, chunks
        self.reads = np.zeros(values.shape, int)

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads[key] += 1
        return self.values[key]


def ids(shape: tuple[int, ...] = (12, 20, 30), dtype: Any = np.uint32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 70_000, shape).astype(dtype)


def stored(path: Path, values: np.ndarray, shape: tuple[int, ...], **options: Any) -> Path:
    zarr.create_array(path, shape=values.shape, dtype=values.dtype, chunks=shape, **options)[...] = values
    return path


@st.composite
def indices(draw: Any, shape: tuple[int, ...]) -> Any:
    """Anything that basic indexing takes, but new axes."""
    parts: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        bound = st.none() | st.integers(-n - 2, n + 2)
        step = st.none() | st.sampled_from([1, 2, 3, -1, -2])
        parts.append(draw(st.integers(-n, n - 1) | st.builds(slice, bound, bound, step)))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), Ellipsis)
        parts = parts[: parts.index(Ellipsis) + 1]
    return tuple(parts)


@given(
    st.data(),
    st.tuples(*[st.integers(1, 7)] * 3),
    st.tuples(*[st.integers(1, 4)] * 3),
    st.sampled_from([np.uint8, np.int16, np.uint32, ">u2", np.uint64, np.int64, np.float32, bool]),
    st.sampled_from([0, 1 << 20]),
)
def test_what_is_read_equals_the_data_whatever_is_asked_for(
    data: st.DataObject, shape: tuple[int, ...], blocks: tuple[int, ...], dtype: Any, limit: int
) -> None:
    values = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 2**40, shape).astype(dtype)
    engine.set_limit(limit)
    try:
        array = PooledArray(Counting(values, blocks))
        for _ in range(3):
            index = data.draw(indices(shape))
            found, expected = array[index], values[index]
            np.testing.assert_array_equal(found, expected)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    finally:
        engine.set_limit(engine.DEFAULT_LIMIT)


def test_a_block_is_read_once_by_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_BLOCK", 1)
    source = Counting(ids(), (4, 5, 6))
    array = pooled(Array(source, (4, 3, 2), (8, 3, -2)))
    array[array.roi_of([slice(1, 3), slice(4, 6), slice(0, 6)])]
    assert source.reads.sum() == 2 * 4 * 5 * 6  # two chunks along y
    rois = [array.roi_of([slice(z, 12), slice(0, 20 - z), slice(0, 30)]) for z in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for roi, part in zip(rois, threads.map(array.__getitem__, rois), strict=True):
            np.testing.assert_array_equal(part.data, source.values[array.to_slices(roi)])
    assert source.reads.max() == 1


def test_the_pool_keeps_no_more_than_its_limit(tmp_path: Path, limited: None) -> None:
    values = np.random.default_rng(0).integers(0, 255, (64, 64, 64), np.uint8)
    path = stored(tmp_path / "a.zarr", values, (8, 64, 64))
    chunk = 8 * 64 * 64
    engine.set_limit(3 * chunk + 4096)
    array = open_array(path).data

    def read_again(z: int) -> bool:
        """Whether a chunk is read from its file."""
        before = _reads()
        array[z : z + 1]
        return _reads() > before

    for z in range(0, 64, 8):
        assert read_again(z)
    assert not any(read_again(z) for z in (48, 56))
    assert read_again(0)
    engine.set_limit(engine.DEFAULT_LIMIT)
    np.testing.assert_array_equal(array[...], values)
    assert not any(read_again(z) for z in range(0, 64, 8))


def _reads() -> int:
    found = ts.experimental_collect_matching_metrics("/tensorstore/kvstore/file/read")
    return sum(int(value.get("value", value.get("count", 0))) for metric in found for value in metric["values"])


def test_one_readers_failure_is_its_own_and_keeps_its_type() -> None:
    class Failing(Counting):
        fails = True

        def __getitem__(self, key: Any) -> np.ndarray:
            if self.fails:
                raise OSError("the disk is gone")
            return super().__getitem__(key)

    source = Failing(ids())
    array = PooledArray(source)
    with pytest.raises(OSError, match=r"^the disk is gone$"):
        array[...]
    source.fails = False
    np.testing.assert_array_equal(array[...], source.values)


def test_arrays_made_of_arrays_of_the_pool_are_read_through_it_too(tmp_path: Path) -> None:
    values = ids((16, 64, 64))
    inner = open_array(stored(tmp_path / "a.zarr", values, (2, 16, 16)))
    outer = pooled(inner.like(dask.array.from_array(inner.data, chunks=(2, 16, 16)), inner.axis_names))
    assert isinstance(outer.data, PooledArray)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: outer.numpy(), range(4)):
            np.testing.assert_array_equal(found, values)


def test_what_lies_in_memory_or_in_the_pool_is_left_as_it_is(tmp_path: Path) -> None:
    for data in (ids(), torch.zeros(2, 3, 4)):
        array = Array(data, (1, 1, 1))
        assert pooled(array) is array
    array = open_array(stored(tmp_path / "a.zarr", ids(), (5, 6, 7)))
    assert pooled(array) is array
    turned = array.like(Transposed(array.data, (2, 1, 0)))
    assert pooled(turned) is turned
    again = pooled(Array(Counting(ids()), (1, 1, 1)))
    assert pooled(again) is again


def test_blocks_are_the_chunks_of_the_data_or_several_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = ids()
    assert open_array(stored(tmp_path / "a.zarr", values, (5, 6, 7))).data.chunks == (5, 6, 7)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=values, chunks=(5, 6, 7))
    by_dask = dask.array.from_array(values, ((5, 5, 2), (6, 6, 6, 2), (7, 7, 7, 7, 2)))
    for array in (open_array(tmp_path / "a.h5"), Array(by_dask, (1, 1, 1))):
        assert pooled(array).data.chunks == values.shape
        monkeypatch.setattr(chunks, "_BLOCK", 2 * 5 * 6 * 7)
        assert pooled(array).data.chunks == (5, 6, 14)
        np.testing.assert_array_equal(pooled(array).numpy(), values)
        monkeypatch.undo()
    large = Counting(np.broadcast_to(np.uint8(1), (3, 100, 2000, 2000)))
    assert PooledArray(large).chunks == (1, 1, 524, 2000)


def test_geometry_and_channels_stay() -> None:
    source = Counting(ids((2, 6, 7, 8)))
    plain = Array(source, (4, 3, 2), (8, 3, -2), ("t^", "z", "y", "x"), "um", 100)
    array = pooled(plain)
    assert repr(array) == repr(plain)
    np.testing.assert_array_equal(array.select("t^", 1).numpy(), source.values[1])
    assert isinstance(innermost(array.select("t^", 1).data), PooledArray)


def test_what_it_cannot_do_it_says() -> None:
    array = PooledArray(Counting(ids()))
    with pytest.raises(IndexError, match="index 12 is out of bounds for an axis of 12"):
        array[12]
    with pytest.raises(TypeError, match="takes whole numbers and slices"):
        array["a"]
    with pytest.raises(ValueError, match="the limit must be a number of bytes of at least 0, got -1"):
        engine.set_limit(-1)


def test_a_store_opened_anew_is_read_anew(tmp_path: Path) -> None:
    values = ids()
    path = stored(tmp_path / "a.zarr", values, (4, 5, 6))
    np.testing.assert_array_equal(open_array(path).numpy(), values)
    zarr.open_array(path)[...] = values + 1
    np.testing.assert_array_equal(open_array(path).numpy(), values + 1)


def test_arrays_can_be_pickled(tmp_path: Path) -> None:
    array = open_array(stored(tmp_path / "a.zarr", ids(), (4, 5, 6)))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)).numpy(), ids())


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process is forked on this system")
def test_a_forked_process_reads_what_its_parent_has_read(tmp_path: Path) -> None:
    values = ids()
    path = stored(tmp_path / "a.zarr", values, (4, 5, 6))
    damaged = stored(tmp_path / "damaged.zarr", values, values.shape) / "c" / "0" / "0" / "0"
    damaged.write_bytes(damaged.read_bytes()[:20])
    array, other = open_array(path), pooled(Array(Counting(values), (1, 1, 1)))
    assert array.numpy().sum() == other.numpy().sum() == values.sum()
    read, write = os.pipe()
    # One that fails to read would never end.
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        told = b"failed"
        try:
            same = (array.numpy() == values).all() and (other.numpy() == values).all()
            anew = (open_array(path).numpy() == values).all()
            try:
                open_array(tmp_path / "damaged.zarr").numpy()
            except ValueError as error:
                told = f"{same} {anew} {error}".encode()
        finally:
            os.write(write, told)
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answers:
        said = answers.read()
    assert os.waitpid(child, 0)[1] == 0
    assert said.startswith(f"True True {damaged} is damaged: "), said
    # The parent reads on.
    assert array.numpy().sum() == values.sum()


def test_reading_goes_on_while_the_limit_changes(tmp_path: Path, limited: None) -> None:
    values = ids()
    array = open_array(stored(tmp_path / "a.zarr", values, (2, 5, 6)))
    end = threading.Event()

    def change() -> None:
        while not end.is_set():
            for limit in (0, 1000, 10**6):
                engine.set_limit(limit)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(10):
            np.testing.assert_array_equal(array.numpy(), values)
    finally:
        end.set()
        changing.join()
    gc.collect()


def test_types_that_are_no_numbers_are_refused() -> None:
    spec = {"driver": "json", "kvstore": {"driver": "memory", "path": "a"}}
    with pytest.raises(ValueError, match="values of type json, not numbers"):
        StoreArray(spec)
