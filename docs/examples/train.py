"""One training step on what the dock shows."""

import torch

from predictor_inspector.core import AffinitiesPredictor, ArraySpec, UNet
from predictor_inspector.data import neurites  # or open_array("volume.zarr", "labels/neurons")
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.loss import chosen_loss, loss_map

sample = neurites()
predictor = AffinitiesPredictor(neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=True, num_voxels=2)
network = UNet((20, 60, 60), fmaps_in=1, fmaps_out=8, num_fmaps=8, fmap_inc_factor=2, downsample_factors=[(1, 2, 2)])
model = predictor.create_model(network)

# The target's region, and the ground truth that it needs.
voxel_size = sample.labels.voxel_size
shape = model.output_shape
roi = sample.labels.roi_of([slice(b, b + n) for b, n in zip((20, 96, 64), shape, strict=True)])
context = predictor.gt_region_for_roi(ArraySpec(roi, voxel_size)).roi
gt, mask = sample.labels[context].to("cpu"), sample.annotated[context].to("cpu")

counts = None  # carried from step to step
target = predictor.create_target(gt)[roi]
weight, counts = predictor.create_weight(gt, target, mask, counts)

# What the network sees reaches beyond the ROI by what its valid convolutions take away.
margin = (model.input_shape - shape) / 2 * voxel_size
raw = sample.raw[roi.grow(margin, margin)].to("cpu").data.float()[None, None] / 255
model.train()
prediction = torch.sigmoid(model(raw))
loss = (weight.data * (prediction[0] - target.data) ** 2).mean()
loss.backward()
print(f"loss {loss.item():.3f}, {len(predictor.channel_names)} channels")

# The same loss, value by value.
inspection = inspect(predictor, sample.labels, roi, sample.annotated, device="cpu")
where = loss_map(inspection, inspection.target.like(prediction[0].detach()), chosen_loss("mse"))
print(where.describe())
