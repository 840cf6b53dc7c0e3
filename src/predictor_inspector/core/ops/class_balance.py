"""Class balancing: weights by how rare a class is, with counts that move over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data._utils.collate import default_collate_fn_map

from predictor_inspector.core.ops.backend import attempt

CLASSES = 2  # negative and positive


@dataclass(frozen=True)
class ClassCounts:
    """How many voxels of each class were seen so far.

    Those of several workers add up, with `+` or `sum`; a `DataLoader` adds up those of the samples in a batch.

    Attributes
    ----------
    count : torch.Tensor
        int64, [C, 2]: voxels of the negative and of the positive class, per channel.
    """

    count: torch.Tensor

    @classmethod
    def none_seen(cls, channels: int, device: torch.device | str = "cpu") -> ClassCounts:
        """Counts before the first call."""
        return cls(torch.zeros((channels, CLASSES), dtype=torch.int64, device=device))

    def __len__(self) -> int:
        return len(self.count)

    def __getitem__(self, channels: slice) -> ClassCounts:
        return ClassCounts(self.count[channels])

    def __add__(self, other: ClassCounts) -> ClassCounts:
        if len(self) != len(other):
            raise ValueError(f"counts of {len(self)} and of {len(other)} channels don't add up")
        return ClassCounts(self.count + other.count)

    def __radd__(self, start: int) -> ClassCounts:
        if start != 0:
            return NotImplemented
        return self  # what `sum` begins with is 0

    def __sub__(self, before: ClassCounts) -> ClassCounts:
        """The voxels seen since `before`; subtract them from other counts to take them out there."""
        return ClassCounts(self.count - before.count)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The counts as plain tensors, a copy on the CPU: for a checkpoint."""
        return {"count": self.count.detach().cpu().clone()}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, torch.Tensor]) -> ClassCounts:
        """The counts that `state_dict` gave; ``ValueError`` for anything else."""
        count = state.get("count")
        if count is None or count.ndim != 2 or count.shape[1] != CLASSES or count.is_floating_point():
            found = ", ".join(state) if count is None else f"{count.dtype} of shape {tuple(count.shape)}"
            raise ValueError(f"state must hold 'count', whole numbers of shape [channels, {CLASSES}], got {found}")
        return cls(count.to(torch.int64))

    def to(self, device: torch.device | str) -> ClassCounts:
        """The same counts on `device`."""
        # Copies to a device need not be waited for; those from one must be.
        there = torch.device(device)
        return ClassCounts(self.count.to(there, non_blocking=there.type == "cuda"))

    @property
    def total(self) -> torch.Tensor:
        """int64, [C]: the voxels seen, plus 1, so that fractions are defined from the start."""
        return self.count.sum(1) + 1

    @property
    def fractions(self) -> torch.Tensor:
        """float64, [C, 2]: the share of each class; float32 on Apple's devices, which have nothing wider."""
        dtype = torch.float32 if self.count.device.type == "mps" else torch.float64
        return self.count.to(dtype) / self.total.to(dtype)[:, None]

    def weights(self, clipmin: float, clipmax: float) -> torch.Tensor:
        """float32, [C, 2]: the weight of each class, 1 / (2 f), where it makes up the fraction f within these bounds."""
        return (1 / (CLASSES * self.fractions.clamp(clipmin, clipmax))).to(torch.float32)


def _collated(counts: Sequence[ClassCounts], *, collate_fn_map: Any = None) -> ClassCounts:
    return sum(counts[1:], counts[0])


default_collate_fn_map[ClassCounts] = _collated
torch.serialization.add_safe_globals([ClassCounts])  # so that torch.load takes a checkpoint with counts as it is


def joined(*counts: ClassCounts) -> ClassCounts:
    """The counts of several groups of channels as those of one."""
    return ClassCounts(torch.cat([c.count for c in counts]))


def balance(
    positive: torch.Tensor,
    mask: torch.Tensor | None = None,
    clipmin: float = 0.05,
    clipmax: float = 0.95,
    moving_counts: ClassCounts | None = None,
) -> tuple[torch.Tensor, ClassCounts]:
    """Weights inversely proportional to how often a class occurs, channel by channel; and the counts so far.

    Per channel the voxels in `mask` are counted and added to the moving counts. A class that makes up the fraction f,
    clipped to [`clipmin`, `clipmax`], gets the weight 1 / (2 f), masked voxels get 0: float32, the shape of `positive`.

    `positive` is boolean, [C, …]: which voxels are of the positive class. `mask` is boolean, of its shape or with 1 in
    place of C; True everywhere by default. `moving_counts` are what an earlier call returned, not modified; None starts
    afresh. ``ValueError`` if they are of another number of channels.
    """
    channels = positive.shape[0]
    if moving_counts is None:
        moving_counts = ClassCounts.none_seen(channels, positive.device)
    if len(moving_counts) != channels:
        raise ValueError(f"moving_class_counts are of {len(moving_counts)} channels, but {channels} are balanced")
    counts = ClassCounts(moving_counts.to(positive.device).count + _counted(positive, mask))
    return _by_class(positive, mask, counts.weights(clipmin, clipmax)), counts


def _counted(positive: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Voxels of the negative and the positive class inside the mask, per channel: int64, [C, 2]."""
    if (made := attempt("class_balance.counted", positive, mask)) is not None:
        return made
    channels, axes = len(positive), tuple(range(1, positive.ndim))
    if mask is None:
        seen = torch.full((channels,), positive[0].numel(), dtype=torch.int64, device=positive.device)
        ones = positive.sum(axes)
    else:
        seen = mask.sum(axes).expand(channels)
        ones = (positive & mask).sum(axes)
    return torch.stack([seen - ones, ones], dim=1)


def _by_class(positive: torch.Tensor, mask: torch.Tensor | None, weights: torch.Tensor) -> torch.Tensor:
    """Each voxel's weight, from those of its channel's classes, [C, 2]; 0 outside the mask."""
    if (made := attempt("class_balance.by_class", positive, mask, weights)) is not None:
        return made
    weights = weights.reshape(*weights.shape, *(1 for _ in positive.shape[1:]))
    weight = torch.where(positive, weights[:, 1], weights[:, 0])
    if mask is not None:
        weight *= mask
    return weight
