"""Report or figure of a request, written to a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from predictor_inspector.inspection.engine.run import Request, run
from predictor_inspector.inspection.findings import Find, find_quickly
from predictor_inspector.inspection.output.pictures import FORMATS, publication_figure, save_figure
from predictor_inspector.inspection.output.report import report_html, write_report
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import survey


def write_about(
    path: str,
    request: Request,
    inputs: Mapping[str, str] | None = None,
    notes: str = "",
    title: str = "",
    channels: Sequence[str] | None = None,
    surveyed: int = 0,
    min_annotated: float = 0.0,
    find: Find | None = None,
) -> Path:
    """Inspect, and write a report or a figure, as the ending of `path` says.

    Parameters
    ----------
    inputs : mapping of str to str
        Where ground truth, mask and raw data come from: ``{"ground truth": "crop.zarr : labels"}``.
    notes : str
        What somebody wrote about it.
    surveyed : int
        How many random regions of the same size a report tells about, too.
    min_annotated : float
        The share of each of them that must be annotated at least.
    find : callable, optional
        Gives the findings of an inspection; by default those that cost little.

    Raises
    ------
    ValueError
        If the ending is neither HTML's nor a figure's, or the region is of no use.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".html", ".htm", *FORMATS):
        raise ValueError(f"--out must end in .html, {', '.join(FORMATS)}, got {path!r}")
    if surveyed < 0:
        raise ValueError(f"--survey must be at least 0 regions, got {surveyed}")
    source, look = request.source, find or find_quickly
    inspection = run(request)
    if suffix in FORMATS:
        return save_figure(path, publication_figure(inspection, channels, source.raw))
    regions = None
    if surveyed:
        size = tuple(int(n) for n in inspection.target.spatial_shape)
        rois = list(islice(Positions(source, size, min_annotated), surveyed))
        *_, regions = survey(request, rois, look)
    html = report_html(
        inspection,
        look(inspection),
        inputs,
        source.raw,
        notes,
        regions,
        title=title,
    )
    return write_report(path, html)
