"""Sums, peaks and counts of each channel's target and weights, for its statistics."""

from __future__ import annotations

import torch

from predictor_inspector.core.ops.backend import attempt


def channel_sums(target: torch.Tensor, weight: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Sums, peaks and counts that can be combined over the parts of a region: float64, which holds counts exactly, [10, C].

    `target` and `weight` are float32, [C, …]; `positive` is boolean: the voxels of the positive class. Three sums: target,
    weights, weights of positive voxels. Four peaks: minus the target's minimum, its maximum, the largest weight of a
    negative and of a positive voxel. Three counts: positive voxels, negative and positive ones with a weight.
    """
    flat = [t.reshape(len(target), -1) for t in (target, weight, positive)]
    if target.device.type == "cpu" and target.dtype == weight.dtype == torch.float32:
        made = attempt("channel_sums.channel_sums", *flat)
        if made is not None:
            return made
    # On a CPU channel by channel, since one's temporary arrays are smaller than all's; a GPU prefers few large steps.
    step = 1 if target.device.type == "cpu" else max(1, len(target))
    parts = [_rows(*(t[c : c + step] for t in flat)) for c in range(0, len(target), step)]
    return torch.cat(parts, dim=1)


def _rows(values: torch.Tensor, weights: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    heavy, of_positives = weights > 0, weights.masked_fill(~positive, 0)
    heavy_positives = (heavy & positive).sum(1)
    # Apple's devices have no float64.
    sums = torch.float32 if values.device.type == "mps" else torch.float64
    rows = [
        values.sum(1, dtype=sums),
        weights.sum(1, dtype=sums),
        of_positives.sum(1, dtype=sums),
        -values.amin(1),
        values.amax(1),
        weights.masked_fill(positive, 0).amax(1),
        of_positives.amax(1),
        positive.sum(1),
        heavy.sum(1) - heavy_positives,
        heavy_positives,
    ]
    return torch.stack([(row.cpu() if row.device.type == "mps" else row).to(torch.float64) for row in rows])
