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
    with ome_zarr_in_parts(path, array, name, channel_names, attributes, overwrite) as parts:
        parts.write(array)
    return Path(path)


@contextmanager
def ome_zarr_in_parts(
    path: str | os.PathLike[str],
    whole: Array,
    name: str,
    channel_names: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Iterator[Parts]:
    """Write an array as OME-Zarr 0.5 part by part; it is in place when this context ends, and not at all if that fails.

    Parameters
    ----------
    path, name, channel_names, attributes, overwrite
        As in `write_ome_zarr`, errors too.
    whole : Array
        Of which shape, type and place the array shall be; its values are not read.
    """
    target = Path(path)
    channels = _check(target, whole, channel_names, overwrite)
    with whole_folder(target) as partial:
        group, level = _create(partial, whole, attributes)
        parts = Parts(whole.like(level, whole.axis_names))
        yield parts
        group.attrs["ome"] = _metadata(whole, parts, name, channels)


class Parts:
    """An array in a file that is being written.

    Attributes
    ----------
    array : Array
        What has been written so far, 0 elsewhere; read when it is sliced.
    lowest, highest : numpy.ndarray
        Smallest and largest value per channel, by its position on the last channel axis; of what has been written.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        channels = array.shape[array.channel_dims - 1] if array.channel_dims else 1
        self.lowest, self.highest = np.full(channels, np.inf), np.full(channels, -np.inf)

    def write(self, part: Array) -> None:
        """Write all channels of a part; fastest where it begins and ends with chunks.

        Raises
        ------
        ValueError
            If it doesn't lie on the grid of the whole.
        """
        values = part.numpy()
        slices = self.array.to_slices(part.roi)
        self.array.data[(slice(None),) * self.array.channel_dims + slices] = values
        # One channel after the other, for values of any number of channel axes before the last.
        by_channel = np.moveaxis(values, part.channel_dims - 1, 0) if part.channel_dims else values[None]
        for index, channel in enumerate(by_channel):
            self.lowest[index] = min(self.lowest[index], float(channel.min()))
            self.highest[index] = max(self.highest[index], float(channel.max()))


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


def _metadata(array: Array, parts: Parts, name: str, channel_names: tuple[str, ...]) -> dict[str, Any]:
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
        omero=_omero(array, parts, channel_names),
    )
    return image.model_dump(mode="json", by_alias=True, exclude_none=True)


def _omero(array: Array, parts: Parts, channel_names: tuple[str, ...]) -> Any:
    from yaozarrs import v05

    if not channel_names:
        return None
    has_axis = array.channel_dims > 0 and array.axis_names[array.channel_dims - 1] != "t^"
    channels = []
    for index, label in enumerate(channel_names):
        # Without a channel axis there is one channel, whatever the moment.
        of_channel = slice(index, index + 1) if has_axis else slice(None)
        low, high = float(parts.lowest[of_channel].min()), float(parts.highest[of_channel].max())
        low, high = (low, high) if low <= high else (0.0, 1.0)
        window = v05.OmeroWindow(start=low, min=low, end=high, max=high)
        colour = _COLOURS[index % len(_COLOURS)]
        channels.append(v05.OmeroChannel(window=window, label=label, color=colour, active=index < 3))
    return v05.Omero(channels=channels)


def _create(folder: Path, array: Array, attributes: Mapping[str, Any] | None) -> tuple[Any, Any]:
    """The group and its only array, without values yet."""
    import zarr
    from zarr.codecs import BloscCodec, BloscShuffle

    group = zarr.create_group(folder, zarr_format=3, attributes=dict(attributes or {}))
    edge = _CHUNK[array.dims]
    chunks = (1,) * array.channel_dims + tuple(max(1, min(edge, n)) for n in array.spatial_shape)
    level = group.create_array(
        _LEVEL,
        shape=array.shape,
        dtype=np.dtype(str(array.dtype).removeprefix("torch.")).newbyteorder("="),
        chunks=chunks,
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle=BloscShuffle.bitshuffle),
        dimension_names=[axis.removesuffix("^") for axis in array.axis_names],
    )
    return group, level
