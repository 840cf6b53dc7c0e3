"""An HTML report of an inspection: one file that opens without a server and fetches nothing."""

from __future__ import annotations

import os
import platform
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from predictor_inspector import __version__
from predictor_inspector.core.array import Array
from predictor_inspector.core.config import kind_of, predictor_to_yaml
from predictor_inspector.core.html import html_facts, html_table
from predictor_inspector.core.parameters import parameter_rows
from predictor_inspector.core.text import (
    capitalised,
    counted,
    format_bytes,
    format_duration,
    format_region,
)
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.finding import Findings, gravity
from predictor_inspector.inspection.loss import LossComparison, LossMap
from predictor_inspector.inspection.output.judged import loss_figure, loss_html, scored_html, trips_html
from predictor_inspector.inspection.output.pictures import overview_figure
from predictor_inspector.inspection.output.pictures.weights_figure import weights_figure
from predictor_inspector.inspection.output.text import name_of, statistics_table
from predictor_inspector.inspection.roundtrip import RoundTrip, Scored
from predictor_inspector.inspection.training.survey import Survey

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 110
_NOTHING = '<p class="soft">Nothing was found.</p>'


def report_html(
    inspection: Inspection,
    findings: Sequence[Finding] | None = None,
    inputs: Mapping[str, str] | None = None,
    notes: str = "",
    survey: Survey | None = None,
    pictures: Sequence[tuple[bytes, str]] = (),
    title: str = "",
    trips: Mapping[str, RoundTrip] | None = None,
    loss: LossMap | LossComparison | None = None,
    scored: Sequence[Scored] = (),
) -> str:
    """A report as one HTML document, pictures included; all text from elsewhere is escaped.

    Parameters
    ----------
    inspection : Inspection
        Of two or three spatial axes.
    findings : sequence of findings, optional
        What was found; None if nothing was checked.
    inputs : mapping of str to str, optional
        Where ground truth, mask and so on come from: ``{"ground truth": "crop.zarr, labels"}``.
    notes : str
        Free text; line breaks are kept.
    survey : Survey, optional
        Findings and weights of other regions.
    pictures : sequence of (bytes, str)
        Further pictures as PNG, with captions.
    title : str
        By default the predictor's kind.
    trips : mapping of str to RoundTrip, optional
        Round trips with one decoder, by what was decoded: ``{"target": …, "prediction": …}``.
    loss : LossMap or LossComparison, optional
        Of a prediction, or of two.
    scored : sequence of Scored
        Round trips of the survey's regions.
    """
    request, target, steps = inspection.request, inspection.target, inspection.timings.items()
    title = title or f"{capitalised(name_of(request.predictor))} targets and weights"
    summary = f"{target.size_text}; {format_region(inspection.roi, request.source.gt)}"
    statistics = statistics_table(inspection.statistics)
    channels = counted(len(statistics) - 1, "channel")
    about = f"Ground truth with its regions, and target, weights and histogram of {channels}"
    shown = [_picture(_png(overview_figure(inspection)), about), *(_picture(png, text) for png, text in pictures)]
    found = Findings(sorted(findings or (), key=lambda f: gravity(f.severity)))
    yaml = escape(predictor_to_yaml(request.predictor))
    versions = f"Predictor Inspector {__version__}, torch {torch.__version__}, numpy {np.__version__}"
    computation = {
        "device": inspection.device,
        "time": ", ".join(f"{name} {format_duration(seconds)}" for name, seconds in steps),
        "memory": format_bytes(inspection.memory),
        "versions": f"{versions}, Python {platform.python_version()} on {platform.system()}",
    }
    sections = {
        "Notes": f'<p class="notes">{escape(notes.strip())}</p>' if notes.strip() else "",
        "Findings": "" if findings is None else found._repr_html_(),
        "Channels": html_table(statistics, range(1, len(statistics[0]))),
        "Overview": "\n".join(shown),
        "Round trip": trips_html(trips) if trips else "",
        "Loss": "" if loss is None else _loss(loss),
        "Survey": "" if survey is None else _survey(survey, request.source.gt, scored),
        "Parameters": f"{_parameters(inspection)}\n<details><summary>as YAML</summary>\n<pre>{yaml}</pre></details>",
        "Region": html_facts([*(inputs or {}).items(), *_regions(inspection)]),
        "Computation": html_facts(computation.items()),
    }
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    blocks = [f"<h1>{escape(title)}</h1>", f'<p class="soft">{escape(summary)}</p>']
    for heading, html in sections.items():
        blocks += [f"<h2>{heading}</h2>", html] if html else []
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(blocks) + "\n</body>\n</html>\n"


def write_report(path: str | os.PathLike[str], html: str) -> Path:
    """Write a report; if that fails, what was at `path` stays.

    Raises
    ------
    ValueError
        If `path` doesn't end as HTML does, so that no browser would open it.
    OSError
        If it can't be written.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a report is written as .html, got {path.name!r}")
    with whole_file(path) as partial:
        partial.write_text(html, "utf-8")
    return path


def _parameters(inspection: Inspection) -> str:
    predictor = inspection.request.predictor
    return html_facts([("kind", kind_of(predictor), ""), *parameter_rows(predictor, inspection.target.unit)])


def _regions(inspection: Inspection) -> list[tuple[str, str]]:
    regions, request = inspection.regions, inspection.request
    grid = request.source.gt
    return [
        ("ROI", format_region(regions.roi, grid)),
        ("ground truth asked for", format_region(regions.gt_region, grid)),
        ("ground truth used", format_region(regions.read_region, grid)),
        ("padding", format_region(regions.padding_region, grid)),
        ("data", format_region(regions.data, grid)),
        ("context beyond the data", "padded with 0" if request.outside == "zero" else "clipped"),
        ("classes balanced over", "ROI" if request.balance_over == "roi" else "ROI and context"),
        *(("note", note) for note in inspection.notes),
    ]


def _survey(survey: Survey, grid: Array, scored: Sequence[Scored]) -> str:
    rows = [("severity", "finding", "regions", "at its worst", "where")]
    for t in survey.tallies:
        seen = f"{t.regions} of {survey.done}"
        rows.append((t.worst.severity, t.worst.id, seen, t.worst.message, format_region(t.roi, grid)))
    about = f'<p class="soft">{survey.done} regions were inspected.</p>'
    blocks = [about, html_table(rows, [2]) if survey.tallies else _NOTHING]
    if survey.done > 1:
        caption = (
            "Weights as classes are counted on from region to region, as in training; solid: positive, dashed: negative"
        )
        blocks.append(_picture(_png(weights_figure(survey)), caption))
    blocks += [scored_html(scored)] if scored else []
    return "\n".join(blocks)


def _loss(found: LossMap | LossComparison) -> str:
    figure, caption = loss_figure(found.a if isinstance(found, LossComparison) else found)
    caption = f"A: {caption}" if isinstance(found, LossComparison) else caption
    return f"{loss_html(found)}\n{_picture(_png(figure), caption)}"


def _picture(png: bytes, caption: str) -> str:
    data, text = b64encode(png).decode("ascii"), escape(caption, quote=True)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()
