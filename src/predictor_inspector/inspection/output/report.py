"""An HTML report of an inspection: one file that opens without a server and fetches nothing."""

from __future__ import annotations

import os
import platform
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from predictor_inspector import __version__
from predictor_inspector.core.array import Array
from predictor_inspector.core.config import kind_of, predictor_to_yaml
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.text import (
    capitalised,
    counted,
    format_bytes,
    format_duration,
    format_roi,
    format_shape,
    format_value,
)
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.finding import gravity
from predictor_inspector.inspection.output.pictures import overview_figure
from predictor_inspector.inspection.output.pictures.weights_figure import weights_figure
from predictor_inspector.inspection.output.text import name_of, statistics_table
from predictor_inspector.inspection.training.survey import Survey

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 110
_UNITS = {"length": "", "voxels": " voxels"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2026; --soft: #5c6672; --paper: #ffffff; --card: #f5f6f8; --line: #dde1e6;
  --error: #b3261e; --warning: #8a5a00; --info: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa4b0; --paper: #15181c; --card: #1e2228;
  --line: #333a43; --error: #ff8a80; --warning: #f0b95a; --info: #82b8f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } .soft { color: var(--soft); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; } td { overflow-wrap: anywhere; }
.wide { overflow-x: auto; } pre { background: var(--card); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; }
figure { margin: .6rem 0; } figure img { max-width: 100%; background: #ffffff; border-radius: 6px; display: block; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .3rem; }
.finding { border-left: 4px solid var(--c); background: var(--card); padding: .55rem .9rem; margin: .5rem 0;
  border-radius: 0 6px 6px 0; } .finding b { color: var(--c); text-transform: uppercase; font-size: .8rem; }
.error { --c: var(--error); } .warning { --c: var(--warning); } .info { --c: var(--info); }
code, pre { font-family: ui-monospace, monospace; font-size: .88em; } .notes { white-space: pre-wrap; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } figure, .finding { break-inside: avoid; } }
"""


def report_html(
    inspection: Inspection,
    findings: Sequence[Finding] | None = None,
    inputs: Mapping[str, str] | None = None,
    notes: str = "",
    survey: Survey | None = None,
    pictures: Sequence[tuple[bytes, str]] = (),
    title: str = "",
) -> str:
    """A report as one HTML document, pictures included.

    Parameters
    ----------
    inspection : Inspection
        What it is about; two or three spatial axes.
    findings : sequence of findings, optional
        What was found; None if nothing was checked.
    inputs : mapping of str to str, optional
        What ground truth, mask and so on were: ``{"ground truth": "crop.zarr, labels"}``.
    notes : str
        Free text; line breaks are kept.
    survey : Survey, optional
        Findings and weights of other regions.
    pictures : sequence of (bytes, str)
        Further pictures as PNG, with captions.
    title : str
        By default the predictor's kind.

    Returns
    -------
    str
        Begins with ``<!doctype html>``. Everything that isn't the report's own is escaped.
    """
    predictor, target = inspection.request.predictor, inspection.target
    title = title or f"{capitalised(name_of(predictor))} targets and weights"
    shape, voxel = format_shape(target.spatial_shape), format_shape(target.physical_voxel_size)
    blocks = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(f"{shape} voxels of {voxel} {target.unit}; {format_roi(inspection.roi, target)}")}</p>',
    ]
    if notes.strip():
        blocks += ["<h2>Notes</h2>", f'<p class="notes">{escape(notes.strip())}</p>']
    blocks += _findings(findings)
    titles, *rows = statistics_table(inspection.statistics)
    blocks += ["<h2>Channels</h2>", _table(rows, [(title, "n" if i else "") for i, title in enumerate(titles)])]
    channels = counted(len(inspection.channels), "channel")
    caption = f"Ground truth with its regions, and target, weights and histogram of {channels}"
    blocks += ["<h2>Overview</h2>", _picture(_png(overview_figure(inspection)), caption)]
    blocks += [_picture(data, caption) for data, caption in pictures]
    if survey is not None:
        blocks += _survey(survey, target)
    blocks += ["<h2>Parameters</h2>", _parameters(inspection)]
    blocks += ["<details><summary>as YAML</summary>", f"<pre>{escape(predictor_to_yaml(predictor))}</pre></details>"]
    blocks += ["<h2>Region</h2>", _regions(inspection, inputs or {})]
    blocks += ["<h2>Computation</h2>", _computation(inspection)]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
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
    path = Path(path).absolute()
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a report is written as .html, got {path.name!r}")
    with whole_file(path) as partial:
        partial.write_text(html, "utf-8")
    return path


def _findings(findings: Sequence[Finding] | None) -> list[str]:
    if findings is None:
        return []
    if not findings:
        return ["<h2>Findings</h2>", '<p class="soft">Nothing was found.</p>']
    return ["<h2>Findings</h2>", *(_finding(f) for f in sorted(findings, key=lambda f: gravity(f.severity)))]


def _finding(finding: Finding) -> str:
    about = [finding.id, ", ".join(finding.channels), counted(finding.where.voxels, "voxel")]
    severity = escape(finding.severity, quote=True)
    return (
        f'<div class="finding {severity}"><b>{severity}</b> {escape(finding.message)}'
        f"<p>{escape(finding.advice)}</p>"
        f'<p class="soft">{escape(" · ".join(part for part in about if part))}</p></div>'
    )


def _parameters(inspection: Inspection) -> str:
    predictor, unit = inspection.request.predictor, inspection.target.unit
    rows: list[list[str]] = [["kind", kind_of(predictor), ""]]
    for p in parameters_of(type(predictor)):
        of = f" {unit}" if p.unit == "length" else _UNITS.get(p.unit, "")
        rows.append([p.name, f"{format_value(getattr(predictor, p.name))}{of}", p.doc])
    return _table(rows)


def _regions(inspection: Inspection, inputs: Mapping[str, str]) -> str:
    grid, regions, request = inspection.target, inspection.regions, inspection.request
    rows = [[role, value] for role, value in inputs.items()]
    rows += [
        ["ROI", format_roi(regions.roi, grid)],
        ["ground truth asked for", format_roi(regions.gt_region, grid)],
        ["ground truth used", format_roi(regions.read_region, grid)],
        ["padding", format_roi(regions.padding_region, grid)],
        ["data", format_roi(regions.data, grid)],
        ["context beyond the data", "padded with 0" if request.outside == "zero" else "clipped"],
        ["classes balanced over", "ROI" if request.balance_over == "roi" else "ROI and context"],
        *(["note", note] for note in inspection.notes),
    ]
    return _table(rows)


def _computation(inspection: Inspection) -> str:
    import numpy
    import torch

    steps = ", ".join(f"{name} {format_duration(seconds)}" for name, seconds in inspection.timings.items())
    versions = f"Predictor Inspector {__version__}, torch {torch.__version__}, numpy {numpy.__version__}"
    return _table(
        [
            ["device", inspection.device],
            ["time", steps],
            ["memory", format_bytes(inspection.memory)],
            ["versions", f"{versions}, Python {platform.python_version()} on {platform.system()}"],
        ]
    )


def _survey(survey: Survey, grid: Array) -> list[str]:
    rows = [
        [t.worst.severity, t.worst.id, f"{t.regions} of {survey.done}", t.worst.message, format_roi(t.roi, grid)]
        for t in survey.tallies
    ]
    head = [("severity", ""), ("finding", ""), ("regions", "n"), ("at its worst", ""), ("where", "")]
    found = _table(rows, head) if rows else '<p class="soft">Nothing was found.</p>'
    blocks = ["<h2>Survey</h2>", f'<p class="soft">{survey.done} regions were inspected.</p>', found]
    if survey.done > 1:
        caption = (
            "Weights as classes are counted on from region to region, as in training; solid: positive, dashed: negative"
        )
        blocks.append(_picture(_png(weights_figure(survey)), caption))
    return blocks


def _table(rows: Iterable[Sequence[str]], head: Sequence[tuple[str, str]] = ()) -> str:
    """Rows of text; of each column its title and its class. Without titles the first column is one of names."""
    lines = []
    if head:
        lines.append("<tr>" + "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in head) + "</tr>")
    for row in rows:
        if head:
            cells = [f'<td class="{kind}">{escape(cell)}</td>' for (_, kind), cell in zip(head, row, strict=True)]
        else:
            cells = [f"<th>{escape(row[0])}</th>", *(f"<td>{escape(cell)}</td>" for cell in row[1:])]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return '<div class="wide"><table>' + "".join(lines) + "</table></div>"


def _picture(png: bytes, caption: str) -> str:
    data, text = b64encode(png).decode("ascii"), escape(caption, quote=True)
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()
