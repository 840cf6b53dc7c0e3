"""`survey`: what is found in many regions of a volume, and what weights become while a network trains on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.inspection.engine.run import Inspection, Progress, Request, run
from predictor_inspector.inspection.findings import Find, Finding, find_quickly
from predictor_inspector.inspection.findings.finding import gravity

Score = Callable[[Finding, Inspection], float]
"""How bad a finding is in one region; the region of the highest is the worst."""


@dataclass(frozen=True)
class Tally:
    """One kind of finding over the regions so far.

    Attributes
    ----------
    id : str
        The finding's identifier.
    regions : int
        In how many regions it came up.
    worst : object
        The finding itself, as it was in the region where it was worst.
    roi : Roi
        That region.
    score : float
        How bad it is there.
    first : Roi
        The first region it came up in, as an example.
    """

    id: str
    regions: int
    worst: Any
    roi: Roi
    score: float
    first: Roi

    @property
    def severity(self) -> str:
        """Of the worst."""
        return str(self.worst.severity)


@dataclass(frozen=True)
class Survey:
    """What came up so far. It holds no voxels.

    Attributes
    ----------
    rois : tuple of Roi
        The regions, in the order in which they were inspected.
    planned : int
        How many there will be.
    channels : tuple of str
        The target's channels.
    tallies : tuple of Tally
        The gravest and most frequent first.
    weights : numpy.ndarray
        float32, [regions, channels, 2]: the weight that the negative and the positive class had in each region, with the
        classes of all regions before it counted; nan where a region had no voxel of the class.
    counts : object
        The class counts after the last region, as `Inspection.counts`.
    """

    rois: tuple[Roi, ...]
    planned: int
    channels: tuple[str, ...]
    tallies: tuple[Tally, ...]
    weights: np.ndarray
    counts: Any

    @property
    def done(self) -> int:
        """How many regions were inspected."""
        return len(self.rois)

    def as_dict(self, subdivision: int = 1) -> dict[str, Any]:
        """Everything but the counts, as JSON can hold it; coordinates in the unit that `subdivision` counts make."""
        weights = [[[None if w != w else w for w in pair] for pair in step] for step in self.weights.tolist()]
        return {
            "regions": [_region(roi, subdivision) for roi in self.rois],
            "findings": [
                {
                    "id": t.id,
                    "severity": t.severity,
                    "message": t.worst.message,
                    "advice": t.worst.advice,
                    "regions": t.regions,
                    "worst": _region(t.roi, subdivision),
                    "example": _region(t.first, subdivision),
                }
                for t in self.tallies
            ],
            "channels": list(self.channels),
            "weights": weights,
        }


def survey(
    request: Request,
    rois: Sequence[Roi],
    find: Find = find_quickly,
    score: Score | None = None,
    progress: Progress | None = None,
) -> Iterator[Survey]:
    """Inspect one region after the other, with class counts that move on as they do in training.

    Parameters
    ----------
    request : Request
        How to inspect; its ROI is replaced by each of `rois`, and its counts are those to begin with.
    rois : sequence of Roi
        The regions, from `Positions` for instance.
    find : callable
        Gives the findings of an inspection; by default those that cost little.
    score : callable, optional
        How bad a finding is in an inspection; by default the voxels that it is about.
    progress : callable, optional
        As in `inspect`, called within every region. What it raises ends the survey.

    Yields
    ------
    Survey
        Everything so far, after each region. Whoever has seen enough stops asking.
    """
    badness = score or (lambda finding, _inspection: finding.where.voxels)
    counts, tallies, weights = request.counts, dict[str, Tally](), []
    for done, roi in enumerate(rois, 1):
        inspection = run(replace(request, roi=roi, counts=counts), progress)
        counts = inspection.counts
        weights.append(_weights(inspection))
        for finding, value in _worst_of_each(find(inspection), inspection, badness):
            tallies[finding.id] = _counted(tallies.get(finding.id), finding, roi, value)
        yield Survey(
            rois=tuple(rois[:done]),
            planned=len(rois),
            channels=inspection.channel_names,
            tallies=tuple(sorted(tallies.values(), key=lambda t: (gravity(t.severity), -t.regions, t.id))),
            weights=np.stack(weights),
            counts=counts,
        )


def _worst_of_each(
    findings: Iterable[Finding], inspection: Inspection, badness: Score
) -> Iterator[tuple[Finding, float]]:
    """One finding for each identifier: a region counts once, however many channels it came up in."""
    worst: dict[str, tuple[Finding, float]] = {}
    for finding in findings:
        value = float(badness(finding, inspection))
        if finding.id not in worst or _rank(finding, value) > _rank(*worst[finding.id]):
            worst[finding.id] = finding, value
    yield from worst.values()


def _counted(before: Tally | None, finding: Finding, roi: Roi, value: float) -> Tally:
    if before is None:
        return Tally(finding.id, 1, finding, roi, value, roi)
    if _rank(finding, value) > _rank(before.worst, before.score):
        return Tally(finding.id, before.regions + 1, finding, roi, value, before.first)
    return replace(before, regions=before.regions + 1)


def _rank(finding: Finding, value: float) -> tuple[int, float]:
    """The graver comes before the larger."""
    return -gravity(finding.severity), value


def _weights(inspection: Inspection) -> np.ndarray:
    """The weight of the negative and the positive class per channel, nan for a class that isn't there: [C, 2]."""
    pairs = [(s.negative_weight, s.positive_weight) for s in inspection.statistics]
    weights = np.array(pairs, dtype=np.float32).reshape(-1, 2)
    weights[np.array([s.counts for s in inspection.statistics]).reshape(-1, 2) == 0] = np.nan
    return weights


def _region(roi: Roi, subdivision: int) -> dict[str, list[float]]:
    return {"begin": [b / subdivision for b in roi.begin], "end": [e / subdivision for e in roi.end]}
