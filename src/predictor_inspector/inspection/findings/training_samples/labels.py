"""Checks of labels in training samples: what augmentation does to ids and objects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from predictor_inspector.core.text import amount, counted, listed
from predictor_inspector.inspection.findings.checks import check
from predictor_inspector.inspection.findings.components import Components, shifted
from predictor_inspector.inspection.findings.finding import Finding, Kind
from predictor_inspector.inspection.findings.training_samples.compared import SamplesSubject, named

LABELS_INTERPOLATED = Kind(
    "labels-interpolated",
    "Labels were interpolated, so that ids came to be between those of two objects, or fractions of ids.",
    "Transform labels with the nearest voxel: order=0 in scipy and skimage, mode='nearest' in torch, interpolatable=False "
    "in gunpowder.",
)
OBJECT_TORN = Kind(
    "object-torn",
    "An augmentation tore objects: pieces of one id lie beside each other without touching.",
    "Make the deformation smoother or smaller, or label connected components again after it, as gunpowder's "
    "ElasticAugment and ShiftAugment are followed by.",
)

_BETWEEN = 0.5  # share of an id's voxels that must lie between a smaller and a larger id
_OF_FACES = 0.02  # such voxels, as a share of the places where ids change
_FEWEST = 8  # such voxels, and those of a piece that was cut off
_GAP = 3  # voxels between the pieces of a torn object, at most
_FRAGMENTS = 3  # pieces apart from their object that make a finding
_TORN = 16  # voxels of them, together: real ground truth has specks
_MOST = 5000  # components of a sample: with more it isn't objects that it holds


@check(LABELS_INTERPOLATED, of="samples")
def interpolated_labels(subject: SamplesSubject) -> Iterator[Finding]:
    """An error where labels hold fractions, or ids that are made of their neighbours.

    Such an id lies, in half of its voxels or more, along an axis between a smaller and a larger one, and so in every sample
    that holds it. Voxels of such ids are 8 or more, and 2 % of the places where ids change. Ids of classes may lie so.
    """
    fractions = [s for s in subject.samples if s.sample.labels is not None and s.labels is None]
    if fractions:
        labels = fractions[0].sample.labels
        assert labels is not None
        values = labels.numpy()
        broken = ~(values == np.rint(values))
        example = values[broken & np.isfinite(values)][:1]
        told = f", such as {amount(float(example[0]))}" if len(example) else ""
        message = (
            f"In {named(fractions)} labels hold fractions{told}: {counted(int(broken.sum()), 'voxel')} in the first."
        )
        yield subject.finding(LABELS_INTERPOLATED, "error", message, fractions, broken, labels)
    if subject.is_of_classes:
        return
    suspects: dict[int, bool] = {}
    for sample in subject.samples:
        for label, thin in sample.once("between", partial(_ids_between, sample.ids)).items():
            suspects[label] = suspects.get(label, True) and thin
    invented = [label for label, thin in suspects.items() if thin]
    found = []
    for sample in subject.samples if invented else ():
        ids = sample.ids
        if ids is None:
            continue
        between = _between(ids) & np.isin(ids, invented)
        count = int(between.sum())
        if count >= max(_FEWEST, _OF_FACES * _changes(ids)):
            found.append((count, sample, between))
    if found:
        count, worst, between = max(found, key=lambda f: f[0])
        assert worst.ids is not None
        there = np.unique(worst.ids[between]).tolist()
        message = (
            f"In {named([s for _, s, _ in found])} ids lie only where others meet, between them: {listed(there, 6)}, "
            f"{counted(count, 'voxel')} in sample {worst.index}."
        )
        others = [worst, *(s for _, s, _ in found if s is not worst)]
        yield subject.finding(
            LABELS_INTERPOLATED, "error", message, others, between, worst.labels, numbers={"ids": there}
        )


@check(OBJECT_TORN, of="samples")
def torn_objects(subject: SamplesSubject) -> Iterator[Finding]:
    """A warning where an id has pieces that don't touch each other, not by a corner either, yet lie at most 3 voxels apart.

    It is a tear if one piece ends along an axis where the other begins, as where sections were shifted, and both have 8 voxels
    and two planes or more, or if three or more pieces in a sample, which don't reach its border, lie so; a piece at the border
    may be joined to others beyond it. Together such pieces have 16 voxels or more. What ground truth has without
    augmentation, split-object finds there.
    """
    if subject.is_of_classes:
        return
    found = []
    for sample in subject.samples:
        torn = sample.once("torn", partial(_torn, sample.ids))
        if torn is not None:
            found.append((sample, *torn))
    if not found:
        return
    worst, ids, places = max(found, key=lambda f: len(f[1]))
    those = [s for s, _, _ in found]
    message = (
        f"In {named(those)} objects are torn: in sample {worst.index} {counted(len(ids), 'object')}, {listed(ids, 6)}, "
        f"{'has' if len(ids) == 1 else 'have'} pieces beside each other that don't touch."
    )
    others = [worst, *(s for s in those if s is not worst)]
    yield subject.finding(OBJECT_TORN, "warning", message, others, places, worst.labels, numbers={"ids": ids})


def _between(ids: np.ndarray) -> np.ndarray:
    """Which voxels have, along an axis, a smaller id on one side and a larger one on the other."""
    found = np.zeros(ids.shape, dtype=bool)
    for axis in range(ids.ndim):
        if ids.shape[axis] < 3:
            continue
        before, here, after = (np.take(ids, range(n, ids.shape[axis] - 2 + n), axis) for n in range(3))
        inner = tuple(slice(1, -1) if a == axis else slice(None) for a in range(ids.ndim))
        found[inner] |= ((before < here) & (here < after)) | ((before > here) & (here > after))
    return found


def _ids_between(values: np.ndarray | None) -> dict[int, bool]:
    """The ids, and whether most of their voxels lie between others."""
    if values is None:
        return {}
    ids, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    thin = np.bincount(index.reshape(-1), _between(values).reshape(-1), len(ids))
    return {label: bool(is_thin) for label, is_thin in zip(ids.tolist(), thin >= _BETWEEN * counts, strict=True)}


def _changes(ids: np.ndarray) -> int:
    """How many faces there are between voxels of different ids."""
    pairs = (shifted(axis, ids.ndim) for axis in range(ids.ndim))
    return sum(int((ids[low] != ids[high]).sum()) for low, high in pairs)


def _torn(ids: np.ndarray | None) -> tuple[list[int], np.ndarray] | None:
    """The ids of torn objects, and the voxels of their smaller pieces; None if there are none."""
    if ids is None or not (ids.min() >= 0 and ids.any()):
        return None
    parts = Components.of(ids)
    if len(parts.rank) > _MOST:
        return None
    cut, loose = set[int](), set[int]()
    at_border = parts.at_border(tuple(slice(0, n) for n in ids.shape))
    several = np.flatnonzero(np.bincount(parts.rank[1:]) > 1)
    for rank in several:
        pieces = np.flatnonzero(parts.rank == rank)
        main = pieces[parts.sizes[pieces].argmax()]
        for piece in pieces[pieces != main]:
            apart = _apart(parts.boxes[piece], parts.boxes[main])
            if max(apart) > _GAP or not _near(parts, piece, main):
                continue
            if max(apart) == 0 and not at_border[piece]:
                loose.add(int(piece))
            elif parts.sizes[piece] >= _FEWEST and _abut(parts.boxes[piece], parts.boxes[main]):
                cut.add(int(piece))
            elif not at_border[piece]:
                loose.add(int(piece))
    torn = cut | (loose if len(loose) >= _FRAGMENTS else set())
    if parts.sizes[list(torn)].sum() < _TORN:
        return None
    flags = np.zeros(len(parts.rank), dtype=bool)
    flags[list(torn)] = True
    return sorted({int(parts.ids[parts.rank[p]]) for p in torn}), parts.voxels(flags)


def _apart(one: np.ndarray, other: np.ndarray) -> list[int]:
    """How many voxels lie between two boxes, per axis."""
    return [max(0, int(max(a[0], b[0]) - min(a[1], b[1]))) for a, b in zip(one, other, strict=True)]


def _abut(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether one box ends along an axis where the other begins, and neither is flat there."""
    return any(
        (a[1] == b[0] or b[1] == a[0]) and min(a[1] - a[0], b[1] - b[0]) > 1 for a, b in zip(one, other, strict=True)
    )


def _near(parts: Components, piece: int, main: int) -> bool:
    """Whether a piece has a voxel at most so many voxels from another one, along all axes together."""
    box = parts.boxes[piece]
    around = tuple(slice(max(0, int(b) - _GAP - 1), int(e) + _GAP + 1) for b, e in box)
    volume = parts.volume[around]
    reached = volume == piece
    for axis in range(volume.ndim):
        grown = reached.copy()
        for step in range(1, _GAP + 2):
            ahead = tuple(slice(step, None) if a == axis else slice(None) for a in range(volume.ndim))
            behind = tuple(slice(None, -step) if a == axis else slice(None) for a in range(volume.ndim))
            grown[ahead] |= reached[behind]
            grown[behind] |= reached[ahead]
        reached = grown
    return bool((volume[reached] == main).any())
