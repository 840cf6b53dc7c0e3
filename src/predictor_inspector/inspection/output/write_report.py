"""A report or a figure from what somebody asked for in words, or from a saved session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import chosen_predictor
from predictor_inspector.data.named_inputs import opened_inputs
from predictor_inspector.inspection.engine.roi_text import roi_from_text
from predictor_inspector.inspection.engine.run import Request, carry_out
from predictor_inspector.inspection.findings import Find, find_cheaply
from predictor_inspector.inspection.output.pictures.figure import FORMATS, publication_figure, save_figure
from predictor_inspector.inspection.output.report import report_html, write_report
from predictor_inspector.inspection.output.session import load_session
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import survey

SESSION_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes
    ----------
    request : Request
        What to inspect.
    gt, mask, raw : Array
        Ground truth, where it is annotated, and what is drawn beneath it.
    inputs : mapping of str to str
        Where they come from.
    notes : str
        What somebody wrote about it.
    """

    request: Request
    gt: Array
    mask: Array | None = None
    raw: Array | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""


def subject_of_session(path: str) -> Subject:
    """What a saved session is about; errors as `load_session` and `Session.opened`."""
    session = load_session(path)
    gt, mask = session.opened()
    sources = {"ground truth": session.data.ground_truth, "annotated": session.data.mask}
    inputs = {
        role: " : ".join(part for part in (source.path, source.name) if part)
        for role, source in sources.items()
        if source is not None
    }
    return Subject(session.request(gt), gt, mask, None, inputs, session.notes)


def subject_in_words(
    path: str,
    names: Mapping[str, str | None],
    index: Sequence[str] = (),
    predictor: str | None = None,
    config: str | None = None,
    preset: str | None = None,
    values: Sequence[str] = (),
    roi: str | None = None,
    request: Mapping[str, str] | None = None,
) -> Subject:
    """What somebody asked for on a command line.

    Parameters
    ----------
    path, names, index
        As `opened_inputs` takes them; the roles are ``"gt"``, ``"mask"`` and ``"raw"``.
    predictor, config, preset, values
        As `chosen_predictor` takes them.
    roi : str, optional
        As `roi_from_text` takes it.
    request : mapping, optional
        Further arguments of `Request`.

    Raises
    ------
    ValueError, FileNotFoundError
        If something of it is of no use.
    """
    arrays = opened_inputs(path, names, index)
    gt, how = arrays["gt"], dict(request or {})
    chosen, _ = chosen_predictor(gt, predictor, config, preset, values)
    region = None if roi is None else roi_from_text(roi, gt, within=how.get("outside") != "zero")[0]
    roles = {"gt": "ground truth", "mask": "annotated", "raw": "raw data"}
    inputs = {roles[role]: " : ".join(part for part in (path, names[role]) if part) for role in arrays}
    asked = Request(chosen, region, **how)  # type: ignore[arg-type]
    return Subject(asked, gt, arrays.get("mask"), arrays.get("raw"), inputs)


def write_about(
    path: str,
    subject: Subject,
    title: str = "",
    channels: Sequence[str] | None = None,
    surveyed: int = 0,
    min_annotated: float = 0.0,
    find: Find | None = None,
) -> Path:
    """Inspect, and write a report or a figure, as the ending of `path` says.

    Parameters
    ----------
    surveyed : int
        How many random regions of the same size a report tells about, too.
    min_annotated : float
        The share of each of them that must be annotated at least.
    find : callable, optional
        Gives the findings of an inspection, its ground truth and its mask; by default those that cost little.

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
    gt, mask, look = subject.gt, subject.mask, find or find_cheaply
    inspection = carry_out(subject.request, gt, mask)
    if suffix in FORMATS:
        return save_figure(path, publication_figure(inspection, channels, subject.raw))
    regions = None
    if surveyed:
        size = tuple(int(n) for n in inspection.target.spatial_shape)
        rois = list(islice(Positions(gt, size, mask, min_annotated), surveyed))
        *_, regions = survey(subject.request, gt, rois, mask, look)
    html = report_html(
        inspection,
        look(inspection, gt, mask),
        subject.inputs,
        subject.raw,
        subject.notes,
        regions,
        title=title,
    )
    return write_report(path, html)
