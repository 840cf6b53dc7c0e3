"""Writing of OME-Zarr, at once or part by part."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.atomic_write import whole_folder
from predictor_inspector.data.formats.zarr_folders import is_zarr_node
from predictor_inspector.data.units import ome_unit

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
    """Write an array as OME-Zarr 0.5, whole or not at all; as 0.4 where zarr-python is version 2, which reads no other.

    Parameters
    ----------
    path : str or path
        The folder to make, which should end in ``.zarr``.
    array : Array
        Two or three spatial axes; before them at most one axis of time, ``t^``, and one of channels.
    name : str
        Of the image, in its metadata.
    channel_names : sequence of str
        One per position on the channel axis, or none.
    attributes : mapping, optional
        What JSON can hold, to write beside the metadata.
    overwrite : bool
        Replace what is at `path`, if it is a zarr container.

    Raises
    ------
    FileExistsError
        If there is something at `path`, unless `overwrite`; with it, if what is there is no zarr container.
    ValueError
        If the array has more axes than OME-Zarr knows, or `channel_names` don't fit.
    """
    with ome_zarr_in_parts(path, array, name, channel_names, attributes, overwrite) as parts:
        parts.write(array)
    return Path(path).expanduser()


@contextmanager
def ome_zarr_in_parts(
    path: str | os.PathLike[str],
    whole: Array,
    name: str,
    channel_names: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Iterator[Parts]:
    """Write an array as OME-Zarr part by part; it is in place when this context ends, and not at all if that fails.

    `whole` gives shape, type and place; its values are not read. The rest is as in `write_ome_zarr`.
    """
    target = Path(path).expanduser()
    _check(target, whole, channel_names, overwrite)
    with whole_folder(target) as partial:
        group, level = _group_and_level(partial, whole)
        group.attrs.update(attributes or {})
        parts = Parts(whole.like(level, whole.axis_names))
        yield parts
        metadata = _metadata(parts, name, channel_names)
        if _writes_zarr_3():
            group.attrs["ome"] = {"version": "0.5", **metadata}
        else:
            metadata["multiscales"][0]["version"] = "0.4"
            group.attrs.update(metadata)


class Parts:
    """An array in a file that is being written.

    Attributes
    ----------
    array : Array
        What has been written so far, 0 elsewhere; read when it is sliced.
    lowest, highest : numpy.ndarray
        Smallest and largest value that was written per position on the last channel axis.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        channels = array.shape[array.channel_dims - 1] if array.channel_dims else 1
        self.lowest, self.highest = np.full(channels, np.inf), np.full(channels, -np.inf)

    def write(self, part: Array) -> None:
        """Write all channels of a part; fastest where it begins and ends with chunks.

        A part off the grid of the whole is a ``ValueError``.
        """
        values, channel = part.numpy(), part.channel_dims - 1
        self.array.data[(slice(None),) * part.channel_dims + self.array.to_slices(part.roi)] = values
        others = tuple(axis for axis in range(values.ndim) if axis != channel)
        self.lowest = np.fmin(self.lowest, values.min(others))
        self.highest = np.fmax(self.highest, values.max(others))


def _check(target: Path, array: Array, channel_names: Sequence[str], overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} is there already; --overwrite (overwrite=True) replaces it")
    if target.exists() and not (target.is_dir() and is_zarr_node(target)):
        raise FileExistsError(f"{target} is no zarr container, so it is not replaced; choose another path")
    kinds = ["t" if axis == "t^" else "c" for axis in array.axis_names[: array.channel_dims]]
    if array.dims not in _CHUNK or kinds not in ([], ["t"], ["c"], ["t", "c"]):
        raise ValueError(
            f"array has the axes {array.axis_names}, but OME-Zarr holds 2 or 3 spatial axes, before them at most one "
            "of channels, and before that at most one of time (t^)"
        )
    positions = array.shape[array.channel_dims - 1] if "c" in kinds else 1
    if channel_names and len(channel_names) != positions:
        raise ValueError(f"channel_names must have {positions} names, one per channel, got {len(channel_names)}")


def _group_and_level(folder: Path, array: Array) -> tuple[Any, Any]:
    """A group and the only array in it, without values yet."""
    import zarr

    dtype = np.dtype(str(array.dtype).removeprefix("torch.")).newbyteorder("=")
    chunks = (1,) * array.channel_dims + tuple(max(1, min(_CHUNK[array.dims], n)) for n in array.spatial_shape)
    if not _writes_zarr_3():
        from numcodecs import Blosc

        group: Any = zarr.open_group(str(folder), mode="a")
        packed = Blosc("zstd", 5, Blosc.BITSHUFFLE)
        return group, group.create_dataset(
            _LEVEL, shape=array.shape, dtype=dtype, chunks=chunks, compressor=packed, dimension_separator="/"
        )
    from zarr.codecs import BloscCodec, BloscShuffle

    group = zarr.create_group(folder, zarr_format=3)
    level = group.create_array(
        _LEVEL,
        shape=array.shape,
        dtype=dtype,
        chunks=chunks,
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle=BloscShuffle.bitshuffle),
        dimension_names=[axis.removesuffix("^") for axis in array.axis_names],
    )
    return group, level


def _writes_zarr_3() -> bool:
    import zarr

    return int(zarr.__version__.split(".")[0]) >= 3


def _metadata(parts: Parts, name: str, channel_names: Sequence[str]) -> dict[str, Any]:
    array, leading = parts.array, parts.array.channel_dims
    axes: list[dict[str, str]] = [
        {"name": axis.removesuffix("^"), "type": "time" if axis == "t^" else "channel"}
        for axis in array.axis_names[:leading]
    ]
    unit = ome_unit(array.unit)
    axes += [{"name": axis, "type": "space", **({"unit": unit} if unit else {})} for axis in array.spatial_axes]
    # OME-Zarr places the centre of the first voxel.
    centre = [Fraction(2 * o + v, 2 * array.subdivision) for o, v in zip(array.offset, array.voxel_size, strict=True)]
    transformations = [
        {"type": "scale", "scale": [1.0] * leading + [float(v) for v in array.physical_voxel_size]},
        {"type": "translation", "translation": [0.0] * leading + [float(c) for c in centre]},
    ]
    level = {"path": _LEVEL, "coordinateTransformations": transformations}
    image: dict[str, Any] = {"multiscales": [{"name": name, "axes": axes, "datasets": [level]}]}
    channels = []
    for index, label in enumerate(channel_names):
        # With an axis of time alone there is one channel, whatever the moment.
        of_channel = slice(index, index + 1) if len(parts.lowest) == len(channel_names) else slice(None)
        low, high = float(parts.lowest[of_channel].min()), float(parts.highest[of_channel].max())
        low, high = (low, high) if low <= high else (0.0, 1.0)
        window = {"start": low, "min": low, "end": high, "max": high}
        colour = _COLOURS[index % len(_COLOURS)]
        channels.append({"label": label, "color": colour, "active": index < 3, "window": window})
    return {**image, "omero": {"channels": channels}} if channels else image
