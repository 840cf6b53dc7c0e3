"""The compiled kernels against plain torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import zarr
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.ops import backend
from predictor_inspector.core.ops.affinities import affinities, known_pairs
from predictor_inspector.core.ops.boundary_distance import (
    signed_distance,
    squared_boundary_distance,
    squared_distance_to_unknown,
)
from predictor_inspector.core.ops.channel_sums import channel_sums
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
from predictor_inspector.core.ops.shape_descriptors import shape_descriptors
from predictor_inspector.core.progress import listening
from tests.core import oracles
from tests.core.strategies import CLIPS, SEEDS, blocks, neighborhoods, shapes

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")

REHEARSAL = "predictor_inspector.core.ops.compiled.rehearsal"
SIZES = st.sampled_from([(1.0, 1.0, 1.0), (40.0, 4.0, 4.0), (0.3, 5.24, 1.7)])
TYPES = st.sampled_from([torch.uint8, torch.int16, torch.int32, torch.int64])


@pytest.fixture(scope="module", autouse=True)
def _two_threads() -> Iterator[None]:
    """Work is shared out."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def _rehearsed() -> None:
    if find_spec("numba") is not None:
        for operation in backend.OPERATIONS:
            import_module(REHEARSAL).rehearse(operation)


def agree(compute: Callable[[], torch.Tensor], tolerance: float = 0.0, relative: float = 0.0) -> torch.Tensor:
    """What both backends make of it, with no other kernels than those that a rehearsal gets ready."""
    with backend.using("torch"):
        expected = compute()
    with backend.using("compiled"), import_module(REHEARSAL).compiling_nothing():
        found = compute()
    assert found.dtype == expected.dtype
    assert found.is_contiguous()
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=relative)
    return found


