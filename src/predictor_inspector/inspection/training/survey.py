"""Survey of many regions: their findings, and weights as class counts add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.inspection.engine.run import Inspection, Progress, Request, run
from predictor_inspector.inspection.findings import Find, Finding, find_quickly
from predictor_inspector.inspection.findings.finding import gravity


@dataclass(frozen=True)
class Tally:
    """One kind of finding over the regions so far."""

    regions: int  # in which it came up
    worst: Finding  # the most severe, then the one about most voxels
    roi: Roi  # the region of that


@dataclass(frozen=True, eq=False)
class Survey:
    """Results of the regions so far, in the order in which they were inspected, of `planned` regions; it holds no voxels.

    In `tallies` the most severe come first, then the most frequent. `weights`, float32, [regions, channels, 2], are those of
    the negative and the positive class in each region, with the classes of all regions before it counted; nan where a region
    has no voxel of the class. `counts` are those after the last region, as `Inspection.counts`.
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


def survey(
    request: Request, rois: Sequence[Roi], find: Find = find_quickly, progress: Progress | None = None
) -> Iterator[Survey]:
    """Inspect one region after the other, with class counts that move on as they do in training.

    Parameters
    ----------
    request : Request
        How to inspect; its ROI is replaced by each of `rois`, and its counts are those to begin with.
    find : callable
        Gives the findings of an inspection; by default those that cost little.
    progress : callable, optional
        As in `inspect`, called within every region.

    Yields
    ------
    Survey
        Everything so far, after each region.
    """
    counts, tallies, weights = request.counts, dict[str, Tally](), []
    for done, roi in enumerate(rois, 1):
        inspection = run(replace(request, roi=roi, counts=counts), progress)
        counts = inspection.counts
        weights.append(_weights(inspection))
        # A region counts once for each kind of finding, however many channels that came up in.
        worst: dict[str, Finding] = {}
        for finding in sorted(find(inspection), key=_rank, reverse=True):
            worst.setdefault(finding.id, finding)
        for finding in worst.values():
            here = Tally(0, finding, roi)
            before = tallies.get(finding.id, here)
            worst_so_far = max(before, here, key=lambda tally: _rank(tally.worst))
            tallies[finding.id] = replace(worst_so_far, regions=before.regions + 1)
        yield Survey(
            rois=tuple(rois[:done]),
            planned=len(rois),
            channels=inspection.channel_names,
            tallies=tuple(sorted(tallies.values(), key=lambda t: (gravity(t.worst.severity), -t.regions, t.worst.id))),
            weights=np.stack(weights),
            counts=counts,
        )


def _rank(finding: Finding) -> tuple[int, int]:
    """Higher for worse findings: severity first, then voxels."""
    return -gravity(finding.severity), finding.where.voxels


def _weights(inspection: Inspection) -> np.ndarray:
    """The weight of the negative and the positive class per channel, nan for a class that isn't there: [C, 2]."""
    pairs = [(s.negative_weight, s.positive_weight) for s in inspection.statistics]
    weights = np.array(pairs, dtype=np.float32).reshape(-1, 2)
    weights[np.array([s.counts for s in inspection.statistics]).reshape(-1, 2) == 0] = np.nan
    return weights
