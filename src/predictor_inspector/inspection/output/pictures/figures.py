"""Figures of one inspection: an overview for a slide, and panels for a paper."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any, Literal, get_args

from predictor_inspector.core.array import Array
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.loss import LossComparison, LossMap
from predictor_inspector.inspection.output.pictures import ground_truth, panels
from predictor_inspector.inspection.output.pictures.colours import (
    BACKGROUND,
    label_colours,
    loss_colours,
    target_colours,
    weight_colours,
)
from predictor_inspector.inspection.output.pictures.ground_truth import with_outlines
from predictor_inspector.inspection.output.pictures.panels import GREY, LARGE, NORMAL, SMALL, caption, thin_frame
from predictor_inspector.inspection.output.pictures.planes import Plane, best_plane
from predictor_inspector.inspection.output.text import name_of, parameters_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from predictor_inspector.inspection.roundtrip import RoundTrip

Shown = Literal["target", "weight", "both"]
FORMATS = (".png", ".svg", ".pdf")
DPI = 300
"""Of pixels in a publication figure, which is what journals ask for."""

# Inches, of the overview.
_SLIDE = (17.0, 9.2)  # the size that it is fitted to
_EDGE, _TITLE, _CAPTION, _BAR = 0.3, 0.85, 0.26, 0.55
_HISTOGRAM = (0.45, 0.95, 0.3)  # numbers left of it, itself, and the gap to the next column
_NUMBERS = 0.3  # below a histogram
_TRUTH = (5.2, 6.5)  # width and height of the ground truth at most
_BESIDE_TRUTH = (0.75, 0.35)  # numbers left of it, and the gap to the channels
_CUT_GAP = 0.1  # between its two planes
_LEGEND = 1.2  # with the numbers below the ground truth
_NARROWEST = 0.8  # panel
_SCALE_BAR_FROM = 1.5  # in smaller panels it would hide too much

# Inches, of a publication figure.
_PAPER_MARGIN, _GAP, _NAME, _PAPER_BAR, _LINE = 0.08, 0.08, 0.24, 0.42, 0.15
_LETTERS = 17.5  # small letters on an inch
_RANGE = 28.0  # points for a range in words
_COLUMNS = 5


def overview_figure(inspection: Inspection) -> Figure:
    """Ground truth with its regions, every channel's target and weight in one plane, and histograms of the whole ROI.

    Positions are world coordinates and lengths true to scale, whatever the voxel size. A ``ValueError`` if there are not two
    or three spatial axes.
    """
    plane = best_plane(inspection.source, inspection.roi)
    planes = [plane]
    if inspection.gt.dims == 3:  # another one below, along the third axis
        planes.append(Plane(3 - plane.rows - plane.columns, plane.columns, plane.at))
    shown = ground_truth.all_regions(inspection).shape
    margin = 2 * ground_truth.MARGIN * shown[plane.columns]
    across, down = shown[plane.columns] + margin, [shown[p.rows] + margin for p in planes]
    truth = min(_TRUTH[0], _TRUTH[1] * across / sum(down))
    left = _EDGE + _BESIDE_TRUTH[0] + truth + _BESIDE_TRUTH[1]
    count, aspect = len(inspection.channels), _aspect(inspection, plane)
    columns, width = _columns_and_width(count, aspect, _SLIDE[0] - left)
    rows = ceil(count / columns)
    widths, heights = [width, _BAR, width, _BAR, *_HISTOGRAM], [_CAPTION, width * aspect, _NUMBERS]
    cuts = [inches for length in down for inches in (_CUT_GAP, truth * length / across)][1:]
    below = _TITLE + _CAPTION + sum(cuts)  # the ground truth's lower edge
    size = (left + columns * sum(widths), max(below + _LEGEND, _TITLE + rows * sum(heights)) + _EDGE)
    figure = panels.blank_figure(size)
    grid = panels.inch_grid(figure, left - truth - _BESIDE_TRUTH[1], _TITLE + _CAPTION, [truth], cuts)
    _draw_truth(figure, grid, inspection, planes)
    ground_truth.draw_legend(figure, (_EDGE, size[1] - below - _LEGEND, left - _EDGE, _LEGEND - 0.5), inspection)
    grid = panels.inch_grid(figure, left, _TITLE, widths * columns, heights * rows)
    for channel in range(count):
        column, row = divmod(channel, rows)
        cells = [grid[3 * row + 1, len(widths) * column + i] for i in (0, 2, 5)]
        target, weight, histogram = (figure.add_subplot(cell) for cell in cells)
        image = panels.draw_values(target, inspection.target, plane, channel, target_colours(inspection, channel))
        name, letters = panels.fitting(inspection.channel_names[channel], NORMAL, 72 * (width + _BAR))
        caption(target, name, letters, fontweight="bold")
        panels.colour_bar(target, image)
        if channel == 0 and width >= _SCALE_BAR_FROM:
            panels.scale_bar(target, inspection.target.unit)
        highest = panels.highest_weight(inspection, plane, [channel])
        image = panels.draw_values(weight, inspection.weight, plane, channel, weight_colours(highest))
        caption(weight, "weight")
        panels.colour_bar(weight, image, {0.0, highest} | panels.class_weights(inspection, channel))
        panels.draw_histogram(histogram, inspection, channel)
    _draw_title(figure, inspection)
    return figure


def publication_figure(
    inspection: Inspection,
    channels: Sequence[str] | None = None,
    width: float = 7.2,
    what: Shown = "both",
    trip: RoundTrip | None = None,
    loss: LossMap | LossComparison | None = None,
) -> Figure:
    """Ground truth at the left, then a column per channel: its target above its weights and its loss, on the same plane.

    All weights share one scale. A scale bar is in the ground truth, colour bars are at the end of each row, and parameters
    below.

    Parameters
    ----------
    channels : sequence of str, optional
        Names of those to show, in this order; all by default.
    width : float
        In inches; 7.2 is a page of two columns.
    what : str
        ``"target"``, ``"weight"`` or ``"both"``.
    trip : RoundTrip, optional
        Of this inspection; its segmentation, the first of several, lies below the ground truth, in the objects' colours.
    loss : LossMap or LossComparison, optional
        Of a prediction of this inspection's target, that of A if there are two; all channels share one scale, on which the mean
        over all values is the loss.

    Raises
    ------
    ValueError
        If there is no such channel, the figure is too narrow, or there are not two or three spatial axes.
    """
    if what not in get_args(Shown):
        raise ValueError(f"what must be one of {', '.join(map(repr, get_args(Shown)))}, got {what!r}")
    shown, kinds = _indices(inspection, channels), [kind for kind in ("target", "weight") if what in (kind, "both")]
    kinds += ["loss"] * (loss is not None)
    plane = best_plane(inspection.source, inspection.roi)
    columns = min(len(shown), _COLUMNS)
    panel = (width - 2 * _PAPER_MARGIN - columns * _GAP - _PAPER_BAR) / (columns + 1)
    if panel < 0.4:
        raise ValueError(f"width must be more than {width:g} inches for {columns + 1} panels side by side")
    rows = ceil(len(shown) / columns)
    text = wrap(_made_how(inspection), int((width - 2 * _PAPER_MARGIN) * _LETTERS))
    widths, down = [panel, *[_GAP, panel] * columns], max(len(kinds) * rows, 1 + (trip is not None))
    heights = [_NAME, panel * _aspect(inspection, plane)] * down
    below = _PAPER_MARGIN + sum(heights)
    height = below + (len(text) + 0.5) * _LINE + _PAPER_MARGIN
    figure = panels.blank_figure((width, height))
    grid = panels.inch_grid(figure, _PAPER_MARGIN, _PAPER_MARGIN, widths, heights)
    truth, roi = figure.add_subplot(grid[1, 0]), inspection.roi
    extent = plane.extent(roi, inspection.target.subdivision)
    truth.imshow(ground_truth.labels_picture(inspection, plane, roi), extent=extent, interpolation="nearest")
    caption(truth, "ground truth")
    panels.thin_frame(truth, ticks=False)
    panels.scale_bar(truth, inspection.target.unit)
    if trip is not None and plane.cuts(trip.truth.roi):
        _draw_segments(figure.add_subplot(grid[3, 0], sharex=truth, sharey=truth), trip, plane)
    looks = [target_colours(inspection, channel) for channel in shown]
    scales = [(name, norm.vmin, norm.vmax) for name, norm in looks]
    size = min(NORMAL, *(panels.fitting(inspection.channel_names[c], NORMAL, 72 * panel)[1] for c in shown))
    highest = panels.highest_weight(inspection, plane, shown)
    one = loss.a if isinstance(loss, LossComparison) else loss
    # What each value adds is tiny: times their number, the mean is the loss.
    lost = None if one is None else one.values.like(one.values.numpy() * one.values.numpy().size, one.values.axis_names)
    lossy = None if lost is None else loss_colours(plane.values(lost)[shown])
    for i, channel in enumerate(shown):
        row, column = divmod(i, columns)
        last = min((row + 1) * columns, len(shown)) - 1
        panel_of = {
            kind: figure.add_subplot(grid[2 * (len(kinds) * row + k) + 1, 2 * column + 2])
            for k, kind in enumerate(kinds)
        }
        name, letters = panels.fitting(inspection.channel_names[channel], size, 72 * panel)
        if "target" in panel_of:
            target = panel_of["target"]
            image = panels.draw_values(target, inspection.target, plane, channel, looks[i])
            # Where the colour bar at the end of the row is of another scale, this one's range is written above.
            differs = scales[i] != scales[last]
            caption(target, *panels.fitting(name, size, 72 * panel - _RANGE * differs))
            if differs:
                target.set_title(f"{scales[i][1]:g} … {scales[i][2]:g}", fontsize=5.5, loc="right", pad=3, color=GREY)
            if i == last:
                panels.colour_bar(target, image)
        if "weight" in panel_of:
            weight = panel_of["weight"]
            shade = panels.draw_values(weight, inspection.weight, plane, channel, weight_colours(highest))
            if "target" in panel_of:
                caption(weight, "weight", SMALL)
            else:
                caption(weight, name, letters)
            if i == last:
                marked = panels.class_weights(inspection, channel) if len(shown) == 1 else {round(highest / 4, 1)}
                panels.colour_bar(weight, shade, {0.0, highest} | marked)
        if lost is not None and lossy is not None:
            glow = panels.draw_values(panel_of["loss"], lost, plane, channel, lossy)
            caption(panel_of["loss"], "loss", SMALL)
            if i == last:
                panels.colour_bar(panel_of["loss"], glow)
    for number, line in enumerate(text, 1):
        level = 1 - (below + number * _LINE) / height
        figure.text(_PAPER_MARGIN / width, level, line, fontsize=SMALL, color=GREY, va="center")
    return figure


def save_figure(path: str | os.PathLike[str], figure: Figure) -> Path:
    """Write a figure in the format that `path` ends with; text stays text in SVG and PDF.

    Raises
    ------
    ValueError
        If `path` ends with none of `FORMATS`.
    """
    from matplotlib import rc_context

    path = Path(path).expanduser()
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"a figure is written as one of {', '.join(FORMATS)}, got {path.name!r}")
    with rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}), whole_file(path) as partial:
        figure.savefig(partial, dpi=DPI, format=path.suffix[1:].lower())
    return path


def _draw_segments(axes: Axes, trip: RoundTrip, plane: Plane) -> None:
    """What a decoder makes of the target: each segment in the colour of the object that it stands for."""
    names = trip.overlaps.named_as_objects(trip.segmentation.numpy())
    first = names.reshape(-1, *trip.truth.spatial_shape)[0]
    ids = plane.values(Array(first, trip.truth.voxel_size, trip.truth.offset))
    extent = plane.extent(trip.truth.roi, trip.truth.subdivision)
    limits = axes.axis()
    axes.imshow(with_outlines(label_colours(ids), ids), extent=extent, interpolation="nearest")
    axes.axis(limits)
    axes.set_facecolor(BACKGROUND)
    caption(axes, "segmentation", SMALL)
    thin_frame(axes, ticks=False)


def _aspect(inspection: Inspection, plane: Plane) -> float:
    """Height over width of the ROI in a plane, within what panels can be."""
    shape = inspection.roi.shape
    return float(min(2.4, max(0.18, shape[plane.rows] / shape[plane.columns])))


def _columns_and_width(channels: int, aspect: float, room: float) -> tuple[int, float]:
    """Columns of channels, and a panel's width in inches, with which panels are largest in so many inches across a slide."""

    def width(columns: int) -> float:
        height = (_SLIDE[1] / ceil(channels / columns) - _CAPTION - _NUMBERS) / aspect
        return min((room / columns - 2 * _BAR - sum(_HISTOGRAM)) / 2, height)

    columns = max(range(1, min(channels, 5) + 1), key=width)
    return columns, max(width(columns), _NARROWEST / max(1.0, aspect) ** 0.5)


