"""`TrainingSample`: what a training pipeline gives for one step, taken out of any item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.text import format_shape, listed
from predictor_inspector.data.geometry import make_array
from predictor_inspector.data.units import PIXEL

ROLES = ("raw", "labels", "mask", "target", "weight")

_NAMES = {
    "raw": ("raw", "image", "images", "img", "em", "input", "inputs", "x", "data", "volume"),
    "labels": ("labels", "label", "gt", "ids", "seg", "segmentation", "instances", "gt_labels", "label_ids"),
    "mask": ("mask", "annotated", "gt_mask", "labels_mask", "label_mask", "unlabelled"),
    "target": ("target", "targets", "y", "affs", "affinities", "gt_affs", "gt_target", "lsds", "gt_lsds", "distance"),
    "weight": ("weight", "weights", "affs_weights", "gt_weight", "loss_weights", "lsds_weights"),
}
"""What roles are often called; the first that is there is taken."""


@dataclass(frozen=True)
class TrainingSample:
    """Arrays that one training step gets; None for what the pipeline doesn't give.

    Attributes
    ----------
    raw : Array
        Intensities, [C, Z, Y, X] or [Z, Y, X]; may reach beyond the others.
    labels, mask : Array
        Ids of any type of numbers, and non-zero where they are annotated; [Z, Y, X], or [C, Z, Y, X] with several channels.
    target, weight : Array
        Always with a channel axis, [C, Z, Y, X]; one of length 1 in `weight` holds for all channels.
    """

    raw: Array | None = None
    labels: Array | None = None
    mask: Array | None = None
    target: Array | None = None
    weight: Array | None = None

    @property
    def arrays(self) -> dict[str, Array]:
        """What there is, by role."""
        return {role: array for role in ROLES if (array := getattr(self, role)) is not None}

    @property
    def grid(self) -> Array:
        """The array in whose voxels places are told: the labels, or what there is of the others."""
        return next(iter(self.arrays.values())) if self.labels is None else self.labels


@dataclass(frozen=True)
class Layout:
    """How items are taken apart.

    `keys` has the name of each role that is wanted in the items: a key, an attribute, or a position counted from 0; empty:
    they are guessed. `voxel_size` is in nm, per spatial axis; None: the arrays' own, or pixels. `batched` says that every
    array has an axis of samples in front; otherwise that is seen by the number of axes.
    """

    keys: Mapping[str, str]
    voxel_size: tuple[float, ...] | None = None
    batched: bool = False


def samples_from(item: Any, layout: Layout) -> list[TrainingSample]:
    """The samples in an item: a mapping, a sequence, a named tuple, a dataclass, a batch of gunpowder, or one array.

    Tensors and arrays without a place lie centred on each other, in voxels of one size; those of gunpowder, funlib and
    xarray lie where they say.

    Raises
    ------
    ValueError
        If something that is wanted isn't there, is no array of numbers, or has another number of axes than the rest.
    """
    parts = _parts(item)
    keys = dict(layout.keys) or guessed_keys(parts)
    if not keys:
        raise ValueError(
            f"nothing in an item looks like raw data or labels: it holds {_contents(parts)}; say what is what with keys "
            "such as raw=0,target=1"
        )
    for role, key in keys.items():
        if key not in parts:
            raise ValueError(f"there is no {key!r} for {role} in an item, which holds {_contents(parts)}")
    placed = {role: _placed(parts[key], role) for role, key in keys.items()}
    values = {role: _numbers(array, parts[keys[role]], role) for role, array in placed.items()}
    grids = [array for array in placed.values() if array is not None]
    if layout.voxel_size is not None:
        dims, batched = len(layout.voxel_size), layout.batched
    elif grids:
        dims, batched = grids[0].dims, False
    else:
        dims, batched = _axes(values, layout.batched)
    batched = batched or any(array.ndim == dims + 2 for array in values.values())
    counts = {len(array) for array in values.values() if array.ndim} if batched else {1}
    if len(counts) > 1:
        raise ValueError(f"the arrays of a batch have {listed(sorted(counts))} samples: {_shapes(values)}")
    split = [{r: v[n] for r, v in values.items()} for n in range(counts.pop())] if batched else [values]
    return [_sample(arrays, placed, dims, layout.voxel_size) for arrays in split]


def guessed_keys(parts: Mapping[str, Any]) -> dict[str, str]:
    """Which part plays which role, by its name, or in a sequence by its place and type."""
    if all(name.isdecimal() for name in parts):
        return _guessed_positions(parts)
    by_lower = {name.lower(): name for name in reversed(list(parts))}
    found = {role: next((by_lower[n] for n in names if n in by_lower), None) for role, names in _NAMES.items()}
    return {role: name for role, name in found.items() if name is not None}


def _guessed_positions(parts: Mapping[str, Any]) -> dict[str, str]:
    """The first is raw data; of the others the first of integers are labels, the first two others target and weight."""
    found: dict[str, str] = {}
    for name, value in parts.items():
        kind = getattr(_plain(value), "dtype", np.dtype(object)).kind
        roles = ["raw"] if not found else ["labels"] if kind in "iu" else ["target", "weight"] if kind == "f" else []
        role = next((r for r in roles if r not in found), None)
        if role is not None:
            found[role] = name
    return found


def _parts(item: Any) -> dict[str, Any]:
    """What an item holds, by name or position."""
    if isinstance(item, Mapping):
        return {str(key): value for key, value in item.items()}
    if isinstance(getattr(item, "arrays", None), Mapping):  # gunpowder's Batch
        return {str(key): value for key, value in item.arrays.items()}
    if isinstance(item, tuple) and hasattr(item, "_asdict"):
        return {str(key): value for key, value in item._asdict().items()}
    if is_dataclass(item) and not isinstance(item, type):
        return {field.name: getattr(item, field.name) for field in fields(item)}
    if isinstance(item, (tuple, list)):
        return {str(n): value for n, value in enumerate(item)}
    return {"0": item}


def _contents(parts: Mapping[str, Any]) -> str:
    texts = []
    for name, value in parts.items():
        shape = getattr(value, "shape", getattr(getattr(value, "data", None), "shape", None))
        text = type(value).__name__ if shape is None else f"[{', '.join(map(str, shape))}]"
        texts.append(f"{name} ({text})")
    return listed(texts, 8) or "nothing"


def _placed(value: Any, role: str) -> Array | None:
    """A value that says where it lies: of gunpowder, less axes in front; of funlib, DaCapo or xarray; else None."""
    spec = getattr(value, "spec", None)
    if spec is not None and hasattr(value, "data"):
        # Stacked arrays have more axes than one of ours may, so only their grid is taken.
        if getattr(spec, "voxel_size", None) is None or getattr(spec, "roi", None) is None:
            return None
        shape = tuple(np.shape(value.data))[-len(spec.voxel_size) :]
        return Array(np.broadcast_to(np.uint8(0), shape), spec.voxel_size, spec.roi.offset)
    if (
        isinstance(value, Array)
        or (hasattr(value, "coords") and hasattr(value, "dims"))
        or hasattr(value, "voxel_size")
    ):
        return as_array(value, role)
    return None


def _plain(value: Any) -> Any:
    """A value as a numpy array, as far as it is one."""
    if hasattr(value, "detach"):
        tensor = value.detach().cpu()
        tensor = tensor.to_dense() if tensor.is_sparse else tensor
        return tensor.float().numpy() if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy()
    if hasattr(value, "spec") and hasattr(value, "data"):
        return np.asarray(value.data)
    try:
        return np.asarray(value)
    except (ValueError, TypeError):  # lists of unlike lengths, and what refuses to be an array
        return np.empty(0, dtype=object)


def _numbers(placed: Array | None, value: Any, role: str) -> np.ndarray:
    stacked = placed is None or hasattr(value, "spec")
    array: np.ndarray = _plain(value) if stacked or placed is None else placed.numpy()
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{role} must be an array of numbers, got {_contents({role: value})}")
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"{role} must have two spatial axes or more and no empty ones, got shape {list(array.shape)}")
    return array


def _axes(values: Mapping[str, np.ndarray], batched: bool) -> tuple[int, bool]:
    """How many spatial axes arrays without a grid have, and whether there is one of samples in front."""
    shapes = {role: array.shape[batched:] for role, array in values.items()}
    ids, made = shapes.get("labels", shapes.get("mask")), shapes.get("target", shapes.get("weight"))
    if ids is not None and made is not None and len(made) == len(ids) + 1 <= 4:
        if all(n <= most for n, most in zip(made[1:], ids, strict=True)):
            return len(ids), batched
        if made[0] == ids[0] and len(ids) > 2:
            return len(ids) - 1, True
    if ids is not None:
        while len(ids) > 2 and ids[0] == 1:
            ids = ids[1:]
        return min(len(ids), 3), batched
    if made is not None:
        return min(max(len(made) - 1, 2), 3), batched
    (raw,) = shapes.values()
    channels = len(raw) > 2 and raw[0] <= 4
    return min(max(len(raw) - channels, 2), 3), batched


def _sample(
    values: Mapping[str, np.ndarray],
    placed: Mapping[str, Array | None],
    dims: int,
    voxel_size: Sequence[float] | None,
) -> TrainingSample:
    arrays = {}
    first = next(values[role] for role in ("labels", "target", "mask", "weight", "raw") if role in values)
    for role, array in values.items():
        if array.ndim == dims and role in ("target", "weight"):
            array = array[None]
        if array.ndim == dims + 1 and role in ("labels", "mask") and len(array) == 1:
            array = array[0]
        if array.ndim not in (dims, dims + 1):
            raise ValueError(
                f"{role} must have {dims} spatial axes and at most one of channels, got shape "
                f"{list(array.shape)} among {_shapes(values)}; a voxel size with a number per axis says how many there are"
            )
        axes = spatial_axis_names(dims)
        names = (*(["c^"] if array.ndim > dims else []), *axes)
        grid = placed[role]
        if grid is not None and voxel_size is None:
            arrays[role] = grid.like(array, (*names[: array.ndim - dims], *grid.spatial_axes))
            continue
        # What reaches further, raw data of a network with context, lies around the others.
        shift = [(a - b) // 2 for a, b in zip(first.shape[-dims:], array.shape[-dims:], strict=True)]
        size, unit = ([1] * dims, PIXEL) if voxel_size is None else (list(voxel_size), "nm")
        centre = [n * v for n, v in zip(shift, size, strict=True)]
        arrays[role] = make_array(array, names, size, centre=centre, units=[unit] * dims, source=role)
    return TrainingSample(**arrays)


def _shapes(values: Mapping[str, np.ndarray]) -> str:
    return listed([f"{role} {format_shape(array.shape)}" for role, array in values.items()])
