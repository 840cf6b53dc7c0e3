"""Ids that mean "not annotated": background for the predictor, and masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.lazy import lazy_array
from predictor_inspector.data.resample import read_on_grid


def without_unknown(gt: Array, mask: Array | None) -> tuple[Array, Array | None]:
    """Ground truth with 0 for the ids that its file calls unknown, and a mask that excludes them, both read when sliced.

    The mask has the ground truth's grid and channel axes, after them those that only `mask` has; what `mask` doesn't cover
    isn't annotated. Without such ids, or if `mask` has another number of spatial axes, nothing is changed.
    """
    ids, about = gt.about.unknown, replace(gt.about, unknown=())
    if not ids or (mask is not None and mask.dims != gt.dims):
        return gt, mask
    own = gt.axis_names[: gt.channel_dims]
    others = [] if mask is None else [n for n in mask.axis_names[: mask.channel_dims] if n not in own]
    names = (*own, *others)

    def labels(roi: Roi) -> Array:
        values = gt[roi].data
        kept = values.clone() if isinstance(values, torch.Tensor) else np.array(values)
        kept[_is_any(values, ids)] = 0
        return gt.like(kept, gt.axis_names, roi.begin, about)

    def known(roi: Roi) -> Array:
        values = gt[roi].data
        flags = _with_axes(~_is_any(values, ids), own, names, gt.dims)
        if mask is not None:
            part = read_on_grid(mask, roi, gt)
            given = _with_axes(part.data != 0, part.axis_names[: part.channel_dims], names, gt.dims)
            flags = flags & (torch.as_tensor(given, device=flags.device) if isinstance(flags, torch.Tensor) else given)
        return gt.like(flags, (*names, *gt.spatial_axes), roi.begin, about)

    lengths = [
        max(a.shape[a.axis_names.index(n)] for a in (gt, mask) if a is not None and n in a.axis_names) for n in names
    ]
    shape = (*lengths, *gt.spatial_shape)
    flags: Any = np.broadcast_to(np.False_, shape)
    if isinstance(gt.data, torch.Tensor):
        flags = torch.zeros((), dtype=torch.bool, device=gt.device).expand(shape)
    cleaned, template = (
        gt.like(gt.data, gt.axis_names, about=about),
        gt.like(flags, (*names, *gt.spatial_axes), about=about),
    )
    return lazy_array(labels, cleaned, gt, gt.roi), lazy_array(known, template, gt, gt.roi)


def _is_any(values: Any, ids: Sequence[int]) -> Any:
    found = values == ids[0]
    for number in ids[1:]:
        found = found | (values == number)
    return found


def _with_axes(flags: Any, leading: Sequence[str], names: Sequence[str], dims: int) -> Any:
    """Flags, [`leading`, …spatial axes], as [`names`, …]; an axis that they lack gets one position."""
    missing = [n for n in names if n not in leading]
    flags = flags[(None,) * len(missing)]
    order = [[*missing, *leading].index(n) for n in names]
    axes = (*order, *range(len(order), len(order) + dims))
    return flags.permute(axes) if isinstance(flags, torch.Tensor) else flags.transpose(axes)