def _draw_truth(figure: Figure, grid: Any, inspection: Inspection, planes: list[Plane]) -> None:
    gt, names = inspection.gt, inspection.gt.spatial_axes
    first = figure.add_subplot(grid[0, 0])
    drawn = [first, *(figure.add_subplot(grid[2 * i, 0], sharex=first) for i in range(1, len(planes)))]
    for axes, plane in zip(drawn, planes, strict=True):
        ground_truth.draw_regions(axes, inspection, plane)
        axes.set_ylabel(f"{names[plane.rows]} [{gt.unit}]", fontsize=NORMAL)
        axes.tick_params(labelbottom=axes is drawn[-1])
    plane = planes[0]
    others = [axis for axis in range(gt.dims) if axis not in (plane.rows, plane.columns)]
    middles = (f"{names[a]} = {(2 * plane.at[a] + gt.voxel_size[a]) / (2 * gt.subdivision):.12g}" for a in others)
    caption(first, " at ".join(["ground truth", *(f"{middle} {gt.unit}" for middle in middles)]))
    drawn[-1].set_xlabel(f"{names[plane.columns]} [{gt.unit}]", fontsize=NORMAL)
    panels.scale_bar(first, gt.unit)


def _draw_title(figure: Figure, inspection: Inspection) -> None:
    width, height = figure.get_size_inches()
    request = inspection.request
    facts = [f"ROI {inspection.target.size_text}"]
    if inspection.regions.beyond_data:
        facts.append(f"context beyond the data: {'padded with 0' if request.outside == 'zero' else 'clipped'}")
    if request.balance_over == "context":
        facts.append("balanced over the context too")
    letters = int((width - 2 * _EDGE) * 13)
    parameters = shorten(parameters_text(request.predictor), letters, placeholder=" …")
    key = "histograms: target values in the whole ROI; grey: without weight"
    texts: list[tuple[str, float, float, dict[str, Any]]] = [
        (name_of(request.predictor), _EDGE, 0.36, {"fontsize": LARGE, "fontweight": "bold"}),
        (parameters, _EDGE, 0.62, {"fontsize": NORMAL, "color": GREY}),
        (" · ".join(facts), _EDGE, 0.8, {"fontsize": NORMAL, "color": GREY}),
        (key, width - _HISTOGRAM[2], 0.36, {"fontsize": SMALL, "color": GREY, "ha": "right"}),
    ]
    for text, x, down, style in texts:
        figure.text(x / width, 1 - down / height, text, va="center", **style)


def _made_how(inspection: Inspection) -> str:
    """How a figure was made, in one paragraph."""
    request = inspection.request
    area = "region" if request.balance_over == "roi" else "region and its context"
    facts = [name_of(request.predictor), parameters_text(request.predictor), inspection.target.size_text]
    return "; ".join(fact for fact in (*facts, f"classes balanced over the {area}") if fact)


def _indices(inspection: Inspection, channels: Sequence[str] | None) -> list[int]:
    names = inspection.channel_names
    if channels is None:
        return list(range(len(names)))
    unknown = [name for name in channels if name not in names]
    if unknown or not channels:
        got = f"got {unknown[0]!r}" if unknown else "got none"
        raise ValueError(f"channels must be among {', '.join(map(repr, names))}; {got}")
    return [names.index(name) for name in channels]
