"""Checks of membranes: between objects that touch, and through an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import cc3d
import numpy as np
import torch

from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.core.text import listed, percent
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.inspection.findings import Finding, Kind, Subject, VoxelSet, check
from predictor_inspector.inspection.findings.alignment import OFF, alignment_in_middle
from predictor_inspector.inspection.findings.components import Components, Contacts, grown, shifted
from predictor_inspector.inspection.findings.subject import each_or_all

FACES = 50  # between two objects, from which on they are judged
PAIRS = 8  # of objects, from which on one can be compared with the others
DEPTH = 3  # voxels from a face into both objects, where there is no membrane
CLEAR = 0.2  # standard deviations of the raw data by which membranes stand out as a rule, at least
FAINT = 0.15  # of what membranes stand out as a rule, below which there is none

CUT = 0.5  # of what membranes stand out as a rule, from which on a voxel inside an object may be one's
CORES = (1.0, 2.0)  # voxels from such voxels and from the surface, where the insides of two objects don't meet
CORE = 100  # voxels that are so deep inside, at least
THICK = 6  # voxels to the middle of what is dark or bright all through, from which on it is an organelle
JOIN = 0.5  # of what membranes stand out as a rule, below which two parts are one
INNER_FACES = 100  # between two parts, from which on they are judged
INNER, DARKER = 0.6, 0.5  # of what membranes stand out: beside the mean of both parts, and beside the darker one
PART = 1000  # voxels of the smaller part, at least
ENCLOSED = 0.5  # of a part's faces, from which on, if the rest of the object is behind them, it is an organelle

NO_MEMBRANE_BETWEEN = Kind(
    "no-membrane-between",
    "Two objects touch, but the raw data show nothing between them where others have a membrane: they may be one.",
    "Look whether they are one object, and join them if so; a boundary that can't be seen can't be learnt.",
)
MEMBRANE_INSIDE = Kind(
    "membrane-inside",
    "The raw data show a membrane through an object, with a large part of it on either side: it may be two.",
    "Look whether they are two objects, and give one of them an id of its own if so.",
)


@check(NO_MEMBRANE_BETWEEN, MEMBRANE_INSIDE, slow=True, raw=True)
def membranes(subject: Subject) -> Iterator[Finding]:
    """Info, silent without raw data, and where these are misaligned. Up to 224 voxels a side around the middle are looked at.

    The raw value at faces between objects is compared with that three voxels inside both. Membranes stand out by the median
    over all pairs, which must be at least 8 of 50 faces each, be it dark or bright, by 0.2 standard deviations of the raw data
    or more. *Between*: pairs that have less than 15 % of it are told, those with most faces first.

    *Inside*: objects are cut where smoothed raw data have half of that contrast, but not in what is so for more than 6 voxels
    around, which organelles are, and parts are put together again as long as less than half of it is between them. A membrane
    between two that are left has 60 % of it, over at least 100 faces, and half of it beside the nearer part; both parts have
    1000 voxels, and less than half of their faces lie within the object. Measured with pairs of objects that were joined: of
    100 in four volumes of real neurites 28 are found, and 6 of 10 in the sample volume; none of 1,300 objects as they are is
    told. What is silent may be merged all the same: membranes that mitochondria lie at, or of few faces, aren't found.
    """
    raw = subject.inspection.request.source.raw
    if raw is None or raw.dims != subject.inspection.gt.dims or not subject.has_objects:
        return
    found = Membranes.of(subject)
    usual = found.usual
    if usual == 0:
        return
    faint = np.flatnonzero(found.met.contrast / usual < FAINT)
    faint = faint[np.argsort(-found.met.faces[faint], kind="stable")]
    inside = _membranes_inside(found, usual)
    if len(faint) or inside:
        # A membrane that lies beside its boundary is missing there, and inside an object.
        aligned = subject.derived(alignment_in_middle)
        if aligned is not None and aligned.off >= OFF:
            return
    yield from each_or_all(faint.tolist(), partial(_between, subject, found, usual))
    yield from each_or_all(inside, partial(_inside, subject, usual))


def _between(subject: Subject, found: Membranes, usual: float, pairs: Sequence[int]) -> Finding:
    ids = found.met.pairs[pairs]
    what = f"Objects {ids[0, 0]} and {ids[0, 1]} touch" if len(pairs) == 1 else f"{len(pairs)} pairs of objects touch"
    share = max(0.0, float((found.met.contrast[pairs] / usual).max()))
    message = (
        f"{what} in {int(found.met.faces[pairs].sum()):,} faces with nothing between them: raw data there have "
        f"{'at most ' if len(pairs) > 1 else ''}{percent(share)} of the contrast of other membranes."
    )
    if len(pairs) > 1:
        message += f" First {listed((f'{a} and {b}' for a, b in ids.tolist()), 4)}."
    numbers = {
        "pairs": ids[:100],
        "faces": found.met.faces[pairs][:100],
        "contrast": found.met.contrast[pairs][:100],
        "usual": usual,
    }
    return subject.finding(NO_MEMBRANE_BETWEEN, "info", message, where=found.where(pairs), numbers=numbers)


def _inside(subject: Subject, usual: float, inner: Sequence[_Inner]) -> Finding:
    ids = [one.id for one in inner]
    what = (
        f"A membrane runs through object {ids[0]}" if len(inner) == 1 else f"Membranes run through {len(ids)} objects"
    )
    message = (
        f"{what}, over {sum(one.faces for one in inner):,} faces with {'at least ' if len(inner) > 1 else ''}"
        f"{percent(min(one.contrast for one in inner) / usual)} of the contrast of others, and "
        f"{min(one.voxels for one in inner):,} voxels or more on either side."
    )
    if len(inner) > 1:
        message += f" First {listed(ids, 4)}."
    numbers = {
        "ids": ids[:100],
        "faces": [one.faces for one in inner][:100],
        "contrast": [one.contrast for one in inner][:100],
        "voxels": [one.voxels for one in inner][:100],
        "usual": usual,
    }
    flags = np.zeros(subject.middle[0].shape, bool)
    for one in inner:
        flags.reshape(-1)[one.where] = True
    where = VoxelSet.of(flags, subject.inspection.request.source.gt, subject.middle_roi.begin)
    return subject.finding(MEMBRANE_INSIDE, "info", message, where=where, numbers=numbers)


@dataclass(frozen=True, eq=False)
class Membranes:
    """What raw data have at faces between pairs of objects, beside what they have inside both."""

    met: Met  # pairs of ids, with at least `FACES` faces
    labels: np.ndarray  # [Z, Y, X]; 0 where it isn't annotated
    values: np.ndarray  # the raw data there, in their standard deviations: float32, [Z, Y, X]
    subject: Subject

    @classmethod
    def of(cls, subject: Subject) -> Membranes:
        """The pairs in the middle of a subject's region."""
        source, roi = subject.inspection.request.source, subject.middle_roi
        labels, raw, known = subject.middle[0].astype(np.int64), source.raw_picture, source.within(roi).mask
        assert raw is not None
        values = np.asarray(read_on_grid(raw, roi, source.gt).numpy(), np.float32)
        if known is not None:
            flags = known.numpy() != 0
            labels = np.where(flags.reshape(-1, *labels.shape).all(0), labels, 0)
        values = values / max(float(values.std()), 1e-12)
        return cls(Met.of(labels, values, FACES), labels, values, subject)

    @cached_property
    def usual(self) -> float:
        """The contrast that membranes have as a rule; 0 where there are too few, or they don't stand out."""
        median = float(np.median(self.met.contrast)) if len(self.met.contrast) >= PAIRS else 0.0
        return median if abs(median) >= CLEAR else 0.0

    def where(self, pairs: Sequence[int]) -> VoxelSet | None:
        """The voxels on both sides of the faces of some pairs."""
        flags = np.zeros(self.labels.shape, bool)
        wanted = {tuple(ids) for ids in self.met.pairs[pairs].tolist()}
        ids = np.unique(self.met.pairs[pairs])
        for axis in range(flags.ndim):
            low, high = shifted(axis, flags.ndim)
            a, b = self.labels[low], self.labels[high]
            at = np.nonzero((a != b) & np.isin(a, ids) & np.isin(b, ids))
            kept = [tuple(sorted(ends)) in wanted for ends in zip(a[at].tolist(), b[at].tolist(), strict=True)]
            at = tuple(index[kept] for index in at)
            flags[low][at] = flags[high][at] = True
        gt = self.subject.inspection.request.source.gt
        return VoxelSet.of(flags, gt, self.subject.middle_roi.begin)


