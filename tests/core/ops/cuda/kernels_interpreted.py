"""The logic of the CUDA kernels, run by Triton's interpreter on the CPU: collected by `test_triton` in a process of its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor_inspector.core.ops import affinities, boundary_distance, class_balance, shape_descriptors
from predictor_inspector.core.ops import cuda as package
from predictor_inspector.core.ops.cuda import affinities as affinity_kernels
from predictor_inspector.core.ops.cuda import boundary_distance as distance_kernels
from predictor_inspector.core.ops.cuda import class_balance as balance_kernels
from predictor_inspector.core.ops.cuda import shape_descriptors as descriptor_kernels
from predictor_inspector.core.ops.regions import Slices
from tests.core.strategies import SEEDS, Draw, blocks

# Every example runs thousands of numpy operations per kernel.
settings.register_profile("interpreted", max_examples=6, deadline=None, derandomize=True)
settings.load_profile("interpreted")

DTYPES = st.sampled_from([torch.uint8, torch.int16, torch.int32, torch.int64])
SIZES = st.sampled_from([0.3, 1.0, 2.0, 4.5])


@st.composite
def volumes(draw: Draw, dims: tuple[int, ...] = (1, 2, 3)) -> tuple[torch.Tensor, Slices | None, list[float]]:
    """Labels, a part of them, and a voxel size; lines are longer than the widest block."""
    ndim = draw(st.sampled_from(dims))
    longest = {1: 300, 2: 16, 3: 6}[ndim]
    shape = [draw(st.integers(1, longest)) for _ in range(ndim)]
    labels = torch.from_numpy(blocks(draw(SEEDS), tuple(shape), side=draw(st.integers(1, 4)))).to(draw(DTYPES))
    keep = None
    if draw(st.booleans()):
        begins = [draw(st.integers(0, n - 1)) for n in shape]
        keep = tuple(slice(b, draw(st.integers(b + 1, n))) for b, n in zip(begins, shape, strict=True))
    return labels, keep, [draw(SIZES) for _ in shape]


def mask_like(labels: torch.Tensor, share: float, channels: int = 0) -> torch.Tensor:
    shape = (channels, *labels.shape) if channels else tuple(labels.shape)
    return torch.from_numpy(np.random.default_rng(5).random(shape) < share)


@given(volumes(), st.sampled_from([0.07, 0.5, 2.0, 30.0]))
def test_signed_distances_are_those_of_torch(volume: tuple, scale: float) -> None:
    labels, keep, sizes = volume
    expected = boundary_distance.signed_distance(labels, sizes, scale, keep)
    torch.testing.assert_close(
        distance_kernels.signed_distance(labels, sizes, scale, keep), expected, atol=1e-6, rtol=0
    )


@given(volumes(), st.sampled_from([0.4, 3.0, 50.0]), st.sampled_from([0.5, 0.99, 1.0]))
def test_distances_to_the_unknown_are_those_of_torch(volume: tuple, radius: float, share: float) -> None:
    labels, keep, sizes = volume
    known = mask_like(labels, share)
    expected = boundary_distance.squared_distance_to_unknown(known, sizes, radius, keep)
    actual = distance_kernels.squared_distance_to_unknown(known, sizes, radius, keep)
    torch.testing.assert_close(actual, expected, atol=0, rtol=1e-6)
    expected = boundary_distance.squared_boundary_distance(labels, sizes, radius, keep)
    actual = distance_kernels.squared_boundary_distance(labels, sizes, radius, keep)
    torch.testing.assert_close(actual, expected, atol=0, rtol=1e-6)


@given(volumes(), st.lists(st.integers(-400, 400), min_size=3, max_size=9), st.booleans())
def test_affinities_and_known_pairs_are_those_of_torch(volume: tuple, steps: list[int], short: bool) -> None:
    labels, keep, _ = volume
    steps = [s % 5 - 2 for s in steps] if short else steps
    offsets = [steps[i : i + labels.ndim] for i in range(0, len(steps) - labels.ndim + 1, labels.ndim)]
    members = mask_like(labels, 0.7)
    for objects in (None, members):
        expected = affinities.affinities(labels, offsets, objects, keep)
        assert torch.equal(affinity_kernels.affinities(labels, offsets, objects, keep), expected)
    keep = keep or tuple(slice(0, n) for n in labels.shape)
    expected = affinities.known_pairs(members, offsets, keep)
    assert torch.equal(affinity_kernels.known_pairs(members, offsets, keep), expected)


@pytest.mark.parametrize("channels", [None, 1, 3])
def test_counts_and_weights_are_those_of_torch(channels: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance_kernels, "COUNTED", 64)
    monkeypatch.setattr(balance_kernels, "WEIGHED", 32)
    positive = mask_like(torch.empty(5, 6, 7), 0.3, 3)
    mask = None if channels is None else mask_like(torch.empty(5, 6, 7), 0.8, channels)
    weight, counts = class_balance.balance(positive, mask)
    now = balance_kernels.counted(positive, mask)
    assert torch.equal(now, counts.count)
    assert torch.equal(now.sum(1) + 1, counts.total)
    classes = torch.rand(3, 2)
    expected = torch.where(positive, classes[:, 1, None, None, None], classes[:, 0, None, None, None]) * (weight > 0)
    assert torch.equal(balance_kernels.by_class(positive, mask, classes), expected)


@given(
    volumes((2, 3)), st.sampled_from([1.0, 2.5]), st.integers(1, 3), st.integers(0, 8), st.sampled_from([0, 100_000, 10**12])
)  # fmt: skip
def test_shape_descriptors_are_those_of_torch(
    volume: tuple, sigma: float, downsample: int, phase: int, first: int
) -> None:
    labels, keep, sizes = volume
    labels = torch.where(labels > 0, labels.long() + first, 0) if first else labels
    shift = [(phase + d) % downsample for d in range(labels.ndim)]
    expected = shape_descriptors.shape_descriptors(labels, sigma, sizes, downsample, shift, keep)
    actual = descriptor_kernels.shape_descriptors(labels, sigma, sizes, downsample, shift, keep)
    torch.testing.assert_close(actual, expected, atol=5e-6, rtol=0)


def test_shape_descriptors_are_the_same_however_the_work_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.from_numpy(blocks(8, (3, 4, 40), ids=3, side=4))
    expected = shape_descriptors.shape_descriptors(labels, 1.0, (1.0, 1.0, 1.0))
    monkeypatch.setattr(descriptor_kernels, "PART", 24)
    monkeypatch.setattr(descriptor_kernels, "TABLE_ENTRIES", 5)
    monkeypatch.setattr(descriptor_kernels, "SET_ASIDE", 10_000)
    actual = descriptor_kernels.shape_descriptors(labels, 1.0, (1.0, 1.0, 1.0))
    torch.testing.assert_close(actual, expected, atol=5e-6, rtol=0)


def test_a_volume_without_objects_has_no_descriptors() -> None:
    labels = torch.zeros((4, 5, 6), dtype=torch.uint8)
    made = descriptor_kernels.shape_descriptors(labels, 2.0, (1, 1, 1))
    assert made is not None
    assert not made.any()


def test_distances_need_a_voxel_size_for_each_axis() -> None:
    with pytest.raises(ValueError, match="a voxel size for each"):
        distance_kernels.signed_distance(torch.ones((4, 4), dtype=torch.uint8), (1.0,), 1.0)


def test_tensors_on_the_cpu_are_left_to_torch() -> None:
    assert package.attempt("affinities.affinities", torch.ones(3, dtype=torch.uint8), [[1]]) is None
