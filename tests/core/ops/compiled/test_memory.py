"""Memory that results leave for the next."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("numba")

from predictor_inspector.core.ops.compiled.memory import BufferPool


def test_what_nobody_holds_any_more_is_used_again() -> None:
    pool = BufferPool(limit=1000)
    first = pool.take(100)
    place = first.ctypes.data
    assert pool.idle == 0
    del first
    assert pool.idle == 100
    second = pool.take(80)
    assert second.ctypes.data == place
    assert second.nbytes == 80
    assert pool.idle == 0


def test_what_somebody_holds_is_never_given_to_another() -> None:
    pool = BufferPool(limit=1000)
    first = pool.take(100)
    part = memoryview(first)[10:20]
    del first
    second = pool.take(100)
    assert not np.shares_memory(np.frombuffer(part, dtype=np.uint8), second)


def test_a_much_larger_block_is_left_for_a_result_of_its_size() -> None:
    pool = BufferPool(limit=1000)
    large = pool.take(500)
    del large
    small = pool.take(100)
    assert small.nbytes == 100
    assert pool.idle == 500


def test_no_more_is_kept_than_may_be() -> None:
    pool = BufferPool(limit=1000)
    blocks = [pool.take(400) for _ in range(4)]
    del blocks
    assert pool.idle == 800


def test_the_latest_block_may_be_larger() -> None:
    pool = BufferPool(limit=1000, latest=3000)
    for size, kept in ((900, 900), (2900, 2900), (3100, 0), (400, 400), (500, 900), (2000, 2000)):
        block = pool.take(size)
        del block
        assert pool.idle == kept, size


def test_what_is_idle_can_be_given_back() -> None:
    from predictor_inspector.core.ops import backend
    from predictor_inspector.core.ops.compiled import memory

    held = memory.empty((memory.LARGE,), torch.uint8).fill_(7)
    del held
    assert memory.pool.idle >= memory.LARGE
    backend.release_memory()
    assert memory.pool.idle == 0


def test_a_tensor_keeps_its_memory_through_views(monkeypatch: pytest.MonkeyPatch) -> None:

    from predictor_inspector.core.ops.compiled import memory

    pool = BufferPool(limit=1 << 30)
    monkeypatch.setattr(memory, "pool", pool)
    view = memory.empty((4, memory.LARGE // 4), torch.float32)[1:].numpy()[:, 2:]
    view[:] = 7
    assert pool.idle == 0
    other = memory.empty((4, memory.LARGE // 4), torch.float32)
    other.zero_()
    assert (view == 7).all()
    del view
    assert pool.idle == memory.LARGE * 4
