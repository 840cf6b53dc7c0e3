"""Masks that are found beside ground truth: which array says where it is annotated."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from math import prod
from pathlib import Path

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.data.formats.format import StoredArray
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.opening import container_of, full_path, list_arrays
from predictor_inspector.data.stores.path import StorePath, below

_READ = 1 << 24  # voxels of an array that isn't in memory up to which its values are looked at
_PLANES = 24  # of an array in memory that are looked at
_ALIKE, _BOXY = 0.99, 0.9


def find_mask(path: str | os.PathLike[str], name: str | None, gt: Array) -> StoredArray | None:
    """The array in the same container that looks like the mask of `gt`, the one nearest to it first; None if there is none.

    A mask beside other labels, in a group that doesn't hold the ground truth, is theirs. Behind a URL only the group of the
    ground truth and the one above are searched.

    Its location is that in the container. `path` and `name` are those that the ground truth was opened by.
    """
    try:
        place = full_path(path)
        container = container_of(place)
    except (ValueError, OSError):  # an array that lies elsewhere, which can be inspected without
        return None
    listed = cache(partial(_arrays_at, container))
    own = f"{below(place, container)}/{name or ''}".strip("./")
    labels = [found.location for found in listed(own) if found.kind == "labels"]
    parts = [*own.split("/"), *(labels[0].split("/") if len(labels) == 1 else [])]
    parts = [part for part in parts if part]
    is_remote = isinstance(container, StorePath) and container.is_remote
    for depth in reversed(range(max(0, len(parts) - 2) if is_remote else 0, len(parts) + 1)):
        group = "/".join(parts[:depth])
        for found in _masks_among(listed(group), "".join(parts[depth : depth + 1])):
            if is_mask_of(found.array, gt):
                return replace(found, location=f"{group}/{found.location}".strip("/"), levels=())
    return None


def _masks_among(stored: Sequence[StoredArray], branch: str) -> Iterator[StoredArray]:
    """What seem to be masks among what lies below a group, but for its `branch` that holds the ground truth."""
    firsts = [found.location.partition("/") for found in stored]
    with_labels = {first for found, (first, _, _) in zip(stored, firsts, strict=True) if found.kind == "labels"}
    for found, (first, _, inner) in zip(stored, firsts, strict=True):
        if found.kind == "mask" and first != branch and not (inner and first in with_labels):
            yield found


def _arrays_at(container: Path | StorePath, location: str) -> list[StoredArray]:
    # A damaged array beside it is no reason not to inspect this one.
    try:
        return list_arrays(container / location)
    except (ValueError, OSError):
        return []


def is_mask_of(mask: Array, gt: Array) -> bool:
    """Whether an array can say where `gt` is annotated: it holds 0 and one other value, and overlaps it.

    The objects' own foreground is no such mask; that of dense labels in a box is one. Values of large arrays that aren't in
    memory aren't looked at.
    """
    if mask.dims != gt.dims or mask.channel_dims or not _overlap(mask, gt):
        return False
    values = _planes(mask)
    if values is None:
        return True
    inside = values != 0
    if not inside.any() or values[inside].min() != values[inside].max():
        return False
    ids = _planes(gt) if same_grid(mask, gt) and not gt.channel_dims else None
    if ids is None or (inside == (ids != 0)).mean() < _ALIKE:
        return True
    box = tuple(slice(int(a.min()), int(a.max()) + 1) for a in np.nonzero(inside))
    return bool(inside[box].mean() >= _BOXY)


def same_grid(one: Array, other: Array) -> bool:
    """Whether voxels of two arrays lie in the same places."""
    grids = [(a.spatial_shape, a.voxel_size, a.offset, a.unit, a.subdivision) for a in (one, other)]
    return grids[0] == grids[1]


def _overlap(one: Array, other: Array) -> bool:
    factor = None
    with suppress(ValueError):  # only one of them is in pixels
        factor = counts_factor(one, other, "mask")
    if factor is None:
        return False
    ends = zip(one.roi.begin, one.roi.end, other.roi.begin, other.roi.end, strict=True)
    return all(b * factor < other_end and other_begin < e * factor for b, e, other_begin, other_end in ends)


def _planes(array: Array) -> np.ndarray | None:
    """The values of some planes, spread over an array; None if it is large and not in memory."""
    if not isinstance(array.data, (np.ndarray, torch.Tensor)) and prod(array.shape) > _READ:
        return None
    values = array.numpy()
    count = values.shape[0]
    return values if count <= _PLANES else values[np.linspace(0, count - 1, _PLANES).astype(int)]
