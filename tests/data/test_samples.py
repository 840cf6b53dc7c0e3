"""The synthetic samples: the same every time, and what they say they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from predictor_inspector.data import Sample, cells_2d, neurites

SHAPE = (24, 96, 128)


@pytest.fixture(scope="module")
def block() -> Sample:
    return neurites(SHAPE, seed=3)


def test_a_seed_gives_the_same_sample_every_time(block: Sample) -> None:
    again, other = neurites(SHAPE, seed=3), neurites(SHAPE, seed=4)
    for name in ("raw", "labels", "organelles", "annotated"):
        np.testing.assert_array_equal(getattr(block, name).data, getattr(again, name).data)
    assert (block.raw.data != other.raw.data).any()
    np.testing.assert_array_equal(cells_2d((64, 64), 1).raw.data, cells_2d((64, 64), 1).raw.data)


def test_all_arrays_of_a_sample_lie_on_one_grid(block: Sample) -> None:
    assert block.organelles is not None
    assert block.annotated is not None
    assert block.raw.shape == block.labels.shape == block.annotated.shape == block.organelles.shape[1:] == SHAPE
    assert block.organelles.axis_names == ("c^", "z", "y", "x")
    assert len(block.organelle_names) == block.organelles.shape[0]
    assert {a.roi.shape for a in (block.raw, block.labels, block.organelles, block.annotated)} == {(480, 768, 1024)}
    types = [a.dtype for a in (block.raw, block.labels, block.organelles, block.annotated)]
    assert types == [np.uint8, np.uint16, np.uint8, np.uint8]


def test_neurites_are_dense_with_a_little_background_and_end_where_annotation_ends(block: Sample) -> None:
    assert block.organelles is not None
    assert block.annotated is not None
    labels, known = block.labels.data, block.annotated.data > 0
    assert set(np.unique(block.annotated.data)) == {0, 1}
    assert 0.5 < known.mean() < 0.95
    assert labels[~known].max() == 0
    assert block.organelles.data[:, ~known].max() == 0
    assert 0.005 < (labels[known] == 0).mean() < 0.35
    assert len(np.unique(labels)) > 20


def test_neurites_touch(block: Sample) -> None:
    labels = block.labels.data.astype(int)
    a, b = labels[:, :, 1:], labels[:, :, :-1]
    assert ((a != b) & (a > 0) & (b > 0)).any()


def test_neurites_are_long_for_their_width() -> None:
    labels = neurites((48, 96, 96)).labels.data
    boxes = [(i, box) for i, box in enumerate(ndimage.find_objects(labels), 1) if box]
    longest = []
    for i, box in boxes:
        extent = np.array([s.stop - s.start for s in box]) * (20, 8, 8)
        volume = (labels[box] == i).sum() * 20 * 8 * 8
        longest.append(extent.max() / np.sqrt(volume / extent.max()))
    assert np.median(longest) > 3


def test_organelles_lie_inside_neurites_and_hold_only_0_and_1(block: Sample) -> None:
    assert block.organelles is not None
    inside = block.labels.data > 0
    for channel in block.organelles.data:
        assert set(np.unique(channel)) == {0, 1}
        assert inside[channel > 0].all()
    assert not (block.organelles.data[0] & block.organelles.data[1]).any()


def test_membranes_and_mitochondria_are_dark_in_raw(block: Sample) -> None:
    assert block.organelles is not None
    raw, labels = block.raw.data.astype(float), block.labels.data.astype(int)
    boundary = np.zeros(SHAPE, bool)
    boundary[:, :, 1:] = (labels[:, :, 1:] != labels[:, :, :-1]) & (labels[:, :, 1:] > 0) & (labels[:, :, :-1] > 0)
    mitochondria = block.organelles.data[0] > 0
    cytoplasm = (labels > 0) & ~ndimage.binary_dilation(boundary, iterations=3) & ~(block.organelles.data.max(0) > 0)
    assert raw[boundary].mean() < raw[mitochondria].mean() < raw[cytoplasm].mean() - 20


@pytest.mark.parametrize("shape", [(8, 8, 8), (9, 33, 17), (8, 40, 300)])
def test_small_and_odd_shapes_work(shape: tuple[int, int, int]) -> None:
    assert neurites(shape).labels.shape == shape


def test_nuclei_are_many_roundish_touching_and_brighter_than_background() -> None:
    sample = cells_2d((256, 256))
    labels, raw = sample.labels.data, sample.raw.data.astype(float)
    ids = np.unique(labels)
    np.testing.assert_array_equal(ids, np.arange(len(ids)))
    assert len(ids) > 30
    assert 0.2 < (labels == 0).mean() < 0.8
    assert raw[labels > 0].mean() > 2 * raw[labels == 0].mean()
    a, b = labels[1:].astype(int), labels[:-1].astype(int)
    assert ((a != b) & (a > 0) & (b > 0)).any()
    assert (sample.labels.unit, sample.labels.subdivision, tuple(sample.labels.offset)) == ("pixel", 10, (-5, -5))


def test_shapes_that_are_too_small_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"shape must be three numbers of at least 8 voxels, got \(4, 64, 64\)"):
        neurites((4, 64, 64))
    with pytest.raises(ValueError, match="shape must be two numbers of at least 32 pixels"):
        cells_2d((8, 8))
