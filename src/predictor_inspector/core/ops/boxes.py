"""Where each object of a volume lies."""

from __future__ import annotations

import torch

_TABLE_LIMIT = 1 << 24
"""Ids below this are looked up in a table, which is much faster than sorting."""


def bounding_boxes(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The ids in a volume, 0 excluded: int64, [L], ascending; and the smallest box around each: [L, axes, begin and end]."""
    if labels.numel() == 0:
        nothing = torch.zeros((0, labels.ndim, 2), dtype=torch.int64, device=labels.device)
        return nothing[:, 0, 0], nothing
    ids, ranks = ranked(labels)
    boxes = torch.empty((len(ids), labels.ndim, 2), dtype=torch.int64, device=labels.device)
    for d, n in enumerate(labels.shape):
        present = torch.zeros((n, len(ids)), dtype=torch.bool, device=labels.device)
        positions = torch.arange(n, device=labels.device).reshape([-1 if e == d else 1 for e in range(labels.ndim)])
        present.view(-1)[(ranks + positions * len(ids)).reshape(-1)] = True
        along = torch.arange(n, device=labels.device)[:, None]
        boxes[:, d, 0] = torch.where(present, along, n).amin(0)
        boxes[:, d, 1] = torch.where(present, along, -1).amax(0) + 1
    objects = ids != 0
    return ids[objects], boxes[objects]


def ranked(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sorted ids, and each voxel's place among them, the shape of `labels`: int64."""
    highest = int(labels.max())
    if highest >= _TABLE_LIMIT:
        ids, ranks = torch.unique(labels, return_inverse=True)
        return ids.long(), ranks
    present = torch.zeros(highest + 1, dtype=torch.bool, device=labels.device)
    present[labels.reshape(-1).long()] = True
    ids = present.nonzero()[:, 0]
    table = torch.zeros(highest + 1, dtype=torch.int64, device=labels.device)
    table[ids] = torch.arange(len(ids), device=labels.device)
    return ids, table[labels.long()]
