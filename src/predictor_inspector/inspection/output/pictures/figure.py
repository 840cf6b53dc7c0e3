"""`publication_figure`: ground truth, targets and weights as panels for slides and papers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import format_shape
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.slices import Plane, best_plane
from predictor_inspector.inspection.output.pictures import colours
from predictor_inspector.inspection.output.pictures.channel_panels import Limits, draw_values, limits_of
from predictor_inspector.inspection.output.pictures.ground_truth_panel import labels_picture
from predictor_inspector.inspection.output.pictures.overview import beneath, name_of, parameters_text
from predictor_inspector.inspection.output.pictures.panels import GREY, NORMAL, SMALL, bare, colour_bar, scale_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
DPI = 300  # of pixels, which is what journals ask for

_MARGIN, _GAP, _CAPTION, _BAR = 0.08, 0.08, 0.24, 0.42  # inches
_LINE = 0.15  # between lines of text, in inches
_LETTERS = 17.5  # of small text on an inch
_LEAST, _LETTER = 5.5, 0.56  # the smallest letters, in points, and a letter's width over its height
_SCALE = 28.0  # points for a scale in words
_TALLEST, _FLATTEST = 2.2, 0.15  # height over width of a panel
_COLUMNS = 5  # of channels side by side


def publication_figure(
    inspection: Inspection,
    channels: Sequence[str] | None = None,
    raw: Array | None = None,
    width: float = 7.2,
    parameters: bool = True,
) -> Figure:
    """Ground truth at the left, then a column per channel: its target above its weights, on the same plane.

    All weights share one scale, so that channels can be compared; a scale bar is in the ground truth, and colour bars
    stand at the end of each row.

    Parameters
    ----------
    inspection : Inspection
        What to show; two or three spatial axes.
    channels : sequence of str, optional
        Names of those to show, in this order; all by default.
    raw : Array, optional
        Shown beneath the ground truth; it may lie on another grid.
    width : float
        In inches; 7.2 is a page of two columns.
    parameters : bool
        Say below how it was made.

    Raises
    ------
    ValueError
        If there is no such channel, the figure is too narrow, or there are not two or three spatial axes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = _indices(inspection, channels)
    plane = best_plane(inspection.source, inspection.roi)
    columns = min(len(shown), _COLUMNS)
    panel = (width - 2 * _MARGIN - (columns + 1) * _GAP - _BAR) / (columns + 1)
    if panel < 0.4:
        raise ValueError(f"width must be more than {width:g} inches for {columns + 1} panels side by side")
    roi = inspection.roi
    aspect = min(_TALLEST, max(_FLATTEST, roi.shape[plane.rows] / roi.shape[plane.columns]))
    rows = ceil(len(shown) / columns)
    text = wrap(_about(inspection), int((width - 2 * _MARGIN) * _LETTERS)) if parameters else []
    row = panel * aspect + _CAPTION
    height = 2 * rows * row + 2 * _MARGIN + (len(text) + 0.5) * _LINE * bool(text)
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)

    def place(column: int, line: int) -> Axes:
        left = _MARGIN + column * (panel + _GAP) + (_GAP if column else 0.0)
        top = _MARGIN + line * row + _CAPTION
        box = (left / width, 1 - (top + panel * aspect) / height, panel / width, panel * aspect / height)
        return figure.add_axes(box)

    _draw_truth(place(0, 0), inspection, plane, beneath(raw, inspection))
    size = min(NORMAL, *(72 * panel / (_LETTER * len(inspection.channel_names[c])) for c in shown))
    limits, weights = limits_of(inspection.target), _weight_limits(inspection, plane, shown)
    for i, channel in enumerate(shown):
        line, column = divmod(i, columns)
        last = column == columns - 1 or i == len(shown) - 1
        row_end = shown[min((line + 1) * columns, len(shown)) - 1]
        other = limits[channel].ticks != limits[row_end].ticks
        room = 72 * panel - (_SCALE if other and not last else 0.0)
        name, letters = _fitting(inspection.channel_names[channel], size, room)
        target, weight = place(column + 1, 2 * line), place(column + 1, 2 * line + 1)
        _draw_target(target, inspection, plane, channel, limits[channel], (name, letters), bar=last, other=other)
        _draw_weight(weight, inspection, plane, channel, weights, bar=last)
    for number, words in enumerate(text):
        at = 1 - (_MARGIN + 2 * rows * row + (number + 1) * _LINE) / height
        figure.text(_MARGIN / width, at, words, fontsize=SMALL, color=GREY, va="center")
    return figure