@dataclass(frozen=True, eq=False)
class Met:
    """Pairs that meet in faces which lie `DEPTH` voxels inside both, and the means of the raw values there."""

    pairs: np.ndarray  # the smaller first: int64, [P, 2]
    faces: np.ndarray  # of each pair: int64, [P]
    at: np.ndarray  # on the faces: [P]
    beside: np.ndarray  # inside the first and the second: [P, 2]

    @classmethod
    def of(cls, ids: np.ndarray, values: np.ndarray, least: int) -> Met:
        """The pairs of `ids`, [Z, Y, X], that have at least so many faces; 0 meets nothing."""
        found = [_faces(ids, values, axis) for axis in range(ids.ndim) if ids.shape[axis] > 2 * DEPTH + 1]
        ends, at, beside = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else _NO_FACES
        turned = ends[:, 0] > ends[:, 1]
        ends[turned], beside[turned] = ends[turned, ::-1], beside[turned, ::-1]
        # One number for each pair: rows would be sorted as bytes, which takes ten times as long.
        met, rank = np.unique(ends, return_inverse=True)
        codes = rank.reshape(-1, 2) @ (max(1, len(met)), 1)
        codes, pair, faces = np.unique(codes, return_inverse=True, return_counts=True)
        sums = [np.bincount(pair, v, len(codes)) / faces for v in (at, *beside.T)]
        enough = faces >= least
        pairs = met[np.stack(np.divmod(codes[enough], max(1, len(met))), 1)]
        return cls(pairs, faces[enough], sums[0][enough], np.stack(sums[1:], 1)[enough])

    @cached_property
    def contrast(self) -> np.ndarray:
        """Of the faces beside the mean of both sides, negative where they are darker: [P]."""
        return np.asarray(self.at - self.beside.mean(1))

    def contrast_beside_nearer(self, usual: float) -> np.ndarray:
        """Of the faces beside the side that differs less from them, if membranes are as `usual`, dark or bright: [P]."""
        return np.asarray(self.at - (self.beside.min(1) if usual < 0 else self.beside.max(1)))


