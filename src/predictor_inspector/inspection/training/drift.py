"""Drift of class counts: regions whose own counts give other weights than those of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.text import counted, listed
from predictor_inspector.inspection.engine.run import Progress, Request, run
from predictor_inspector.inspection.findings.finding import Finding, VoxelSet
from predictor_inspector.inspection.findings.weights import COUNT_DRIFT, DRIFT, clips_of, drift_factor, times
from predictor_inspector.inspection.training.positions import Positions

SIDE = 64
"""Voxels a side of the regions that are drawn without a ROI, or half the data where that is less."""

_ANNOTATED = 0.1
"""Share of a region that must be annotated: one without any has no classes to count."""


def drifting(request: Request, regions: int, progress: Progress | None = None) -> tuple[Finding, ...]:
    """Draw regions as training does, and find those whose classes the counts of all weight differently: `DRIFT` times.

    Each group of channels gets one finding, ``count-drift``, at the region that is furthest off. If the request has a ROI,
    that is a region too, beside the `regions` that are drawn, which are as large. ``progress("count drift", fraction)`` is
    called on the way; raise from it to cancel. Errors are those of `drawn_regions`.
    """
    rois = drawn_regions(request, regions)
    alone: list[np.ndarray] = []
    for done, roi in enumerate(rois):
        if progress is not None:
            progress("count drift", done / len(rois))
        counts = run(replace(request, roi=roi, counts=None)).counts
        if not isinstance(counts, ClassCounts):
            return ()
        alone.append(counts.count.cpu().double().numpy())
    return tuple(_found(request, rois, np.stack(alone)))


def drawn_regions(request: Request, regions: int) -> list[Roi]:
    """The request's ROI, if it has one, and so many regions that are drawn as training does: as large, or of `SIDE` voxels.

    A ``ValueError`` if `regions` isn't positive, or no place has enough annotated voxels.
    """
    if regions < 1:
        raise ValueError(f"regions must be at least 1, got {regions}")
    gt, given = request.source.gt, []
    size = tuple(min(SIDE, max(1, int(n) // 2)) for n in gt.spatial_shape)
    if request.roi is not None:
        given = [gt.snap(request.roi).intersect(gt.roi)]
        size = gt.shape_of(given[0])
    return [*given, *islice(Positions(request.source, size, _ANNOTATED), regions)]


def _found(request: Request, rois: Sequence[Roi], alone: np.ndarray) -> list[Finding]:
    """The findings from the voxels of each class, [regions, channels or fewer, 2]."""
    moving = alone.sum(0) / (1 + alone.sum((0, 2)))[:, None]
    worst: dict[tuple[int, float, int], list[str]] = {}
    for channel in request.channels:
        clips = clips_of(request.predictor, channel)
        if clips is None or channel.row is None:
            continue
        factors = [drift_factor(counts[channel.row], moving[channel.row], clips) for counts in alone]
        off = {i: factor for i, factor in enumerate(factors) if factor is not None}
        if off:
            most = max(off, key=lambda i: abs(np.log(off[i])))
            worst.setdefault((most, off[most], len(off)), []).append(channel.name)
    return [
        Finding(
            COUNT_DRIFT.id,
            "warning",
            f"In {many:,} of {counted(len(rois), 'region')} the counts of all make a class of {listed(names)} weigh "
            f"{DRIFT:g} times as much or as little as the region's own would, or more so; here it is {times(factor)} that.",
            "Draw regions evenly from all data, and look at whether this one is like the others.",
            tuple(names),
            VoxelSet.box(rois[most], request.source.gt),
            {"factor": factor, "regions": many, "of": len(rois)},
        )
        for (most, factor, many), names in worst.items()
    ]
