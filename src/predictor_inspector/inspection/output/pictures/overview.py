"""`overview_figure`: one picture of an inspection, fit for a talk."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import kind_of
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_shape, format_value
from predictor_inspector.inspection.engine.reading import on_grid
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.slices import Plane, best_plane
from predictor_inspector.inspection.output.pictures.channel_panels import (
    draw_histogram,
    draw_target,
    draw_weight,
    limits_of,
)
from predictor_inspector.inspection.output.pictures.ground_truth_panel import draw_ground_truth, draw_legend, shown_box
from predictor_inspector.inspection.output.pictures.layout import GAP, MARGIN, Layout, best_layout
from predictor_inspector.inspection.output.pictures.panels import GREY, LARGE, NORMAL, SMALL, scale_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SCALE_BAR_FROM = 1.5  # inches: in smaller panels it would hide too much


def overview_figure(inspection: Inspection, raw: Array | None = None) -> Figure:
    """Ground truth with its regions, every channel's target and weight in one plane, and histograms of the whole ROI.

    Positions are world coordinates and lengths true to scale, whatever the voxel size. Nothing of matplotlib's global
    state is touched.

    Parameters
    ----------
    inspection : Inspection
        What to show; two or three spatial axes.
    raw : Array, optional
        Shown beneath the ground truth; it may lie on another grid, and have channel axes, of which the first are taken.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig("overview.png")``.

    Raises
    ------
    ValueError
        If there are not two or three spatial axes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plane = best_plane(inspection.source, inspection.roi)
    layout = _layout(inspection, plane)
    figure = Figure(figsize=layout.size, facecolor="white")
    FigureCanvasAgg(figure)
    draw_ground_truth(figure, layout.block_box(), inspection, plane, beneath(raw, inspection))
    draw_legend(figure, layout.legend_box(), inspection)
    limits = limits_of(inspection.target)
    for channel in range(layout.channels):
        target, weight, histogram = (figure.add_axes(box) for box in layout.group_boxes(channel))
        draw_target(target, inspection, plane, channel, limits[channel])
        if channel == 0 and layout.panel[0] >= _SCALE_BAR_FROM:
            scale_bar(target, inspection.target.unit)
        draw_weight(weight, inspection, plane, channel)
        draw_histogram(histogram, inspection, channel, limits[channel])
    _draw_title(figure, layout, inspection)
    return figure


def _layout(inspection: Inspection, plane: Plane) -> Layout:
    def aspect(rows: float, columns: float) -> float:
        return min(2.6, max(0.2, rows / columns))

    whole, roi = shown_box(inspection), inspection.roi
    rows = sum(int(n) for axis, n in enumerate(whole.shape) if axis != plane.columns)
    return best_layout(
        len(inspection.channel_names),
        aspect(roi.shape[plane.rows], roi.shape[plane.columns]),
        aspect(rows, whole.shape[plane.columns]),
    )


def beneath(raw: Array | None, inspection: Inspection) -> Array | None:
    """Raw data on the ground truth's grid; only what is shown is read."""
    if raw is None:
        return None
    while raw.channel_dims:
        raw = raw.select(raw.axis_names[0], 0)
    return on_grid(raw, inspection.gt.roi, inspection.gt)


def _draw_title(figure: Figure, layout: Layout, inspection: Inspection) -> None:
    width, height = layout.size
    predictor, gt = inspection.request.predictor, inspection.gt
    shape, voxel = format_shape(inspection.target.spatial_shape), format_shape(gt.physical_voxel_size)
    where = f"ROI {shape} voxels of {voxel} {gt.unit}"
    options = [f"context beyond the data: {'padded with 0' if inspection.request.outside == 'zero' else 'clipped'}"]
    options = options if inspection.regions.beyond_data else []
    if inspection.request.balance_over == "context":
        options.append("balanced over the context too")
    left = MARGIN / width
    figure.text(left, 1 - 0.36 / height, name_of(predictor), fontsize=LARGE, fontweight="bold", va="center")
    letters = int((width - 2 * MARGIN) * 13)
    lines = (shorten(parameters_text(predictor), letters, placeholder=" …"), " · ".join([where, *options]))
    for line, down in zip(lines, (0.62, 0.8), strict=True):
        figure.text(left, 1 - down / height, line, fontsize=NORMAL, va="center", color=GREY)
    figure.text(
        1 - (MARGIN + GAP) / width,
        1 - 0.36 / height,
        "histograms: target values in the whole ROI; grey: without weight",
        fontsize=SMALL,
        ha="right",
        va="center",
        color=GREY,
    )


def name_of(predictor: Predictor) -> str:
    """A predictor's kind in words: ``"hot distance"``."""
    return kind_of(predictor).replace("_", " ")


def parameters_text(predictor: Predictor) -> str:
    """The parameters that say what is computed: required ones, those that differ from their defaults, and switches."""
    shown = []
    for parameter in parameters_of(type(predictor)):
        value = getattr(predictor, parameter.name)
        if parameter.required or value != parameter.default or isinstance(value, bool):
            shown.append(f"{parameter.name} = {format_value(value)}")
    return ",  ".join(shown)
