"""Ids of every integer type, byte order and memory layout mean the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, OneHotPredictor
from predictor_inspector.core.labels import as_labels, as_tensor, fold_huge_ids, to_device

from .strategies import SEEDS, blocks, shapes

INTEGERS = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", ">u2", ">u4", ">u8", ">i2", ">i4", ">i8"]
TORCH_INTEGERS = [torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32, torch.int64]

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "contiguous": lambda a: a,
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "reversed": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": np.asfortranarray,
    "every second voxel": lambda a: a.repeat(2, 0).repeat(2, 1)[::2, ::2],
}
PREDICTORS = [
    AffinitiesPredictor([[0, 1], [-1, 0]], num_voxels=2),
    AffinitiesPredictor([[1, 1]], num_voxels=2, background_as_object=True),
    DistancePredictor(["a"], 2.0, True),
    OneHotPredictor(["background", "one"]),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_type_and_layout_gives_the_same_targets_and_weights(dtype: str, layout: str) -> None:
    labels = blocks(11, (6, 7), ids=4)
    plain, other = Array(labels, (2, 1)), Array(LAYOUTS[layout](labels.astype(dtype)), (2, 1))
    for predictor in PREDICTORS:
        expected, target = predictor.create_target(plain), predictor.create_target(other)
        np.testing.assert_array_equal(target.numpy(), expected.numpy())
        weights = [predictor.create_weight(gt, target)[0].numpy() for gt in (plain, other)]
        np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i2", "i8"])
def test_ground_truth_is_not_written_to(dtype: str) -> None:
    labels = blocks(11, (12, 14), ids=4).astype(dtype)
    before = labels.copy()
    predictors = [*PREDICTORS, AffinitiesPredictor([[0, 1]], num_voxels=2, grow_boundary_iterations=1)]
    for predictor in predictors:
        gt = Array(labels, (2, 1))
        predictor.create_weight(gt, predictor.create_target(gt))
    np.testing.assert_array_equal(labels, before)


@pytest.mark.parametrize("dtype", ["u2", "u4", "u8"])
def test_unsigned_ids_are_not_copied_unless_they_need_more_bits(dtype: str) -> None:
    small = np.array([0, 3, 9], dtype)
    assert np.shares_memory(as_tensor(small).numpy(), small)
    large = np.array([0, 3, np.iinfo(dtype).max], dtype)
    assert not np.shares_memory(as_tensor(large).numpy(), large)
    assert len(set(as_tensor(large).tolist())) == 3
    assert min(as_tensor(large).tolist()) == 0


@pytest.mark.parametrize("dtype", TORCH_INTEGERS, ids=str)
def test_tensors_of_every_integer_type_are_ids(dtype: torch.dtype) -> None:
    labels = blocks(2, (4, 5))
    gt = Array(torch.from_numpy(labels).to(dtype), (1, 1))
    np.testing.assert_array_equal(as_labels(gt.data).numpy(), labels)
    target = AffinitiesPredictor([[0, 1]], lsds=False).create_target(gt)
    np.testing.assert_array_equal(
        target.numpy(), AffinitiesPredictor([[0, 1]], lsds=False).create_target(Array(labels, (1, 1))).numpy()
    )


def test_booleans_are_one_object_and_background() -> None:
    gt = Array(np.array([[True, True, False]]), (1, 1))
    assert AffinitiesPredictor([[0, 1]], lsds=False).create_target(gt).numpy().tolist() == [[[1, 0, 0]]]


@given(shapes(dims=2), SEEDS, st.sampled_from([2**31, 2**32, 2**33 + 1, 2**62, 2**63, 2**64 - 9]), st.booleans())
def test_huge_ids_are_as_good_as_small_ones(shape: tuple[int, ...], seed: int, start: int, background: bool) -> None:
    labels = blocks(seed, shape, ids=5)
    huge = np.where(labels > 0, labels.astype(np.uint64) + np.uint64(start), 0).astype(np.uint64)
    predictors = [
        AffinitiesPredictor([[0, 1]], num_voxels=1, background_as_object=background, downsample_lsds=2),
        DistancePredictor(["a"], 2.0, False),
    ]
    for predictor in predictors:
        expected = predictor.create_target(Array(labels, (1, 1))).numpy()
        np.testing.assert_allclose(predictor.create_target(Array(huge, (1, 1))).numpy(), expected, atol=1e-6)


def test_ids_beyond_63_bits_get_free_ids_of_their_own() -> None:
    top = 2**63
    for ids in ([top - 1, top - 2, top], [top - 1, top - 3, top, top + 1, top - 2], [2**64 - 1, top, 5, 0, top - 1]):
        folded = fold_huge_ids(np.array(ids, np.uint64))
        assert folded.dtype == np.int64
        assert len(set(folded.tolist())) == len(ids)
        assert all(f > 0 or i == 0 for f, i in zip(folded.tolist(), ids, strict=True))
        assert all(f == i for f, i in zip(folded.tolist(), ids, strict=True) if i < top)


def test_ids_are_held_as_narrowly_as_they_fit() -> None:
    for highest, dtype in ((255, torch.uint8), (256, torch.int16), (2**15, torch.int32), (2**31, torch.int64)):
        assert as_labels(np.array([0, highest], np.uint64)).dtype == dtype


def test_a_tensor_shares_memory_with_an_array_that_allows_it() -> None:
    values = np.zeros((2, 3), np.int32)
    assert as_tensor(values).data_ptr() == values.ctypes.data


@pytest.mark.parametrize(
    "values", [np.zeros((2, 2)), np.zeros((2, 2), np.float16), torch.zeros(2, 2), np.zeros(2, "c8")]
)
def test_numbers_that_are_no_ids_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"gt must hold integer ids, but its type is (float|complex)"):
        as_labels(values)


def test_negative_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="gt must not hold negative ids, but its smallest is -3"):
        as_labels(np.array([[4, -3]], np.int8))


def test_no_voxels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"gt is empty: its shape is \(0, 3\)"):
        as_labels(np.zeros((0, 3), np.uint8))


@pytest.mark.parametrize("values", [[-1, 3], [0.5, 1.0], [True, False], []])
def test_what_moves_to_the_cpu_stays_as_it_is(values: list[object]) -> None:
    moved = to_device(np.array(values), torch.device("cpu"))
    np.testing.assert_array_equal(moved.numpy(), np.array(values))
    assert moved.numpy().dtype == np.array(values).dtype
