"""Samples for torch's loaders: those that are inspected, the same in every worker."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from funlib.geometry import Roi

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, OneHotPredictor, Predictor, UNet
from predictor_inspector.inspection import Source, inspect
from predictor_inspector.inspection.training.torch_dataset import PredictorDataset

IDS = np.random.default_rng(0).integers(0, 4, (6, 7, 8)).repeat(3, 0).repeat(3, 1).repeat(3, 2).astype(np.uint16)
PREDICTOR = AffinitiesPredictor([[1, 0, 0], [0, 0, -2]], lsds=False)
GT = Array(IDS, (4, 2, 2), (8, 0, 0))
MASK = GT.like((np.arange(IDS.size).reshape(IDS.shape) % 5 > 0).astype(np.uint8))
RAW = GT.like((IDS * 7).astype(np.uint8))
SOURCE = Source(GT, MASK, RAW)
SHAPE = (4, 5, 6)


def dataset(**options) -> PredictorDataset:
    return PredictorDataset(PREDICTOR, [SOURCE], SHAPE, **{"length": 6, "raw_shape": (6, 9, 8), **options})


def test_a_sample_is_what_inspect_shows() -> None:
    samples = dataset()
    for index in range(len(samples)):
        sample, (_, roi) = samples[index], samples.region(index)
        shown = inspect(PREDICTOR, GT, roi, MASK, device="cpu")
        np.testing.assert_array_equal(sample["target"], shown.target.numpy())
        np.testing.assert_array_equal(sample["weight"], shown.weight.numpy())
        assert torch.equal(sample["counts"].count, shown.counts.count)
        assert sample["raw"].shape == (1, 6, 9, 8)
        np.testing.assert_array_equal(sample["raw"][0, 1:-1, 2:-2, 1:-1], RAW[roi].numpy())
    assert len({tuple(samples.region(index)[1].begin) for index in range(6)}) > 3


def test_workers_make_the_same_samples_bit_for_bit() -> None:
    torch.nn.Conv3d(1, 4, 3)(torch.rand(1, 1, 16, 16, 16))
    batches = [list(torch.utils.data.DataLoader(dataset(), 2, num_workers=workers)) for workers in (0, 2)]
    for here, there in zip(*batches, strict=True):
        assert all(torch.equal(here[name], there[name]) for name in ("raw", "target", "weight"))
        assert torch.equal(here["counts"].count, there["counts"].count)
    assert batches[0][0]["target"].shape == (2, 2, *SHAPE)


def test_augmentations_come_before_targets() -> None:
    def flip(raw, labels, mask, random):
        assert random.integers(10) >= 0
        return raw[::-1], labels[::-1], mask[::-1]

    roi = GT.roi_of([slice(6, 10), slice(8, 13), slice(9, 15)])
    sample = dataset(regions=[(0, roi)], augment=flip)[0]
    mirrored = GT.roi_of([slice(8, 12), slice(8, 13), slice(9, 15)])
    gt, mask = (array.like(array.numpy()[::-1]) for array in (GT, MASK))
    shown = inspect(PREDICTOR, gt, mirrored, mask, device="cpu")
    np.testing.assert_array_equal(sample["target"], shown.target.numpy())
    np.testing.assert_array_equal(sample["weight"], shown.weight.numpy())
    np.testing.assert_array_equal(sample["raw"][0, 1:-1, 2:-2, 1:-1], RAW[roi].numpy()[::-1])
    with pytest.raises(ValueError, match=r"augment must keep the shape of labels, \(6, 5, 10\), got"):
        dataset(regions=[(0, roi)], augment=lambda raw, labels, mask, random: (raw, labels[1:], mask))[0]


@pytest.mark.parametrize(("voxel_size", "unit", "subdivision"), [((8, 4, 4), "nm", 1), ((80, 20, 40), "um", 10**4)])
def test_raw_data_of_any_grid_lie_around_the_middle_of_their_region(voxel_size, unit, subdivision) -> None:
    # Values that say where they are: the middle of each voxel along z, in tenths of a nm.
    tenths = 10 if unit == "nm" else 1
    middles = (np.arange(13) + 0.5) * voxel_size[0] * tenths
    offset = (0, -160 // tenths, -160 // tenths)
    raw = Array(np.broadcast_to(middles[:, None, None], (13, 60, 60)), voxel_size, offset, None, unit, subdivision)
    samples = PredictorDataset(PREDICTOR, [Source(GT, None, raw)], (4, 4, 4), (2, 4, 4), length=30)
    for index in range(30):
        assert samples[index]["raw"][0, :, 0, 0].mean() == samples.region(index)[1].center[0] * 10


TASKS: dict[str, Predictor] = {
    "distance": DistancePredictor(["cells"], 8, mask_distances=False),
    "one-hot": OneHotPredictor(["background", "cells"]),
    "affinities": AffinitiesPredictor([[0, 1, 0], [0, 0, 1]], lsds=False),
}
FLAT = [[(1, 3, 3)] * 2]
KERNELS = {"2-D": {"kernel_size_down": FLAT * 2, "kernel_size_up": FLAT}, "3-D": {}}


@pytest.mark.parametrize(
    ("task", "dimensions", "finer"),
    [("distance", "2-D", 2), ("one-hot", "3-D", 1), ("affinities", "2-D", 1), ("affinities", "3-D", 2)],
)
def test_networks_learn_from_samples(task: str, dimensions: str, finer: int) -> None:
    """Of each dimension and task, also where labels have smaller voxels than the raw data."""
    predictor, kernels = TASKS[task], KERNELS[dimensions]
    torch.manual_seed(0)
    architecture = UNet(
        (8 if kernels else 18, 22, 22), 1, 4, 4, 2, [(1, 2, 2)], **kernels, upsample_factors=[finer] * (finer > 1)
    )
    model = predictor.create_model(architecture)
    gt = GT.like((IDS > 1).astype(np.uint8)) if predictor.channel_names[0] != "aff y+1" else GT
    raw = Array(IDS[::finer, ::finer, ::finer].astype(np.float32), np.array(GT.voxel_size) * finer, GT.offset)
    samples = PredictorDataset(predictor, [Source(gt, None, raw)], model.output_shape, model.input_shape, length=4)
    optimiser, losses = torch.optim.Adam(model.parameters(), 0.01), []
    for _ in range(10):
        for batch in torch.utils.data.DataLoader(samples, 2):
            loss = (batch["weight"] * (model(batch["raw"]) - batch["target"]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_random_regions_are_annotated_enough() -> None:
    known = np.zeros(IDS.shape, np.uint8)
    known[:, :8] = 1
    source = Source(GT, GT.like(known))
    samples = PredictorDataset(PREDICTOR, [source], SHAPE, length=20, annotated=0.8)
    assert all(samples.region(k)[1].end[1] <= 2 * 9 for k in range(20))
    first = samples.region(0)[1]
    samples.set_epoch(1)
    assert samples.region(0)[1] != first
    none = PredictorDataset(PREDICTOR, [Source(GT, GT.like(0 * known))], SHAPE, annotated=0.5)
    with pytest.raises(ValueError, match="none of 1000 random regions of 4 × 5 × 6 voxels is annotated to 50 %"):
        none[0]


def test_what_cannot_be_sampled_is_refused() -> None:
    with pytest.raises(ValueError, match="shape 99 × 5 × 6 is larger than the ground truth of every source"):
        PredictorDataset(PREDICTOR, [SOURCE], (99, 5, 6))
    with pytest.raises(IndexError, match="index must lie in 0 … 5, got 6"):
        dataset()[6]
    with pytest.raises(ValueError, match=r"raw: .*pixel"):
        PredictorDataset(PREDICTOR, [Source(GT, None, Array(IDS, (4, 2, 2), unit="pixel"))], SHAPE)
    with pytest.raises(
        ValueError, match="7 × 9 × 8 voxels can't have the same centre as regions of 4 × 5 × 6: along z"
    ):
        dataset(raw_shape=(7, 9, 8))
    with pytest.raises(ValueError, match="can't have the same centre as the region voxels 0:4, 0:4, 0:6 "):
        dataset(regions=[(0, GT.roi_of([slice(0, 4), slice(0, 4), slice(0, 6)]))])[0]
    with pytest.raises(ValueError, match="lies outside the ground truth"):
        dataset(regions=[(0, Roi((400, 0, 0), (16, 10, 12)))])[0]
