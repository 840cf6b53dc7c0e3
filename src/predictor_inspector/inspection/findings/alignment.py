"""Checks of raw data against labels: whether boundaries in the two lie in the same places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations_with_replacement, pairwise, product
from math import ceil, floor, gcd, prod
from typing import Any

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.labels import as_tensor
from predictor_inspector.core.text import signed
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.source import Source
from predictor_inspector.data.units import PIXEL
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Subject, VoxelSet, check
from predictor_inspector.inspection.findings.components import shifted
from predictor_inspector.inspection.findings.label_shapes import section_axis

REACH = 6  # voxels of the labels by which raw data may be shifted, along each axis
PLACE = 48  # voxels a side of a place that is looked at by itself, at least
PLACES = 3  # along each axis, at most
LEAST_FACES = 500
CONTRAST = 0.1  # of boundaries, from which on they are told from noise, in standard deviations of the raw data
OFF = 0.35  # voxels, of the larger of raw data's and labels', from which on a shift is told: half a voxel is common
DRIFT = 1.0  # voxels by which places differ that aren't shifted alike

RAW_MISALIGNED = Kind(
    "raw-misaligned",
    "Raw data don't lie where the labels do: what the network sees is shifted against what it is to learn.",
    "Move the raw data by what is told, or the labels by the opposite; where places differ, register them anew.",
)


@check(RAW_MISALIGNED, slow=True, raw=True)
def raw_misaligned(subject: Subject) -> Iterator[Finding]:
    """An error from one voxel on, a warning from 0.35 voxels on; silent without raw data.

    Boundaries between objects are dark or bright in the raw data, and objects are darker or brighter than background: of
    all shifts by up to 6 voxels, along all axes at once, the one where this is most pronounced is where the raw data lie,
    refined below a voxel by a parabola. Up to 224 voxels a side are looked at, around the middle of the region, and up to
    27 places of them by themselves. Silent with fewer than 500 faces, where boundaries differ from what lies beside them by
    less than 0.1 standard deviations of the raw data, and where a shift of 6 voxels or more would be best. Where voxels are at
    least twice as long along one axis as along the others, only faces along sections count.
    """
    raw, gt = subject.inspection.request.source.raw, subject.inspection.request.source.gt
    if raw is None or raw.dims != gt.dims or (raw.unit == PIXEL) != (gt.unit == PIXEL):
        return
    found = subject.derived(alignment_in_middle)
    if found is None or found.off < OFF:
        return
    back = [-round(2 * n) / 2 for n in found.shift]  # what is off is off by half voxels
    axes, size = gt.spatial_axes, gt.physical_voxel_size
    lengths = [float(f"{n * s:.3g}") for n, s in zip(found.shift, size, strict=True)]
    told = _along([round(n, 2) for n in found.shift], axes)
    message = f"Raw data lie {told} voxels from the labels ({_along(lengths, axes)} {gt.unit}): {found.why}."
    if found.drift >= DRIFT:
        message += f" Not everywhere alike: places differ by up to {found.drift:.1f} voxels."
    yield subject.finding(
        RAW_MISALIGNED,
        "error" if found.off >= 1 else "warning",
        message,
        where=VoxelSet.box(subject.roi, gt),
        numbers={
            "shift_voxels": found.shift,
            "shift": [n * s for n, s in zip(found.shift, size, strict=True)],
            "contrast": found.contrast,
            "faces": found.faces,
            "places": [
                {"begin": [n / gt.subdivision for n in place.roi.begin], "shift_voxels": place.shift}
                for place in found.places
            ],
        },
        cure=Cure(f"Move raw data by {_along(back, axes)} voxels", raw_moved_by=tuple(back)),
    )


def _along(numbers: Sequence[float], axes: Sequence[str]) -> str:
    """Shifts along axes in words: ``"z +1, x −2.5"``."""
    largest = max(map(abs, numbers))
    return ", ".join(f"{a} {signed(n)}" for n, a in zip(numbers, axes, strict=True) if abs(n) >= 0.1 * largest)


@dataclass(frozen=True)
class Alignment:
    """Where boundaries of raw data lie, seen from those of the labels in `roi`."""

    roi: Roi
    shift: tuple[float, ...]  # in voxels of the labels, z, y, x
    off: float  # the largest shift along an axis, in the larger of raw data's and labels' voxels
    contrast: float  # in standard deviations of the raw data; negative for dark boundaries, or objects
    of_edges: bool  # whether between objects and background, rather than between objects
    faces: int
    places: tuple[Alignment, ...] = ()

    @property
    def why(self) -> str:
        """What lies there, in words."""
        dark = self.contrast < 0
        if self.of_edges:
            return f"there objects are {'darker' if dark else 'brighter'} than background by most"
        return f"there boundaries between objects are {'darkest' if dark else 'brightest'}"

    @property
    def drift(self) -> float:
        """By how many voxels places differ, along the axis where they do most."""
        shifts = np.array([place.shift for place in self.places])
        return float(np.ptp(shifts, axis=0).max()) if len(shifts) > 1 else 0.0


def alignment_of(source: Source, roi: Roi) -> Alignment | None:
    """Where the boundaries of raw data lie in a ROI of the ground truth; None if they can't be told from noise.

    Membranes between objects and edges of objects are two signals, of which the clearer one counts. Raw data may have any
    voxels; of several channels the first is taken.
    """
    places = [place for part in _parts(source.gt, roi) if (place := _Surroundings.of(source, part)) is not None]
    found = [_aligned(roi, places, edges) for edges in (False, True)]
    clear = [one for one in found if one is not None]
    return max(clear, key=lambda one: abs(one.contrast) * one.faces**0.5, default=None)


def alignment_in_middle(subject: Subject) -> Alignment | None:
    """That in the middle of a subject's region."""
    return alignment_of(subject.inspection.request.source, subject.middle_roi)


