"""Two small networks that differ in one thing: whether the loss counts weights. What each predicts is written."""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from predictor_inspector.core import AffinitiesPredictor
from predictor_inspector.data import cells_2d, write_ome_zarr
from predictor_inspector.inspection import inspect

STEPS, BATCH, SIDE, SEEN = 400, 8, 64, 256  # the networks see what lies left of column 256
OFFSETS = [[1, 0], [0, 1], [9, 0], [0, 9]]

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
sample = cells_2d((256, 512))
inspection = inspect(AffinitiesPredictor(OFFSETS, lsds=False), sample.labels, device="cpu")
raw = torch.from_numpy(sample.raw.numpy()).float()[None] / 255
target, weight = (torch.from_numpy(array.numpy()) for array in (inspection.target, inspection.weight))


def network() -> nn.Sequential:
    """Six convolutions that see 25 x 25 pixels; same padding."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for fmaps, dilation in ((1, 1), (16, 1), (16, 2), (16, 4), (16, 4)):
        layers += [nn.Conv2d(fmaps, 16, 3, padding=dilation, dilation=dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(16, len(OFFSETS), 1))


def trained(weighted: bool) -> nn.Sequential:
    """A network after some hundred steps, with the same crops in the same order."""
    model, draw = network(), torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(STEPS):
        rows, columns = (torch.randint(0, most - SIDE, (BATCH,), generator=draw).tolist() for most in (256, SEEN))
        crops = [(slice(None), slice(y, y + SIDE), slice(x, x + SIDE)) for y, x in zip(rows, columns, strict=True)]
        seen, wanted, weights = (torch.stack([data[crop] for crop in crops]) for data in (raw, target, weight))
        loss = binary_cross_entropy_with_logits(model(seen), wanted, weights if weighted else None)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


write_ome_zarr(folder / "cells.zarr", sample.labels, "labels")
for name, weighted in (("ignored", False), ("counted", True)):
    predicted = torch.sigmoid(trained(weighted)(raw[None]))[0].detach()
    write_ome_zarr(folder / f"{name}.zarr", inspection.target.like(predicted), "affinities")
