"""Sections of a report that judge a network: round trips and losses, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from predictor_inspector.core.config import config_of
from predictor_inspector.core.html import html_facts, html_table
from predictor_inspector.core.text import format_value
from predictor_inspector.inspection.loss import LOSSES, LossComparison, LossMap
from predictor_inspector.inspection.output.pictures import panels
from predictor_inspector.inspection.output.pictures.colours import loss_colours
from predictor_inspector.inspection.output.pictures.planes import Plane
from predictor_inspector.inspection.roundtrip import DECODERS, RoundTrip, Scored
from predictor_inspector.inspection.roundtrip.round_trip import PERFECT
from predictor_inspector.inspection.roundtrip.trip_text import mistake_rows, score_rows, scored_rows, trip_summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 5  # splits, merges and places that are listed


def trips_html(trips: Mapping[str, RoundTrip]) -> str:
    """Round trips of the target and of predictions, by what was decoded: decoder, scores, and the worst mistakes."""
    first = next(iter(trips.values()))
    facts = {name: format_value(value) for name, value in config_of(DECODERS, first.decoder).items() if name != "kind"}
    if first.imperfection != PERFECT:
        facts |= {name: format_value(value) for name, value in vars(first.imperfection).items() if value}
    blocks = [html_facts(facts.items())] if facts else []
    for name, trip in trips.items():
        scores, mistakes = score_rows(trip), mistake_rows(trip, _MOST)
        blocks += [f"<h3>{escape(name)}</h3>", f"<p>{escape(trip_summary(trip))}</p>"]
        blocks.append(html_table(scores, range(1, len(scores[0]))))
        blocks += [html_table([("mistake", "of", "--roi", "size"), *mistakes], [3])] if mistakes else []
    return "\n".join(blocks)


def scored_html(scored: Sequence[Scored]) -> str:
    """Scores of the round trips of several regions, their means, and why some have none."""
    rows, more = scored_rows(scored, "region", _MOST)
    told = [f"<p>{escape(text)}</p>" for text in more]
    return "\n".join(["<h3>Round trips</h3>", html_table(rows, range(1, len(rows[0]))), *told])


def loss_html(found: LossMap | LossComparison) -> str:
    """The loss of a prediction, or of two which is better: kind, sums, and the worst places of A."""
    one = found.a if isinstance(found, LossComparison) else found
    config = config_of(LOSSES, one.loss)
    facts = {"loss": config.pop("kind")} | {name: format_value(value) for name, value in config.items()}
    told = [one.summary(), one.objects_text()]
    numbers: Sequence[int] = range(1, 6)
    if isinstance(found, LossComparison):
        told, numbers = [found.summary(), *(f"A: {text}" for text in told if text)], (1, 2, 4)
    blocks = [html_facts(facts.items()), *(f"<p>{escape(text)}</p>" for text in told if text)]
    blocks.append(html_table(found.channel_rows(), numbers))
    places = one.place_rows(_MOST)
    blocks += [html_table([("loss", "channel", "predicted", "--roi"), *places], [0])] if places else []
    return "\n".join(blocks)


def loss_figure(found: LossMap) -> tuple[Figure, str]:
    """The loss of the channel with most of it, in the slice with most of that, and a caption."""
    values = found.values
    channel = int(np.argmax(list(found.by_channel.values())))
    data = values.numpy()[channel]
    middle = values.roi.begin
    at, rows, columns = list(middle), values.dims - 2, values.dims - 1
    told = f"Loss of {list(found.by_channel)[channel]}, the channel with most of it"
    if values.dims == 3:
        z = int(data.sum((1, 2), dtype=np.float64).argmax())
        at[0] += z * values.voxel_size[0]
        told += (
            f", in the slice with most of that: {values.spatial_axes[0]} {at[0] / values.subdivision:g} {values.unit}"
        )
    plane = Plane(rows, columns, tuple(at))
    height, width = data.shape[-2] * values.voxel_size[rows], data.shape[-1] * values.voxel_size[columns]
    figure = panels.blank_figure((6.4, 0.4 + 5.0 * min(2.0, max(0.2, height / width))))
    axes = figure.add_axes((0.03, 0.05, 0.8, 0.9))
    image = panels.draw_values(axes, values, plane, channel, loss_colours(data))
    figure.canvas.draw()
    panels.colour_bar(axes, image)
    panels.scale_bar(axes, values.unit)
    return figure, told
