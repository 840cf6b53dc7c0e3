"""Picture of a training sample: raw data, labels, its target, ours, the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from funlib.geometry import Coordinate

from predictor_inspector.core.array import Array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample
from predictor_inspector.inspection.output.pictures.colours import SIGNED, channel_colours, label_colours
from predictor_inspector.inspection.output.pictures.panels import blank_figure, caption, colour_bar, thin_frame
from predictor_inspector.inspection.output.pictures.planes import Plane, best_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _BESIDE, _ABOVE = 2.2, 0.55, 0.35  # inches: a panel, its colour bar, its title
_MOST = 4  # channels


def sample_figure(sample: ComparedSample) -> Figure:
    """A row for each of up to four channels, those that differ most first, in the plane where they differ most.

    A ``ValueError`` if there are not two or three spatial axes.
    """
    given, difference = sample.sample, sample.difference
    target = given.target if sample.refused else sample.theirs
    ours = None if sample.refused or sample.ours is None else sample.ours.target
    plane = _plane(sample)
    shown = [0] if target is None else _channels(sample, target.shape[0])
    fixed = {name: array for name, array in (("raw", given.raw), ("labels", given.labels)) if array is not None}
    named = (("target", target), ("ours", ours), ("difference", difference))
    made = {name: array for name, array in named if array is not None}
    columns = [*fixed, *made]
    width, height = _PANEL + _BESIDE, _PANEL + _ABOVE
    figure = blank_figure((width * len(columns), height * len(shown)))
    grid = figure.subplots(len(shown), len(columns), squeeze=False)
    figure.subplots_adjust(
        left=0.1 / width / len(columns),
        right=1 - (_BESIDE - 0.1) / width / len(columns),
        top=1 - 0.3 / height / len(shown),
        bottom=0.05 / height / len(shown),
        wspace=_BESIDE / _PANEL,
        hspace=_ABOVE / _PANEL,
    )
    for row, channel in enumerate(shown):
        for name, axes in zip(columns, grid[row], strict=True):
            if row and name in fixed:
                axes.set_axis_off()
                continue
            _draw(axes, name, (fixed | made)[name], plane, channel if name in made else None)
            title = "pipeline's target" if name == "target" else name
            of = f", {_name(sample, channel)}" if name == "target" else ""
            caption(axes, f"{title}{of}")
    return figure


def _draw(axes: Axes, name: str, array: Array, plane: Plane, channel: int | None) -> None:
    values: Any = plane.values(array)
    thin_frame(axes, ticks=False)
    look: dict[str, Any] = {}
    if name == "labels":
        values = np.maximum(np.nan_to_num(values), 0)
        whole = values.reshape(-1, *values.shape[-2:]).astype(np.uint64)
        values = label_colours(whole[0]) if len(whole) == 1 else channel_colours(whole)
    else:
        index = (0,) * (values.ndim - 2) if channel is None else (min(channel, len(values) - 1),)
        values = values[index].astype(np.float32)
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        look = {"cmap": "gray", "vmin": low, "vmax": high if high > low else low + 1}
        if name == "difference" or low < 0:
            reach = max(abs(low), abs(high)) or 1.0
            look = {"cmap": SIGNED, "vmin": -reach, "vmax": reach} if name != "raw" else look
    image = axes.imshow(values, interpolation="nearest", extent=plane.extent(array.roi, array.subdivision), **look)
    if name not in ("raw", "labels"):
        colour_bar(axes, image)


def _plane(sample: ComparedSample) -> Plane:
    """Where most values differ, across the slowest axis; the middle if none do."""
    given = sample.sample
    grid = next(array for array in (given.target, given.labels, given.raw, *given.arrays.values()) if array is not None)
    labels = sample.labels if sample.labels is not None and sample.labels.roi.contains(grid.roi) else None
    plane = best_plane(
        Source(grid.like(np.ones(tuple(grid.spatial_shape), np.uint8)) if labels is None else labels), grid.roi
    )
    if sample.difference is None or not sample.differing.any() or grid.dims != 3:
        return plane
    worst = int(sample.differing.sum(axis=(0, 2, 3)).argmax())
    compared = sample.difference
    at = list(compared.roi.begin + compared.voxel_size * Coordinate(n // 2 for n in compared.spatial_shape))
    at[0] = compared.roi.begin[0] + worst * compared.voxel_size[0]
    return Plane(1, 2, tuple(at))


def _channels(sample: ComparedSample, count: int) -> list[int]:
    if sample.difference is None or not sample.differing.any():
        return list(range(min(count, _MOST)))
    differing = sample.differing.reshape(count, -1).sum(1)
    return [int(n) for n in np.argsort(-differing, kind="stable")[:_MOST]]


def _name(sample: ComparedSample, channel: int) -> str:
    if sample.difference is None or sample.ours is None:
        return f"channel {channel}"
    return str(sample.ours.channel_names[channel])
