"""Results out: `write_ome_zarr`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.units import ome_unit
from predictor_inspector.data.zarr_files import is_zarr_node

# Voxels along each spatial axis of a chunk, by their number: about 256 KiB to 1 MiB of float32.
_CHUNK = {2: 512, 3: 64}
_COLOURS = ("00FFFF", "FF00FF", "FFFF00", "FF0000", "00FF00", "0000FF")
_LEVEL = "0"


def write_ome_zarr(
    path: str | os.PathLike[str],
    array: Array,
    name: str,
    channel_names: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an array as OME-Zarr 0.5, whole or not at all.

    Parameters
    ----------
    path : str or path
        The folder to make, which should end in ``.zarr``.
    array : Array
        Two or three spatial axes; before them at most one axis of time, ``t^``, and one of channels.
    name : str
        Name of the image, in its metadata.
    channel_names : sequence of str
        One per position on the channel axis, if there are any.
    attributes : mapping, optional
        More to write beside the metadata; must be what JSON can hold.
    overwrite : bool
        Replace what is at `path`, if it is a zarr container.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is something at `path`, unless `overwrite`; with it, if what is there is no zarr container.
    ValueError
        If the array has more axes than OME-Zarr knows, or `channel_names` don't fit.
    """
    target = Path(path)
    channels = _check(target, array, channel_names, overwrite)
    values = array.numpy()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid4().hex[:8]}.partial")
    try:
        _write(partial, array, values, {**(attributes or {}), "ome": _metadata(array, values, name, channels)})
        _move(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _check(target: Path, array: Array, channel_names: Sequence[str], overwrite: bool) -> tuple[str, ...]:
    if target.exists():
        if not overwrite:
            raise FileExistsError(f"{target} is there already; --overwrite (overwrite=True) replaces it")
        if not (target.is_dir() and is_zarr_node(target)):
            raise FileExistsError(f"{target} is no zarr container, so it is not replaced; choose another path")
    leading = array.axis_names[: array.channel_dims]
    kinds = ["t" if axis == "t^" else "c" for axis in leading]
    if array.dims not in _CHUNK or kinds not in ([], ["t"], ["c"], ["t", "c"]):
        raise ValueError(
            f"array has the axes {array.axis_names}, but OME-Zarr holds 2 or 3 spatial axes, before them at most one "
            "of channels, and before that at most one of time (t^)"
        )
    positions = array.shape[len(leading) - 1] if "c" in kinds else 1
    if channel_names and len(channel_names) != positions:
        raise ValueError(f"channel_names must have {positions} names, one per channel, got {len(channel_names)}")
    return tuple(channel_names)


def _metadata(array: Array, values: np.ndarray, name: str, channel_names: tuple[str, ...]) -> dict[str, Any]:
    from yaozarrs import v05

    unit = ome_unit(array.unit)
    axes: list[Any] = [
        v05.TimeAxis(name="t") if axis == "t^" else v05.ChannelAxis(name=axis.removesuffix("^"))
        for axis in array.axis_names[: array.channel_dims]
    ]
    axes += [v05.SpaceAxis(name=axis, unit=unit) for axis in array.axis_names[array.channel_dims :]]
    ones, zeros = [1.0] * array.channel_dims, [0.0] * array.channel_dims
    scale = [float(Fraction(v, array.subdivision)) for v in array.voxel_size]
    # OME-Zarr places the centre of the first voxel.
    centre = [
        float(Fraction(2 * o + v, 2 * array.subdivision)) for o, v in zip(array.offset, array.voxel_size, strict=True)
    ]
    dataset = v05.Dataset(
        path=_LEVEL,
        coordinateTransformations=[
            v05.ScaleTransformation(scale=ones + scale),
            v05.TranslationTransformation(translation=zeros + centre),
        ],
    )
    image = v05.Image(
        multiscales=[v05.Multiscale(name=name, axes=axes, datasets=[dataset])],
        omero=_omero(array, values, channel_names),
    )
    return image.model_dump(mode="json", by_alias=True, exclude_none=True)


def _omero(array: Array, values: np.ndarray, channel_names: tuple[str, ...]) -> Any:
    from yaozarrs import v05

    if not channel_names:
        return None
    has_axis = array.channel_dims > 0 and array.axis_names[array.channel_dims - 1] != "t^"
    channels = []
    for index, label in enumerate(channel_names):
        part = np.take(values, index, axis=array.channel_dims - 1) if has_axis else values
        low, high = (float(part.min()), float(part.max())) if part.size else (0.0, 1.0)
        window = v05.OmeroWindow(start=low, min=low, end=high, max=high)
        colour = _COLOURS[index % len(_COLOURS)]
        channels.append(v05.OmeroChannel(window=window, label=label, color=colour, active=index < 3))
    return v05.Omero(channels=channels)


def _write(folder: Path, array: Array, values: np.ndarray, attributes: dict[str, Any]) -> None:
    import zarr
    from zarr.codecs import BloscCodec, BloscShuffle

    group = zarr.create_group(folder, zarr_format=3, attributes=attributes)
    edge = _CHUNK[array.dims]
    chunks = (1,) * array.channel_dims + tuple(max(1, min(edge, n)) for n in array.spatial_shape)
    level = group.create_array(
        _LEVEL,
        shape=values.shape,
        dtype=values.dtype.newbyteorder("="),
        chunks=chunks,
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle=BloscShuffle.bitshuffle),
        dimension_names=[axis.removesuffix("^") for axis in array.axis_names],
    )
    level[...] = values


def _move(partial: Path, target: Path) -> None:
    """Put the finished folder in place; what was there is gone only after that has worked."""
    if not target.exists():
        partial.rename(target)
        return
    old = target.with_name(f".{target.name}.{uuid4().hex[:8]}.old")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
