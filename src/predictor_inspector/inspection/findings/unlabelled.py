"""Check of raw data that look like objects where nothing is labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from math import prod

import cc3d
import numpy as np

from predictor_inspector.core.text import percent
from predictor_inspector.data.repair import Repair, annotated_but
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Subject, VoxelSet, check
from predictor_inspector.inspection.findings.alignment import alignment_in_middle
from predictor_inspector.inspection.findings.annotation import COPIED
from predictor_inspector.inspection.findings.components import dilated
from predictor_inspector.inspection.findings.finding import Severity
from predictor_inspector.inspection.findings.membranes import depth, smoothed
from predictor_inspector.inspection.findings.subject import each_or_all

WHOLE = 1 << 23  # voxels of a region up to which all of it is looked at, else its middle
OBJECTS = 5  # to learn from how objects look
RIM = (2.0, 6.0)  # voxels from an object, between which background is background
LEAST_RIM = 100  # voxels of it
DEEP = 24  # voxels up to which depths are measured
TOLD_APART = 0.8  # of objects and of background, by the mean of the two, on their sides of the middle between both
USUAL = 0.1  # the quantile of objects in size and brightness from which on a piece is like one
DEPTH = 0.5  # of the depth of objects: halos around bright ones are thin
MANY = 0.1  # of what is labelled, from which on it is an error

UNLABELLED_OBJECT = Kind(
    "unlabelled-object",
    "The raw data look like an object where nothing is labelled: what annotators missed or left out is trained as background.",
    "Label it, or mask what wasn't annotated.",
)


@check(UNLABELLED_OBJECT, slow=True, raw=True)
def unlabelled_objects(subject: Subject) -> Iterator[Finding]:
    """A warning, from a tenth of what is labelled on an error; silent without raw data.

    At least 5 objects and the background from 2 to 6 voxels around them say how the two look: by the mean of both, 80 %
    must lie on their own side of the middle between the medians of smoothed raw data, which tissue seldom does in electron
    microscopy. Told are connected voxels of background on the objects' side, 2 voxels or more from an object, that are as
    large and on average as bright, or dark, as all but a tenth of the objects, and half as deep as these are as a rule. Only
    what is annotated counts; regions of more than 8 million voxels are looked at in their middle. Silent where raw data are
    shifted by 2 voxels or more.
    Measured on pictures of nuclei in 2-D and 3-D: of 176 that lost their labels, one at a time, 154 are found. As they are, two
    places are told in the 3-D one, at its edges, and these are nuclei without a label; none in 30 synthetic pictures.
    """
    raw = subject.inspection.request.source.raw
    if raw is None or raw.dims != subject.inspection.gt.dims or not subject.has_objects:
        return
    look = Appearance.of(subject)
    pieces = look.pieces()
    if not pieces:
        return
    aligned = subject.derived(alignment_in_middle)
    if aligned is not None and aligned.off >= RIM[0]:
        return
    severity: Severity = "error" if sum(piece.voxels for piece in pieces) >= MANY * look.labelled else "warning"
    yield from each_or_all(pieces, partial(_told, subject, look, severity))


def _told(subject: Subject, look: Appearance, severity: Severity, pieces: Sequence[Unlabelled]) -> Finding:
    voxels = sum(piece.voxels for piece in pieces)
    alone = len(pieces) == 1
    what = "A place looks like an object" if alone else f"{len(pieces)} places look like objects"
    gt, flags = subject.inspection.request.source.gt, look.flags_of(pieces)
    cure = None
    if isinstance(gt.data, np.ndarray) and prod(gt.shape) <= COPIED:
        begin = [s.start for s in gt.to_slices(look.where.roi)]
        around = reduce(lambda grown, _: dilated(grown), range(int(RIM[0]) + 1), flags)
        cure = Cure(
            f"Mask {'this place' if alone else 'these places'}",
            repair=Repair(annotated=partial(annotated_but, tuple(begin), around)),
        )
    return subject.finding(
        UNLABELLED_OBJECT,
        severity,
        f"{what} in the raw data and {'has' if alone else 'have'} no label: {voxels:,} voxels, "
        f"{percent(voxels / look.labelled)} of what is labelled. {'It is' if alone else 'They are'} trained as background.",
        where=VoxelSet.of(flags, gt, look.where.roi.begin),
        numbers={
            "voxels": [piece.voxels for piece in pieces][:100],
            "brightness": [look.sign * piece.value for piece in pieces][:100],
            "of_objects": look.sign * look.usual,
            "of_background": look.sign * look.beside,
        },
        cure=cure,
    )


@dataclass(frozen=True)
class Unlabelled:
    """Connected background that looks like an object: its number, voxels, and the mean of `Appearance.values`."""

    number: int
    voxels: int
    value: float


@dataclass(frozen=True, eq=False)
class Appearance:
    """How objects and background look. Arrays are [Z, Y, X]."""

    where: VoxelSet  # all that is looked at
    values: np.ndarray  # smoothed raw data, or minus these where objects are darker: objects have the larger ones
    sign: int  # 1, or -1 for minus
    free: np.ndarray  # annotated background away from objects: boolean
    size: tuple[float, ...]  # of voxels, the smallest 1
    labelled: int  # voxels of objects
    least: tuple[float, float, float]  # voxels, mean value and depth in voxels of a piece that is like an object
    usual: float  # the median of objects' means
    beside: float  # the median of the background around them
    apart: bool  # whether the two can be told apart

    @classmethod
    def of(cls, subject: Subject) -> Appearance:
        """The objects of a subject's region, or of its middle."""
        gt, raw = subject.inspection.gt, subject.inspection.request.source.raw_picture
        assert raw is not None
        part, roi = subject.kept, subject.roi
        if prod(gt.shape_of(roi)) > WHOLE:
            roi = subject.middle_roi.intersect(gt.roi)
            part = gt.to_slices(roi)
        ids, known = subject.labels[0][part], np.asarray(subject.known.all(0))[part] & subject.in_data[part]
        values = smoothed(np.asarray(read_on_grid(raw, roi, gt).numpy(), np.float32), gt.physical_voxel_size)
        size = tuple(float(s / min(gt.physical_voxel_size)) for s in gt.physical_voxel_size)
        away = depth(ids, size, DEEP)
        inside, around = (ids > 0) & known, (ids == 0) & known & (away > RIM[0])
        rim = values[around & (away <= RIM[1])]
        of = subject.components.volume[part][inside]
        voxels = np.bincount(of)
        there = voxels > 0
        nothing = cls(VoxelSet.box(roi, gt), values, 1, around, size, int(inside.sum()), (0.0,) * 3, 0.0, 0.0, False)
        if there.sum() < OBJECTS or len(rim) < LEAST_RIM:
            return nothing
        means, beside = np.bincount(of, values[inside])[there] / voxels[there], float(np.median(rim))
        sign = 1 if np.median(means) >= beside else -1
        values, rim, means, beside = sign * values, sign * rim, sign * means, sign * beside
        usual, deepest = float(np.median(means)), np.zeros(len(voxels), np.float32)
        np.maximum.at(deepest, of, away[inside])
        middle = (usual + beside) / 2
        right = ((values[inside] > middle).mean() + (rim < middle).mean()) / 2
        least = (
            float(np.quantile(voxels[there], USUAL)),
            float(np.quantile(means, USUAL)),
            DEPTH * float(np.median(deepest[there])),
        )
        free = around & (values > middle)
        told = bool(right >= TOLD_APART)
        return cls(nothing.where, values, sign, free, size, nothing.labelled, least, usual, beside, told)

    def pieces(self) -> list[Unlabelled]:
        """What looks like an object and isn't labelled, the largest first."""
        if not self.apart:
            return []
        volume = self._volume
        flat = volume.reshape(-1)
        voxels = np.bincount(flat)
        means = np.bincount(flat, self.values.reshape(-1)) / np.maximum(voxels, 1)
        like = (voxels >= self.least[0]) & (means >= self.least[1])
        like[0] = False
        if not like.any():
            return []
        deepest = np.zeros(len(voxels), np.float32)
        np.maximum.at(deepest, flat[self.free.reshape(-1)], depth(volume, self.size, DEEP)[self.free])
        found = np.flatnonzero(like & (deepest >= self.least[2]))
        return [Unlabelled(int(n), int(voxels[n]), float(means[n])) for n in found[np.argsort(-voxels[found])]]

    def flags_of(self, pieces: Sequence[Unlabelled]) -> np.ndarray:
        """The voxels of some pieces: boolean."""
        return np.isin(self._volume, [piece.number for piece in pieces])

    @cached_property
    def _volume(self) -> np.ndarray:
        """The number of the piece of background that each voxel belongs to, 0 for none: connected by faces."""
        numbers: np.ndarray = cc3d.connected_components(self.free, connectivity=6 if self.free.ndim == 3 else 4)
        return numbers.astype(np.int32)