_NO_FACES = (np.zeros((0, 2), np.int64), np.zeros(0), np.zeros((0, 2)))


def _faces(labels: np.ndarray, values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces across an axis that lie `DEPTH` voxels inside both objects: their ids, the raw value, and that inside both."""
    ids, raw = np.moveaxis(labels, axis, 0), np.moveaxis(values, axis, 0)
    end = len(ids) - 1 - DEPTH
    first, second = ids[DEPTH:end], ids[DEPTH + 1 : end + 1]
    meet = (first != second) & (first > 0) & (second > 0)
    meet &= (ids[: end - DEPTH] == first) & (ids[2 * DEPTH + 1 :] == second)
    at = (raw[DEPTH:end][meet] + raw[DEPTH + 1 : end + 1][meet]) / 2
    beside = np.stack([raw[: end - DEPTH][meet], raw[2 * DEPTH + 1 :][meet]], 1)
    return np.stack([first[meet], second[meet]], 1), at, beside


class _Inner(NamedTuple):
    """A membrane through an object: its faces and their contrast, the voxels of the smaller part, and where, flat."""

    id: int
    faces: int
    contrast: float
    voxels: int
    where: np.ndarray


def _membranes_inside(found: Membranes, usual: float) -> list[_Inner]:
    """The clearest membrane through each object that has one, those with most faces first."""
    objects = Components.of(found.labels)
    size = found.subject.voxel_size
    volume = objects.volume.astype(np.int64)
    smooth = smoothed(found.values, size)
    tone = np.bincount(volume.reshape(-1), smooth.reshape(-1), len(objects.rank)) / objects.sizes.clip(1)
    like_membrane = ((smooth - tone.astype(np.float32)[volume]) / usual >= CUT) & (volume > 0)
    insides = np.where(like_membrane & ~_thick(like_membrane, size), 0, volume)
    deep = depth(insides, size, (max(CORES) + 1) * min(size))
    best: dict[int, _Inner] = {}
    for level in CORES:
        parts, owner = _parts(np.where(deep > level * min(size), insides, 0), volume)
        for pair, inner in _judged(parts, owner, volume, found.values, usual):
            number = int(objects.ids[objects.rank[pair]])
            if number not in best or inner.faces > best[number].faces:
                best[number] = inner._replace(id=number)
    return sorted(best.values(), key=lambda one: -one.faces)


def smoothed(values: np.ndarray, size: Sequence[float]) -> np.ndarray:
    """Means over 3 voxels along each axis, but for one with much longer voxels: membranes are a few voxels thick."""
    window = [1 if s >= 2 * min(size) else 3 for s in size]
    pool = {1: torch.nn.functional.avg_pool1d, 2: torch.nn.functional.avg_pool2d, 3: torch.nn.functional.avg_pool3d}
    around = [n // 2 for n in window]
    means = pool[values.ndim](torch.from_numpy(values)[None, None], window, 1, around, count_include_pad=False)
    return np.asarray(means[0, 0].numpy())


def _thick(flags: np.ndarray, size: Sequence[float]) -> np.ndarray:
    """Which voxels belong to what is thicker than a membrane, as dark mitochondria are, or lie at its edge: boolean."""
    half = max(THICK * min(size), 0.6 * max(size))  # a sheet in one section is no organelle
    middle = flags & (depth(flags.astype(np.uint8), size, half + max(size)) > half)
    if not middle.any():
        return middle
    reach = half + min(size)
    return flags & (middle | (depth(middle.astype(np.uint8), size, reach + max(size)) <= reach))


def depth(ids: np.ndarray, size: Sequence[float], most: float) -> np.ndarray:
    """The distance from each voxel to the nearest boundary between ids, up to `most`: float32."""
    return np.asarray(squared_boundary_distance(torch.from_numpy(ids), tuple(size), most).cpu().numpy() ** 0.5)


def _parts(cores: np.ndarray, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Objects that have several large cores, taken apart: the part of each voxel, and the object of each part, [P + 1]."""
    pieces = cc3d.connected_components(cores, connectivity=6 if cores.ndim == 3 else 4)
    sizes, owner = np.bincount(pieces.reshape(-1)), np.zeros(int(pieces.max()) + 1, np.int64)
    owner[pieces.reshape(-1)] = objects.reshape(-1)
    kept = sizes >= CORE
    kept[0] = False
    several = np.bincount(owner[kept], minlength=int(objects.max()) + 1) > 1
    kept &= several[owner]
    numbers = np.where(kept, np.cumsum(kept), 0)
    return grown(numbers[pieces], np.where(several[objects], objects, 0)), np.append(0, owner[kept])


def _judged(
    parts: np.ndarray, owner: np.ndarray, objects: np.ndarray, values: np.ndarray, usual: float
) -> Iterator[tuple[int, _Inner]]:
    """The membranes between parts of one object, with the object."""
    met = Met.of(parts, values, 1)
    mine = owner[met.pairs[:, 0]] == owner[met.pairs[:, 1]]
    joined = _joined(met.pairs[mine], met.faces[mine], met.contrast[mine] / usual, len(owner))
    parts = joined[parts]
    met, sizes = Met.of(parts, values, INNER_FACES), np.bincount(parts.reshape(-1), minlength=len(owner))
    inner, outer = _surfaces(parts, objects, len(owner))
    enclosed = inner / (inner + outer).clip(1)
    clear = owner[met.pairs[:, 0]] == owner[met.pairs[:, 1]]
    clear &= (met.contrast / usual >= INNER) & (met.contrast_beside_nearer(usual) / usual >= DARKER)
    clear &= (sizes[met.pairs].min(1) >= PART) & (enclosed[met.pairs].max(1) < ENCLOSED)
    if not clear.any():
        return
    contacts = Contacts.of(np.where(np.isin(parts, met.pairs[clear]), parts, 0))
    codes = (contacts.pairs * (len(owner), 1)).sum(1)
    for k in np.flatnonzero(clear):
        a, b = map(int, met.pairs[k])
        where = np.unique(contacts.where(np.flatnonzero(codes == a * len(owner) + b).tolist()))
        yield int(owner[a]), _Inner(0, int(met.faces[k]), float(met.contrast[k]), int(sizes[[a, b]].min()), where)


def _joined(pairs: np.ndarray, faces: np.ndarray, contrast: np.ndarray, parts: int) -> np.ndarray:
    """Which part each belongs to once all are put together that have less than `JOIN` between them, the least first."""
    root, sums = np.arange(parts), contrast * faces
    while len(pairs) and (mean := sums / faces).min() < JOIN:
        kept, gone = pairs[mean.argmin()]
        root[root == gone] = kept
        ends = np.sort(np.where(pairs == gone, kept, pairs), 1)
        apart = ends[:, 0] != ends[:, 1]
        codes, pair = np.unique(ends[apart, 0] * parts + ends[apart, 1], return_inverse=True)
        faces, sums = (np.bincount(pair, v[apart], len(codes)) for v in (faces, sums))
        pairs = np.stack(np.divmod(codes, parts), 1)
    return root


def _surfaces(parts: np.ndarray, objects: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces of each part with other parts of its object, and with what is outside it: [count] each."""
    inner, outer = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for axis in range(parts.ndim):
        low, high = shifted(axis, parts.ndim)
        for faces, here in (
            (inner, (objects[low] == objects[high]) & (parts[low] != parts[high])),
            (outer, objects[low] != objects[high]),
        ):
            faces += np.bincount(parts[low][here], minlength=count) + np.bincount(parts[high][here], minlength=count)
    return inner, outer
