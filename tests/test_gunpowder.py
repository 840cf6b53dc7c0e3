"""The gunpowder node in real pipelines: what a training gets is what `inspect` shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, Predictor
from predictor_inspector.data.training_samples import SampleStream
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample
from predictor_inspector.inspection.training.pipeline import findings_over_samples

gp = pytest.importorskip("gunpowder")

from predictor_inspector.gunpowder import AddTarget  # noqa: E402 - needs gunpowder

LABELS, MASK, TARGET, WEIGHTS = (gp.ArrayKey(name) for name in ("LABELS", "MASK", "TARGET", "WEIGHTS"))
VOXEL, BEGIN = Coordinate(20, 10, 10), Coordinate(40, 20, 0)
IDS = np.random.default_rng(0).integers(0, 4, (6, 8, 8)).repeat(4, 0).repeat(4, 1).repeat(4, 2).astype(np.uint64)
KNOWN = (np.arange(IDS.size).reshape(IDS.shape) % 11 > 0).astype(np.uint8)
PREDICTORS = [
    AffinitiesPredictor([[-1, 0, 0], [0, 2, 0], [0, 0, -3]], num_voxels=2),
    AffinitiesPredictor([[1, 0, 0]], lsds=False, grow_boundary_iterations=1),
    DistancePredictor(["a"], 15, True),
]


class Source(gp.BatchProvider):
    """Labels and mask from memory."""

    def setup(self) -> None:
        for key, data in ((LABELS, IDS), (MASK, KNOWN)):
            roi = gp.Roi(BEGIN, VOXEL * Coordinate(data.shape))
            self.provides(key, gp.ArraySpec(roi, VOXEL, interpolatable=False, dtype=data.dtype))

    def provide(self, request: gp.BatchRequest) -> gp.Batch:
        batch = gp.Batch()
        for key, data in ((LABELS, IDS), (MASK, KNOWN)):
            if key in request:
                part = Array(data, VOXEL, BEGIN)[request[key].roi]
                spec = self.spec[key].copy()
                spec.roi = request[key].roi
                batch[key] = gp.Array(part.numpy(), spec)
        return batch


def requested(*keys: gp.ArrayKey, roi: Roi) -> gp.BatchRequest:
    request = gp.BatchRequest()
    for key in keys:
        request[key] = gp.ArraySpec(roi=roi)
    return request


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_a_pipeline_gets_what_inspect_shows(predictor: Predictor) -> None:
    node = AddTarget(predictor, LABELS, TARGET, WEIGHTS, MASK)
    gt, mask = Array(IDS, VOXEL, BEGIN), Array(KNOWN, VOXEL, BEGIN)
    counts = None
    with gp.build(Source() + node) as pipeline:
        spec = pipeline.spec[TARGET]
        assert (spec.dtype, spec.voxel_size) == (np.float32, VOXEL)
        assert predictor.gt_region_for_roi(spec).roi == gt.roi
        for shift in range(2):
            roi = Roi(spec.roi.begin + VOXEL * shift, VOXEL * Coordinate(3, 4, 5))
            batch = pipeline.request_batch(requested(TARGET, WEIGHTS, roi=roi))
            shown = inspect(predictor, gt, roi, mask, device="cpu", counts=counts)
            counts = shown.counts
            for key, expected in ((TARGET, shown.target), (WEIGHTS, shown.weight)):
                np.testing.assert_allclose(batch[key].data, expected.numpy(), atol=1e-6)
                assert batch[key].spec.roi == roi
                assert batch[key].data.dtype == np.float32
        alone = pipeline.request_batch(requested(TARGET, roi=roi))
        assert WEIGHTS not in alone
        assert torch.equal(node.counts.count, counts.count)


def test_caching_workers_go_on_after_a_convolution_in_the_parent() -> None:
    torch.nn.Conv3d(1, 8, 3)(torch.rand(1, 1, 32, 32, 32))
    pipeline = Source() + gp.RandomLocation() + AddTarget(PREDICTORS[0], LABELS, TARGET, WEIGHTS, MASK)
    pipeline += gp.PreCache(cache_size=2, num_workers=2)
    with gp.build(pipeline):
        for _ in range(4):
            batch = pipeline.request_batch(requested(TARGET, WEIGHTS, roi=Roi((0, 0, 0), VOXEL * 3)))
            assert batch[TARGET].data.shape == (13, 3, 3, 3)


def test_labels_without_a_voxel_size_are_refused() -> None:
    class Bare(Source):
        def setup(self) -> None:
            self.provides(LABELS, gp.ArraySpec(nonspatial=True))

    with pytest.raises(Exception, match="setup") as raised, gp.build(Bare() + AddTarget(PREDICTORS[1], LABELS, TARGET)):
        pass
    assert str(raised.value.__cause__) == "LABELS must have a voxel size; name it in the spec of its source"


NEAREST = AffinitiesPredictor([[0, 1, 0], [0, 0, 1]], lsds=False)


def training() -> tuple[gp.Pipeline, gp.BatchRequest]:
    """A pipeline for `SampleStream`: targets are made before a flip."""
    node = AddTarget(NEAREST, LABELS, TARGET)
    flip = gp.SimpleAugment(mirror_only=[2], mirror_probs=[0, 0, 1], transpose_only=[])
    roi = Roi(BEGIN + VOXEL * 2, VOXEL * Coordinate(6, 8, 8))
    return Source() + node + flip, requested(LABELS, TARGET, roi=roi)


def test_samples_of_a_pipeline_are_checked() -> None:
    with SampleStream(f"{Path(__file__)}:training") as samples:
        sample = samples.next(timeout=120)
    assert sample is not None
    assert sample.labels is not None
    assert (tuple(sample.labels.offset), tuple(sample.labels.voxel_size)) == (tuple(BEGIN + VOXEL * 2), tuple(VOXEL))
    found = findings_over_samples([ComparedSample(0, sample, NEAREST)])
    assert "target-augmented" in {finding.id for finding in found}
