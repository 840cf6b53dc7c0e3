"""`AddTarget`, a gunpowder node that makes targets and weights; needs gunpowder."""

from __future__ import annotations

from typing import Any

import gunpowder as gp
import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core import ArraySpec, Predictor, as_array
from predictor_inspector.core.labels import as_labels


class AddTarget(gp.BatchFilter):
    """Makes a predictor's target from labels, and its weights; asks upstream for exactly the context that it needs.

    Targets and weights are those that `inspect` shows for the same region. Put it after what augments, and before `Stack`.

    Parameters
    ----------
    predictor : Predictor
        From `predictor_from_yaml` of what the dock exports, for example.
    labels : gunpowder.ArrayKey
        Ground truth. What lies beyond its data has to be padded upstream, and masked.
    target, weights : gunpowder.ArrayKey
        What to make: float32, [C, …], in the voxels of the labels. No weights by default.
    mask : gunpowder.ArrayKey, optional
        Non-zero where the labels are annotated; needed for weights only.

    Attributes
    ----------
    counts : object
        Class counts of all batches so far. The workers of `PreCache` have a node each, and so counts of their own.
    """

    def __init__(
        self,
        predictor: Predictor,
        labels: gp.ArrayKey,
        target: gp.ArrayKey,
        weights: gp.ArrayKey | None = None,
        mask: gp.ArrayKey | None = None,
    ) -> None:
        self.predictor, self.labels, self.mask = predictor, labels, mask
        self.target, self.weights = target, weights
        self.counts: Any = None

    def setup(self) -> None:
        """Announce where target and weights can be had: where the labels reach far enough around them."""
        spec = self.spec[self.labels].copy()
        voxel = spec.voxel_size
        if voxel is None:
            raise ValueError(f"{self.labels} must have a voxel size; name it in the spec of its source")
        one = Roi((0,) * len(voxel), voxel)
        region = self.predictor.gt_region_for_roi(ArraySpec(one, voxel)).roi
        if spec.roi is not None:
            spec.roi = spec.roi.grow(region.begin - one.begin, one.end - region.end)
        spec.dtype = np.float32
        spec.interpolatable = True  # whatever it is made of
        self.provides(self.target, spec)
        if self.weights is not None:
            self.provides(self.weights, spec.copy())
        self.enable_autoskip()

    def prepare(self, request: gp.BatchRequest) -> gp.BatchRequest:
        """The labels, and for weights the mask, around what is asked for."""
        want = self.spec[self.target].copy()
        want.roi = self._roi(request)
        region = self.predictor.gt_region_for_roi(want).roi
        needed = gp.BatchRequest()
        needed[self.labels] = gp.ArraySpec(roi=region)
        if self.mask is not None and self.weights is not None and self.weights in request:
            needed[self.mask] = gp.ArraySpec(roi=region)
        return needed

    def process(self, batch: gp.Batch, request: gp.BatchRequest) -> gp.Batch:
        """Target and weights, where they are asked for."""
        gt, roi = as_array(batch[self.labels], str(self.labels)), self._roi(request)
        gt = gt.like(as_labels(gt.data), gt.axis_names)  # once, for target and weights
        made = {self.target: self.predictor.create_target(gt)[roi]}
        if self.weights is not None and self.weights in request:
            mask = None if self.mask is None else as_array(batch[self.mask], str(self.mask))
            made[self.weights], self.counts = self.predictor.create_weight(gt, made[self.target], mask, self.counts)
        outputs = gp.Batch()
        for key, array in made.items():
            if key in request:
                spec = self.spec[key].copy()
                spec.roi = request[key].roi
                outputs[key] = gp.Array(array[spec.roi].numpy(), spec)
        return outputs

    def _roi(self, request: gp.BatchRequest) -> Roi:
        """What target and weights cover together."""
        rois = [request[key].roi for key in (self.target, self.weights) if key is not None and key in request]
        whole: Roi = rois[0]
        for roi in rois[1:]:
            whole = whole.union(roi)
        return whole