@st.composite
def label_tensors(draw: Callable, longest: int = 9, dims: int | None = None) -> torch.Tensor:
    """Ids of any type, some of them huge, some tensors crops of others."""
    shape = draw(shapes(draw(st.integers(1, 3)) if dims is None else dims, longest))
    labels = torch.from_numpy(blocks(draw(SEEDS), shape, draw(st.integers(1, 5)), draw(st.integers(1, 5))))
    dtype = draw(TYPES)
    factor = draw(st.sampled_from([1, torch.iinfo(dtype).max // 5]))
    labels = (labels * factor).to(dtype)
    return labels[..., 1:] if draw(st.booleans()) and shape[-1] > 1 else labels


@st.composite
def kept(draw: Callable, shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    if draw(st.booleans()):
        return None
    begin = [draw(st.integers(0, n - 1)) for n in shape]
    return tuple(slice(b, draw(st.integers(b + 1, n))) for b, n in zip(begin, shape, strict=True))


@needs_numba
@given(st.data())
def test_affinities_are_the_same(data: st.DataObject) -> None:
    labels = data.draw(label_tensors())
    offsets = data.draw(neighborhoods(labels.ndim, 11))
    keep = data.draw(kept(labels.shape))
    objects = data.draw(st.sampled_from([None, labels % 3 != 1, torch.ones_like(labels, dtype=torch.bool)]))
    agree(lambda: affinities(labels, offsets, objects, keep))
    whole = tuple(slice(0, n) for n in labels.shape)
    agree(lambda: known_pairs(labels > 0, offsets, keep or whole))


@needs_numba
@given(st.data())
def test_distances_are_the_same(data: st.DataObject) -> None:
    labels = data.draw(label_tensors(14))
    sizes = data.draw(SIZES)[: labels.ndim]
    keep = data.draw(kept(labels.shape))
    scale = data.draw(st.sampled_from([0.05, 1.0, 7.0, 1000.0]))
    radius = data.draw(st.sampled_from([0.1, 5.0, 60.0, 1e4]))
    found = agree(lambda: signed_distance(labels, sizes, scale, keep), 1e-6)
    assert found.abs().max() <= 1
    agree(lambda: squared_boundary_distance(labels, sizes, radius, keep), relative=1e-6)
    agree(lambda: squared_distance_to_unknown(labels > 0, sizes, radius, keep), relative=1e-6)


@needs_numba
def test_a_volume_without_a_boundary_is_saturated() -> None:
    with backend.using("compiled"):
        assert (signed_distance(torch.ones((4, 5, 6), dtype=torch.uint8), (1.0, 2.0, 3.0), 9.0) == 1).all()
        assert (signed_distance(torch.zeros((5, 6), dtype=torch.int64), (2.0, 3.0), 9.0) == -1).all()


@needs_numba
@given(st.data())
def test_shape_descriptors_are_the_same(data: st.DataObject) -> None:
    labels = data.draw(label_tensors(11, data.draw(st.sampled_from([2, 3]))))
    sizes = data.draw(SIZES)[: labels.ndim]
    keep = data.draw(kept(labels.shape))
    downsample = data.draw(st.integers(1, 3))
    phase = tuple(data.draw(st.integers(0, downsample - 1)) for _ in labels.shape)
    sigma = max(sizes) * data.draw(st.sampled_from([0.7, 1.0, 3.0]))
    agree(lambda: shape_descriptors(labels, sigma, sizes, downsample, phase, keep), 1e-6)


@needs_numba
@given(shapes(longest=7), SEEDS)
def test_shape_descriptors_are_within_a_millionth_of_exact_sums(shape: tuple[int, ...], seed: int) -> None:
    labels = blocks(seed, shape, side=3)
    sizes = (4.0, 2.0, 1.0)[: len(shape)]
    with backend.using("compiled"):
        found = shape_descriptors(torch.from_numpy(labels), 8.0, sizes)
    np.testing.assert_allclose(found.numpy(), oracles.shape_descriptors(labels, 8.0, sizes), atol=1e-6)


@needs_numba
@given(SEEDS, CLIPS, st.sampled_from([(3,), (2, 5), (4, 3, 5)]), st.sampled_from(["no", "shared", "own", "expanded"]))
def test_weights_and_counts_are_the_same(
    seed: int, clips: tuple[float, float], shape: tuple[int, ...], masking: str
) -> None:
    rng = np.random.default_rng(seed)
    positive = torch.from_numpy(rng.random((3, *shape)) < rng.random())
    known = torch.from_numpy(rng.random((3, *shape)) < 0.7)
    mask = {"no": None, "shared": known[:1], "own": known, "expanded": known[:1].expand_as(known)}[masking]
    before = ClassCounts(torch.tensor([[5, 9]] * 3))
    counts = []

    def weigh() -> torch.Tensor:
        weight, after = balance(positive, mask, *clips, moving_counts=before)
        counts.append(after)
        return weight

    agree(weigh)
    assert counts[0].count.tolist() == counts[1].count.tolist()


@needs_numba
@given(SEEDS, st.sampled_from([(1,), (2, 5), (4, 3, 5), (70_000,)]), st.sampled_from([0.0, 0.4, 1.0]))
def test_sums_peaks_and_counts_are_the_same(seed: int, shape: tuple[int, ...], share: float) -> None:
    rng = np.random.default_rng(seed)
    target = torch.from_numpy(rng.normal(size=(3, *shape)).astype(np.float32))
    weight = torch.from_numpy((rng.random((3, *shape)) * (rng.random((3, *shape)) < 0.8)).astype(np.float32))
    positive = torch.from_numpy(rng.random((3, *shape)) < share)
    found = agree(lambda: channel_sums(target, weight, positive), 1e-6, 1e-9)
    with backend.using("torch"):
        assert torch.equal(found[3:], channel_sums(target, weight, positive)[3:])


@needs_numba
def test_volumes_of_many_parts_are_put_together_right(monkeypatch: pytest.MonkeyPatch) -> None:
    smallest = {
        "affinities._SMALLEST_PART": 64,
        "class_balance._SMALLEST_PART": 64,
        "boundary_distance._SMALLEST_BLOCK": 4,
    }
    for name, size in (smallest | {"runs._RUNS_PER_PART": 8}).items():
        monkeypatch.setattr(f"predictor_inspector.core.ops.compiled.{name}", size)
    labels = torch.from_numpy(blocks(1, (20, 30, 40), ids=9, side=6)).to(torch.int16)
    agree(lambda: signed_distance(labels, (2.0, 1.0, 1.0), 4.0), 1e-6)
    agree(lambda: shape_descriptors(labels, 2.0, (2.0, 1.0, 1.0)), 1e-6)
    agree(lambda: affinities(labels, [[1, 0, 0], [0, -3, 9]]))
    agree(lambda: balance(torch.stack([labels > 4, labels > 7]))[0])


@needs_numba
@pytest.mark.parametrize("sigma", [30.0, 100.0])
def test_real_tissue_is_described_the_same(real_data: Path, sigma: float) -> None:
    neurons = zarr.open_array(real_data / "medulla.ome.zarr" / "labels" / "neurons" / "s0", mode="r")
    labels = as_labels(neurons[:, :90, :100])
    agree(lambda: shape_descriptors(labels, sigma, (10.0,) * 3), 1e-6)
    agree(lambda: signed_distance(labels, (10.0,) * 3, sigma), 1e-6)


@needs_numba
def test_several_threads_may_compute_at_once() -> None:
    labels = torch.from_numpy(blocks(2, (40, 50, 60), ids=9, side=7)).to(torch.int16)
    expected = signed_distance(labels, (1.0,) * 3, 3.0)
    found: list[torch.Tensor] = []

    def work() -> None:
        with backend.using("compiled"):
            found.extend(signed_distance(labels, (1.0,) * 3, 3.0) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    for distance in found:
        torch.testing.assert_close(distance, expected, atol=1e-6, rtol=0)


@needs_numba
def test_a_listener_follows_the_work_and_may_end_it() -> None:
    labels = torch.from_numpy(blocks(2, (40, 50, 60), ids=9, side=7)).to(torch.int16)
    told: list[float] = []
    with backend.using("compiled"):
        with listening(told.append):
            signed_distance(labels, (1.0,) * 3, 3.0)
        assert told
        assert all(0 <= fraction < 1 for fraction in told)

        def refuse(fraction: float) -> None:
            raise InterruptedError(f"stopped at {fraction}")

        with listening(refuse), pytest.raises(InterruptedError, match="stopped at 0"):
            signed_distance(labels, (1.0,) * 3, 3.0)


@needs_numba
def test_more_planes_than_can_be_counted_are_left_to_torch() -> None:
    labels = torch.zeros((40_000, 1, 1), dtype=torch.uint8)
    labels[:300] = 1
    keep = (slice(200, 400), slice(0, 1), slice(0, 1))
    near = agree(lambda: squared_boundary_distance(labels, (1.0, 1.0, 1.0), 1e6, keep))
    assert near[:, 0, 0].sqrt().tolist() == [abs(z - 299.5) for z in range(200, 400)]
    agree(lambda: squared_distance_to_unknown(labels == 0, (1.0, 1.0, 1.0), 1e6, keep))