def _parts(gt: Array, roi: Roi) -> Iterator[Roi]:
    """Places that cover a ROI."""
    ends = [
        np.linspace(span.start, span.stop, min(PLACES, max(1, (span.stop - span.start) // PLACE)) + 1).astype(int)
        for span in gt.to_slices(roi)
    ]
    for spans in product(*(pairwise(map(int, along)) for along in ends)):
        yield gt.roi_of([slice(*span) for span in spans])


@dataclass(frozen=True, eq=False)
class _Surroundings:
    """Labels, and the raw data around them."""

    roi: Roi
    labels: np.ndarray  # [C, Z, Y, X]
    known: np.ndarray  # boolean, [Z, Y, X]
    values: torch.Tensor  # float32, [z, y, x], of mean 0
    centres: tuple[np.ndarray, ...]  # of the labels' voxels along each axis, in voxels of `values` from the first one's
    steps: tuple[float, ...]  # from one to the next
    reach: tuple[int, ...]  # of the search, in voxels of `values`
    across: tuple[int, ...]  # axes across which faces are looked at

    @classmethod
    def of(cls, source: Source, roi: Roi) -> _Surroundings | None:
        """A part of the ground truth, as far as raw data reach around it; None if they don't."""
        gt, raw = source.gt, source.raw_picture
        assert raw is not None
        factor, kept, around, centres, steps, reach = counts_factor(gt, raw, "raw"), [], [], [], [], []
        for axis, span in enumerate(gt.to_slices(roi)):
            size, voxels = raw.voxel_size[axis], raw.spatial_shape[axis]
            step = float(gt.voxel_size[axis] * factor / size)
            first = float((gt.offset[axis] * factor - raw.offset[axis]) / size) + step / 2 - 0.5
            places = first + step * np.arange(span.start, span.stop)
            most = min(ceil(REACH * step), int(len(places) * step) // 4)
            inside = np.flatnonzero((places >= most) & (places <= voxels - 1 - most))
            if not len(inside):
                return None
            places = places[inside]
            begin, end = max(0, floor(places[0]) - most), min(voxels, floor(places[-1]) + most + 2)
            kept.append(slice(span.start + int(inside[0]), span.start + int(inside[-1]) + 1))
            around.append(slice(begin, end))
            centres.append(places - begin)
            steps.append(step)
            reach.append(most)
        part = source.within(gt.roi_of(kept))
        ids = part.gt.numpy()
        known = np.True_ if part.mask is None else part.mask.numpy() != 0
        known = known.reshape(-1, *known.shape[-gt.dims :]).all(0) if known.ndim else known
        values = as_tensor(raw[raw.roi_of(around)].data, torch.device("cpu")).float()
        labels = ids.reshape(-1, *ids.shape[-gt.dims :])
        known = np.broadcast_to(known, labels.shape[1:])
        # From one section to the next a boundary moves by many voxels: what is between isn't where it is.
        across = tuple(axis for axis in range(gt.dims) if axis != section_axis(gt.physical_voxel_size))
        return cls(roi, labels, known, values - values.mean(), tuple(centres), tuple(steps), tuple(reach), across)

    @cached_property
    def sums(self) -> tuple[np.ndarray, tuple[int, int]]:
        """Sums over faces of what raw data are there, for each shift, and how many faces there are, for both signals.

        At faces between objects it is their value, at edges what is inside less what is outside: float32, [2, …].
        """
        between, edge, faces = np.zeros(self.values.numel()), np.zeros(self.values.numel()), [0, 0]
        for axis, ids in product(self.across, self.labels):
            low, high = shifted(axis, ids.ndim)
            first, second = ids[low], ids[high]
            found = np.nonzero((first != second) & self.known[low] & self.known[high])
            first, second = first[found], second[found]
            meet = (first > 0) & (second > 0)
            between += self._deposited([at[meet] for at in found], axis, 0.5)
            at_edge, signs = [at[~meet] for at in found], np.where(first > 0, 1.0, -1.0)[~meet]
            edge += self._deposited(at_edge, axis, 0.0, signs) - self._deposited(at_edge, axis, 1.0, signs)
            faces = [faces[0] + int(meet.sum()), faces[1] + int((~meet).sum())]
        # Weights are 0 within reach of the ends, so nothing comes around.
        shape, axes = self.values.shape, tuple(range(1, self.values.ndim + 1))
        fast = tuple(map(_fast_length, shape))
        weights = torch.from_numpy(np.stack([between, edge]).reshape(2, *shape)).float()
        spectrum = torch.fft.rfftn(weights, fast, axes).conj() * torch.fft.rfftn(self.values, fast)
        sums = torch.fft.irfftn(spectrum, fast, axes)
        for axis, most in enumerate(self.reach, 1):
            sums = torch.roll(sums, most, axis).narrow(axis, 0, 2 * most + 1)
        return sums.numpy(), (faces[0], faces[1])

    def _deposited(
        self, faces: Sequence[np.ndarray], axis: int, along: float, signs: np.ndarray | None = None
    ) -> np.ndarray:
        """Faces across an axis, laid onto the voxels of the raw data between which they lie: flat.

        `along`: how far behind the middle of the voxel before the face, in voxels.
        """
        shape = self.values.shape
        flat, parts = np.zeros((1, len(faces[0])), int), np.ones((1, len(faces[0]))) if signs is None else signs[None]
        for a, (found, centres) in enumerate(zip(faces, self.centres, strict=True)):
            places = centres + along * self.steps[a] if a == axis else centres
            below = np.floor(places).astype(int)
            rest = places - below
            # Where the two grids are one, all lies on one voxel.
            corners = [(below, 1 - rest), (below + 1, rest)] if rest.any() else [(below, None)]
            flat = np.concatenate([flat * shape[a] + at[found] for at, _ in corners])
            parts = np.concatenate([parts if share is None else parts * share[found] for _, share in corners])
        return np.bincount(flat.reshape(-1), parts.reshape(-1), self.values.numel())


def _fast_length(length: int) -> int:
    """The next length that has no prime factor above 5, for Fourier transforms."""
    while (rest := prod(gcd(length, p**20) for p in (2, 3, 5))) != length:
        length += 1
    return rest


def _aligned(roi: Roi, places: Sequence[_Surroundings], edges: bool) -> Alignment | None:
    """What all places say together, and each for itself where it has something to say."""
    sums = [(place.sums[0][int(edges)], place.sums[1][int(edges)]) for place in places]
    together = _alignment(roi, sum(found for found, _ in sums), sum(count for _, count in sums), places, edges)
    each = [_alignment(place.roi, *one, [place], edges) for place, one in zip(places, sums, strict=True)]
    return together and replace(together, places=tuple(one for one in each if one is not None))


def _alignment(
    roi: Roi, sums: np.ndarray, faces: int, places: Sequence[_Surroundings], edges: bool
) -> Alignment | None:
    if faces < LEAST_FACES:
        return None
    variance = np.average([float(place.values.var()) for place in places], weights=[p.values.numel() for p in places])
    if variance == 0:
        return None
    means = sums / faces / np.sqrt(variance)
    means = means - np.median(means)
    best = np.unravel_index(np.argmax(np.abs(means)), means.shape)
    contrast = float(means[best])
    at_end = any(n > 1 and b in (0, n - 1) for b, n in zip(best, means.shape, strict=True))
    if abs(contrast) < CONTRAST or at_end:
        return None
    steps, reach = places[0].steps, places[0].reach
    moved = [int(b) - r + more for b, r, more in zip(best, reach, _summit(means, best), strict=True)]
    shift = tuple(m / step for m, step in zip(moved, steps, strict=True))
    off = max(abs(m) / max(1.0, step) for m, step in zip(moved, steps, strict=True))
    return Alignment(roi, shift, off, contrast, edges, faces)


def _summit(values: np.ndarray, best: Sequence[Any]) -> list[float]:
    """How far from its extreme value the summit of a parabola through that and its neighbours lies, per axis."""
    axes = [axis for axis, n in enumerate(values.shape) if n > 1]
    near = values[tuple(slice(b - 1, b + 2) if a in axes else slice(b, b + 1) for a, b in enumerate(best))]
    steps = np.array(list(product((-1, 0, 1), repeat=len(axes))))
    crossed = list(combinations_with_replacement(range(len(axes)), 2))
    products = steps[:, [a for a, _ in crossed]] * steps[:, [b for _, b in crossed]]
    terms = np.column_stack([np.ones(len(steps)), steps, products])
    slopes, bends = np.split(np.linalg.lstsq(terms, near.reshape(-1), rcond=None)[0][1:], [len(axes)])
    curvature = np.zeros((len(axes), len(axes)))
    for (a, b), bend in zip(crossed, bends, strict=True):
        curvature[a, b] += bend
        curvature[b, a] += bend
    result = [0.0] * values.ndim
    for axis, more in zip(axes, -np.linalg.solve(curvature, slopes), strict=True):
        result[axis] = float(np.clip(more, -1, 1))
    return result
