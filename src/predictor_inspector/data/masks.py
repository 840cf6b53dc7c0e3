"""Masks that are found beside ground truth: which array says where it is annotated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import prod

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.data.formats.format import Kind, StoredArray
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.opening import container_of, full_path, list_arrays
from predictor_inspector.data.stores.path import StorePath, below

_READ = 1 << 24  # voxels of an array that isn't in memory up to which its values are looked at
_PLANES = 24  # of an array in memory that are looked at
_ALIKE, _BOXY = 0.99, 0.9


def find_mask(path: str | os.PathLike[str], name: str | None, gt: Array) -> StoredArray | None:
    """The array in the same container that looks like the mask of `gt`, the first of `masks_beside`; None if there is none.

    Behind a URL only the group of the ground truth and the one above are searched. Its location is that in the container.
    `path` and `name` are those that the ground truth was opened by.
    """
    # An array that lies elsewhere, or a damaged one beside it, is no reason not to inspect this one.
    try:
        place = full_path(path)
        container = container_of(place)
        own = f"{below(place, container)}/{name or ''}".strip("./")
        is_remote = isinstance(container, StorePath) and container.is_remote
        top = "/".join(own.split("/")[:-2]) if is_remote else ""
        listed = list_arrays(container / top)
    except (ValueError, OSError):
        return None
    stored = {f"{top}/{found.location}".strip("/"): found for found in listed}
    labels = [
        at for at, found in stored.items() if found.kind == "labels" and f"{at}/".startswith(f"{own}/".lstrip("/"))
    ]
    own = labels[0] if len(labels) == 1 else own
    for location in masks_beside(own, {at: found.kind for at, found in stored.items()}):
        if is_mask_of(stored[location].array, gt):
            return replace(stored[location], location=location, levels=())
    return None


def masks_beside(own: str, kinds: Mapping[str, Kind]) -> list[str]:
    """Which of the arrays in a container may be the mask of the one at `own`, the nearest first.

    `kinds` has what each location seems to hold. A mask beside other labels, in a group that doesn't hold `own`, is theirs.
    """
    found = []
    for location in (at for at, kind in kinds.items() if kind == "mask" and at != own):
        shared = os.path.commonpath([location, own])
        branch = location.removeprefix(shared).strip("/").partition("/")[0]
        group = f"{shared}/{branch}/".lstrip("/")
        if not any(kind == "labels" and at.startswith(group) for at, kind in kinds.items()):
            found.append((len(shared), location))
    return [location for _, location in sorted(found, key=lambda one: -one[0])]


def is_mask_of(mask: Array, gt: Array) -> bool:
    """Whether an array can say where `gt` is annotated: it holds 0 and one other value, and overlaps it.

    The objects' own foreground is no such mask; that of dense labels in a box is one. Values of large arrays that aren't in
    memory aren't looked at.
    """
    if mask.dims != gt.dims or mask.channel_dims or not overlap(mask, gt):
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


def overlap(one: Array, other: Array) -> bool:
    """Whether two arrays of as many spatial axes share some of the world; not if only one of them is in pixels."""
    factor = None
    with suppress(ValueError):  # only one of them is in pixels
        factor = counts_factor(one, other)
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
