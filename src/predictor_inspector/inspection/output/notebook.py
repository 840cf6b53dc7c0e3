"""What notebooks show: pictures, and a widget whose controls move parameters."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.html import html_table, html_titled
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import counted
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.output.pictures import publication_figure, save_figure
from predictor_inspector.inspection.output.pictures.colours import BEYOND, label_colours
from predictor_inspector.inspection.output.pictures.figures import Shown
from predictor_inspector.inspection.output.pictures.ground_truth import with_outlines
from predictor_inspector.inspection.output.pictures.panels import blank_figure, caption, thin_frame
from predictor_inspector.inspection.output.pictures.planes import best_plane
from predictor_inspector.inspection.output.text import name_of, statistics_table
from predictor_inspector.inspection.roundtrip.round_trip import RoundTrip
from predictor_inspector.inspection.roundtrip.trip_text import mistake_rows, score_rows, trip_summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from predictor_inspector.inspection.output.widget import PredictorWidget

_PANEL, _WIDEST = 1.5, 7.2  # inches
_PIXELS, _FINEST = 1100, 250  # across a picture, as a notebook has room for; and on an inch
_MOST = 5  # channels, and mistakes, without being asked for
_TRIP_PANEL, _TITLE = 2.6, 0.3  # inches


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure of matplotlib that a notebook shows by itself, whatever backend is chosen."""

    figure: Figure

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as PNG, SVG or PDF, see `save_figure`."""
        return save_figure(path, self.figure)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=min(_FINEST, _PIXELS / self.figure.get_figwidth()))
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        data = b64encode(self._repr_png_()).decode("ascii")
        return f'<img style="max-width: 100%; background: white" src="data:image/png;base64,{data}">'


def plot(
    inspection: Inspection,
    channel: str | int | Sequence[str | int] | None = None,
    what: Shown = "both",
    raw: Array | bool | None = None,
) -> Picture:
    """Ground truth, and target and weight of some channels, on the plane with most in it.

    Parameters
    ----------
    channel : str or int, or a sequence of these
        Names or indices; by default the first five.
    what : str
        ``"target"``, ``"weight"`` or ``"both"``.
    raw : Array or bool, optional
        Raw data beneath the ground truth; by default those of the inspection, if it has any, and False does without.

    Raises
    ------
    ValueError
        If there is no such channel, or there are not two or three spatial axes.
    """
    names = inspection.channel_names
    asked: Sequence[str | int] = (channel,) if isinstance(channel, (str, int)) else channel or names[:_MOST]
    if any(isinstance(one, int) and not 0 <= one < len(names) for one in asked):
        raise ValueError(f"channels are counted from 0 to {len(names) - 1}, got {channel}")
    shown = [names[one] if isinstance(one, int) else one for one in asked]
    if raw is not None and raw is not True:
        source = replace(inspection.request.source, raw=raw if isinstance(raw, Array) else None)
        inspection = replace(inspection, request=replace(inspection.request, source=source))
    return Picture(publication_figure(inspection, shown, min(_WIDEST, _PANEL * (1 + len(shown))), what))


def inspection_html(inspection: Inspection) -> str:
    """A picture, a table of channels, and what to know about the result."""
    statistics = statistics_table(inspection.statistics)
    notes = "".join(f"<p>{escape(note)}</p>" for note in inspection.notes)
    picture = plot(inspection)._repr_html_() if inspection.gt.dims in (2, 3) else ""
    blocks = picture, html_table(statistics, range(1, len(statistics[0]))), notes
    return html_titled(name_of(inspection.request.predictor), *blocks, about=inspection.target.size_text)


def plot_trip(trip: RoundTrip) -> Picture:
    """Ground truth and segmentation in one plane: what comes back has the object's colour, and mistakes are outlined in red.

    A mistake is what a split object has outside its largest segment, what a merged segment has of others than its largest
    object, or a lost object. Of several segmentations the first is shown.
    """
    truth = trip.truth.numpy().reshape(trip.overlaps.shape)
    names = trip.overlaps.named_as_objects(trip.segmentation.numpy()).reshape(truth.shape)
    wrong = trip.overlaps.split_voxels() | trip.overlaps.merged_voxels() | np.isin(truth, trip.lost)
    arrays = [Array(values[0], trip.truth.voxel_size, trip.truth.offset) for values in (truth, names, wrong)]
    plane = best_plane(Source(arrays[0]), arrays[0].roi)
    shown = [plane.values(array) for array in arrays]
    height = _TRIP_PANEL * shown[0].shape[0] * trip.truth.voxel_size[plane.rows]
    height /= shown[0].shape[1] * trip.truth.voxel_size[plane.columns]
    figure = blank_figure((2 * _TRIP_PANEL, height + _TITLE), layout="constrained")
    titles = counted(trip.scores.objects, "object"), counted(trip.scores.segments, "segment")
    extent = plane.extent(arrays[0].roi, trip.truth.subdivision)
    for axes, ids, title in zip(figure.subplots(1, 2), shown, titles, strict=False):
        axes.imshow(with_outlines(label_colours(ids), ids), extent=extent, interpolation="nearest")
        caption(axes, title)
        thin_frame(axes, ticks=False)
    if shown[2].any():
        left, right, bottom, top = extent
        figure.axes[1].contour(shown[2], [0.5], colors=BEYOND, linewidths=1.5, extent=(left, right, top, bottom))
    return Picture(figure)


def trip_html(trip: RoundTrip) -> str:
    """A picture, the scores and the worst mistakes."""
    scores, mistakes = score_rows(trip), mistake_rows(trip, _MOST)
    picture = plot_trip(trip)._repr_html_() if trip.truth.dims in (2, 3) else ""
    table = html_table([("mistake", "of", "roi", "voxels"), *mistakes]) if mistakes else ""
    return html_titled("Round trip", picture, html_table(scores, (1, 2)), table, about=trip_summary(trip))


def show(
    predictor: Predictor,
    gt: Array | None = None,
    roi: Roi | None = None,
    mask: Array | None = None,
    raw: Array | None = None,
) -> PredictorWidget:
    """A widget for notebooks, Jupyter's and marimo's: target and weight, with the predictor's parameters to move.

    Parameters
    ----------
    predictor : Predictor
        What to begin with; the widget's ``predictor`` is what was chosen last.
    gt, roi, mask, raw
        As in `inspect`: small enough to be computed while the hand moves. Without `gt`, a made sample.

    Raises
    ------
    ImportError
        If anywidget isn't installed, with how to install it.
    """
    from predictor_inspector.inspection.output.widget import PredictorWidget

    return PredictorWidget(predictor, gt, roi, mask, raw)
