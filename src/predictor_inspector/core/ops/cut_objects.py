"""Objects that may go on where nothing is known of them."""

from __future__ import annotations

import torch

from predictor_inspector.core.ops.windows import extreme_near


def cut_objects(labels: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Voxels of objects of which one touches, at least with a corner, what isn't known, or the end of the volume.

    `labels` are ids, `known` is boolean, both [Z, Y, X]; so is the result. Background is no object.
    """
    beyond = torch.ones([n + 2 for n in labels.shape], dtype=torch.uint8, device=labels.device)
    middle = (slice(1, -1),) * labels.ndim
    beyond[middle] = ~known
    open_ = (extreme_near(beyond, (1,) * labels.ndim, "corners", "largest")[middle] > 0) & (labels > 0)
    return torch.isin(labels, torch.unique(labels[open_]))