def save_figure(path: str | os.PathLike[str], figure: Figure) -> Path:
    """Write a figure, whole or not at all, in the format that the ending of `path` says; text stays text in SVG and PDF.

    Raises
    ------
    ValueError
        If the ending is none of `FORMATS`.
    """
    from matplotlib import rc_context

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"a figure is written as one of {', '.join(FORMATS)}, got {path.name!r}")
    with rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}), whole_file(path) as partial:
        figure.savefig(partial, dpi=DPI, format=path.suffix[1:].lower())
    return path


def _indices(inspection: Inspection, channels: Sequence[str] | None) -> list[int]:
    names = inspection.channel_names
    if channels is None:
        return list(range(len(names)))
    unknown = [name for name in channels if name not in names]
    if unknown or not channels:
        got = f"got {unknown[0]!r}" if unknown else "got none"
        raise ValueError(f"channels must be among {', '.join(map(repr, names))}; {got}")
    return [names.index(name) for name in channels]


def _draw_truth(axes: Axes, inspection: Inspection, plane: Plane, raw: Array | None) -> None:
    part = inspection.gt[inspection.roi]
    picture = labels_picture(part, plane, None if raw is None else raw[inspection.roi])
    extent = plane.extent(part.roi, part.subdivision)
    axes.imshow(picture, extent=extent, interpolation="nearest", aspect="equal")
    bare(axes, "ground truth")
    scale_bar(axes, part.unit)


def _draw_target(
    axes: Axes,
    inspection: Inspection,
    plane: Plane,
    channel: int,
    limits: Limits,
    title: tuple[str, float],
    bar: bool,
    other: bool,
) -> None:
    from matplotlib.colors import Normalize

    values = plane.values(inspection.target)[channel]
    image = draw_values(axes, inspection.target, plane, values, limits.colours, Normalize(limits.low, limits.high))
    bare(axes, *title)
    if bar:
        colour_bar(axes, image, limits.ticks)
    elif other:
        # Where scales differ within a row, a panel without a bar says its own in words.
        axes.set_title(f"{limits.low:g} … {limits.high:g}", fontsize=_LEAST, loc="right", pad=3, color=GREY)


def _fitting(name: str, size: float, points: float) -> tuple[str, float]:
    """A name and the size of letters in which it takes no more than so many points; a very long one loses its middle."""
    size = min(size, points / (_LETTER * max(1, len(name))))
    if size >= _LEAST:
        return name, size
    kept = max(4, int(points / (_LETTER * _LEAST)) - 1)
    return f"{name[: kept - kept // 2]}…{name[-(kept // 2) :]}", _LEAST


def _weight_limits(inspection: Inspection, plane: Plane, shown: Sequence[int]) -> tuple[float, list[float]]:
    """The largest weight of all that are shown, and the weights that classes have."""
    values = plane.values(inspection.weight)[list(shown)]
    most = float(values[np.isfinite(values)].max(initial=0.0)) or 1.0
    classes = {w for i in shown for s in (inspection.statistics[i],) for w in (s.negative_weight, s.positive_weight)}
    ticks = sorted(w for w in {0.0, most} | (classes if len(shown) == 1 else set()) if w <= most)
    return most, ticks


def _draw_weight(
    axes: Axes, inspection: Inspection, plane: Plane, channel: int, limits: tuple[float, list[float]], bar: bool
) -> None:
    from matplotlib.colors import PowerNorm

    values, (most, ticks) = plane.values(inspection.weight)[channel], limits
    image = draw_values(axes, inspection.weight, plane, values, colours.WEIGHT, PowerNorm(0.5, 0.0, most))
    bare(axes, "weight", SMALL)
    if bar:
        middle = [] if len(ticks) > 2 else [round(most / 4, 1)]
        colour_bar(axes, image, sorted({*ticks, *middle}))


def _about(inspection: Inspection) -> str:
    """How the figure was made, in one paragraph."""
    gt, request = inspection.gt, inspection.request
    shape, voxel = format_shape(inspection.target.spatial_shape), format_shape(gt.physical_voxel_size)
    told: list[Any] = [name_of(request.predictor), parameters_text(request.predictor).replace(",  ", ", ")]
    told.append(f"{shape} voxels of {voxel} {gt.unit}")
    told.append(f"classes balanced over the {'region' if request.balance_over == 'roi' else 'region and its context'}")
    return "; ".join(part for part in told if part)
