"""Checks of the objects: those in pieces, too small, without a class, or cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from predictor_inspector.core import AffinitiesPredictor, DummyPredictor
from predictor_inspector.core.predictors.boundaries import BoundaryPredictor
from predictor_inspector.core.text import counted, listed, percent
from predictor_inspector.inspection.findings.checks import Kind, check
from predictor_inspector.inspection.findings.finding import Finding, Severity
from predictor_inspector.inspection.findings.subject import Subject, each_or_all, either

STRAY_SHARE, STRAY_VOXELS = 0.1, 27
"""From this share of an object, and from so many voxels, a separate piece is more than a speck."""

SPECK_VOXELS, SPECK_SHARE = 64, 0.05
"""An object of fewer voxels, and of less than this share of what other objects have, is a speck whatever it is trained for."""

FAINT = 0.25
"""A distance target that stays below this inside an object hardly differs from that of its boundary."""


@check(
    Kind(
        "empty-region",
        "There is no object in the region, though it is annotated.",
        "Choose another region, or another array if this isn't the one with the objects.",
    )
)
def empty_region(subject: Subject) -> Iterator[Finding]:
    """A warning if every annotated voxel of the ROI is background, in all channels of the ground truth.

    Silent for classes, of which background is one.
    """
    if isinstance(subject.predictor, DummyPredictor) or any(role.kind == "class" for role in subject.roles):
        return
    objects = (subject.labels[(slice(None), *subject.kept)] > 0).any(0)
    known = True if subject.all_known else subject.known[(slice(None), *subject.kept)].any(0)
    if np.any(known) and not (objects & known).any():
        yield subject.finding(
            "empty-region",
            "warning",
            "There is no object in this region: every annotated voxel is background.",
            "Choose another region, or another array if this isn't the one with the objects.",
        )


@check(
    Kind(
        "split-object",
        "One id is in several pieces that don't touch. Local shape descriptors take them for one object wherever a window "
        "reaches both, and long-range affinities join them.",
        "Give each piece an id of its own, if they are different objects; delete specks.",
    ),
    cost="on demand",
)
def split_object(subject: Subject) -> Iterator[Finding]:
    """Voxels that touch by a corner are connected.

    Pieces that go on outside, at the end of the data or of the annotation, may be connected there, as those of neurites often
    are, so they count as one piece. A warning if what is apart from the largest piece makes up at least a tenth of the object,
    and 27 voxels. Info if so much would be apart only unless pieces are connected outside, and if an object goes on outside
    with its largest piece, so that its size isn't known. Info about all smaller pieces together: specks are everywhere in real
    segmentations, and hardly matter. Info as well where only distances are made, which depend on boundaries alone.
    """
    if not subject.has_objects:
        return
    components, sizes, goes_on = subject.components, subject.components.sizes, subject.open_components
    split: list[_Split] = []
    cut: list[_Split] = []
    perhaps: list[_Split] = []
    specks: list[_Split] = []
    pieces = np.bincount(components.rank[1:], minlength=len(components.ids))
    for rank in np.flatnonzero((pieces > 1) & subject.seen):
        mine = np.flatnonzero(components.rank == rank)
        enough = max(STRAY_VOXELS, STRAY_SHARE * sizes[mine].sum())
        largest, outside = mine[np.argmax(sizes[mine])], mine[goes_on[mine]]
        together = outside if sizes[outside].sum() >= sizes[largest] else np.array([largest])
        apart = np.setdiff1d(mine, together)
        one = _Split(int(rank), len(mine), int(sizes[apart].sum()), apart)
        if one.stray >= enough:
            (cut if goes_on[together].any() else split).append(one)
        elif sizes[mine].sum() - sizes[largest] >= enough:
            perhaps.append(replace(one, stray=int(sizes[mine].sum() - sizes[largest])))
        elif len(apart):
            specks.append(one)
    severity: Severity = "info" if isinstance(subject.predictor, BoundaryPredictor) else "warning"
    yield from each_or_all(split, partial(_split_finding, subject, severity, ""))
    yield from each_or_all(cut, partial(_split_finding, subject, "info", ""))
    yield from each_or_all(perhaps, partial(_split_finding, subject, "info", ", unless they are connected outside"))
    if specks:
        strays = np.isin(components.volume, np.concatenate([one.apart for one in specks]))
        ids = components.ids[[one.rank for one in specks]]
        yield subject.finding(
            "split-object",
            "info",
            f"{counted(len(ids), 'object')} ({listed(ids)}) {either(len(ids), 'has', 'have')} pieces that don't touch the "
            f"rest, {counted(sum(one.stray for one in specks), 'voxel')} in all.",
            "Delete specks if they are none of the object; give a piece an id of its own if it is another object.",
            where=subject.place_read(strays),
            numbers=_split_numbers(subject, specks),
        )


@dataclass(frozen=True, eq=False)
class _Split:
    """An object in pieces: which of the ids, how many pieces, and those that are apart from the rest with their voxels."""

    rank: int
    pieces: int
    stray: int
    apart: np.ndarray


def _split_finding(subject: Subject, severity: Severity, unless: str, split: Sequence[_Split]) -> Finding:
    """The finding about some objects that are in pieces, with all their voxels."""
    ids = subject.components.ids[[one.rank for one in split]]
    what = (
        f"Object {ids[0]} is in {split[0].pieces}"
        if len(split) == 1
        else f"{len(ids):,} objects ({listed(ids)}) are in"
    )
    mixes = isinstance(subject.predictor, AffinitiesPredictor) and subject.predictor.lsds
    return subject.finding(
        "split-object",
        severity,
        f"{what} pieces that don't touch{unless}."
        + (" Descriptors mix them wherever a window reaches both." if mixes else ""),
        "Give each piece an id of its own if they are different objects.",
        where=subject.place_objects([one.rank for one in split]),
        numbers=_split_numbers(subject, split),
    )


def _split_numbers(subject: Subject, split: Sequence[_Split]) -> dict[str, Any]:
    return {
        "ids": subject.components.ids[[one.rank for one in split]],
        "pieces": [one.pieces for one in split],
        "stray_voxels": [one.stray for one in split],
    }


@check(
    Kind(
        "small-object",
        "Objects are smaller than an offset or than the descriptors' σ, or so thin that their distances stay near 0, so that "
        "the target hardly shows them; or they are specks beside all others.",
        "Delete them if they are specks; else choose shorter offsets, a smaller σ or a smaller scale_factor.",
    )
)
def small_object(subject: Subject) -> Iterator[Finding]:
    """Objects that lie wholly in what is known, so that their size is their own.

    Affinities: an object that is no longer than an offset on one of the axes along which it points, so that no pair fits,
    and one whose longest side is shorter than σ. Distances: an object wholly inside the ROI whose target stays below 0.25.
    Any predictor: a speck, of fewer than 64 voxels and less than 5 % of the size of the object that a typical voxel is in.
    Info, since such specks are normal; where most objects are so small, the offset, σ or scale_factor is too large, which are
    other findings.
    """
    if not subject.has_objects or isinstance(subject.predictor, DummyPredictor):
        return
    components, predictor, gt = subject.components, subject.predictor, subject.inspection.gt
    ids, boxes, sizes, whole = components.ids, components.object_boxes, components.object_sizes, subject.whole
    extents = boxes[..., 1] - boxes[..., 0]
    small = np.zeros(len(ids), dtype=bool)
    channels: list[str] = []
    limits: list[str] = []
    if isinstance(predictor, AffinitiesPredictor):
        for role in subject.roles:
            if role.kind == "affinity" and any(role.offset):
                lost = whole & (extents <= np.abs(role.offset))[:, np.flatnonzero(role.offset)].any(1)
                if lost.any():
                    channels.append(role.name)
                small |= lost
        if channels:
            limits.append("no longer than an offset")
        if predictor.lsds:
            sigma = predictor.num_voxels * max(gt.voxel_size)
            lost = whole & ((extents * np.array(gt.voxel_size)).max(1) < sigma)
            if lost.any():
                channels += [role.name for role in subject.roles if role.kind == "lsd"]
                limits.append(f"smaller than σ = {subject.length(sigma / gt.subdivision)}")
            small |= lost
    elif isinstance(predictor, BoundaryPredictor):
        ends = np.array([[s.start, s.stop] for s in subject.kept])
        inside = whole & (boxes[..., 0] >= ends[:, 0]).all(1) & (boxes[..., 1] <= ends[:, 1]).all(1)
        distance = next(i for i, role in enumerate(subject.roles) if role.kind == "distance")
        clear = ~(np.abs(subject.target[distance]) < FAINT)
        small = inside & ~components.of_objects(components.among(components.volume[subject.kept][clear]))
        channels = [role.name for role in subject.roles if role.kind == "distance"]
        limits.append(f"so thin that the distances inside stay below {FAINT:g}")
    specks = whole & ~small & (sizes < min(SPECK_VOXELS, SPECK_SHARE * _typical(sizes[subject.seen])))

    def one(what: str, channels: Sequence[str], chosen: Sequence[int]) -> Finding:
        few = len(chosen) == 1
        return subject.finding(
            "small-object",
            "info",
            f"{f'Object {ids[chosen[0]]} is' if few else f'{len(chosen):,} objects are'} {what}.",
            "Delete specks; if they are objects to be found, choose shorter offsets, a smaller σ or a smaller scale_factor.",
            channels,
            subject.place_objects(chosen),
            {
                "ids": ids[chosen][:100],
                "objects": len(chosen),
                "share_of_object_voxels": sizes[chosen].sum() / max(1, sizes[subject.seen].sum()),
                "voxels": sizes[chosen][:100],
            },
        )

    lost = f"{' or '.join(limits)}: the target hardly shows that there is something"
    yield from each_or_all(list(np.flatnonzero(small)), partial(one, lost, channels))
    yield from each_or_all(
        list(np.flatnonzero(specks)),
        partial(one, f"of fewer than {SPECK_VOXELS} voxels, a speck beside the others", ()),
    )


def _typical(sizes: np.ndarray) -> float:
    """The size of the object that a typical voxel is in, however many specks there are besides."""
    ordered = np.sort(sizes)
    return float(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)]) if len(ordered) else 0.0


@check(
    Kind(
        "unknown-class",
        "Voxels have an id that no class has a name for; they get weight 0, and elsewhere train as nothing.",
        "Add a name to classes for each id, or map the ids to the classes that you mean.",
    )
)
def unknown_class(subject: Subject) -> Iterator[Finding]:
    """A warning from the first annotated voxel on whose id isn't below the number of classes."""
    if not any(role.kind == "class" for role in subject.roles):
        return
    labels = subject.labels[0][subject.kept]
    known = subject.known[(slice(None), *subject.kept)].any(0)
    unknown = (labels >= len(subject.names)) & known
    if not unknown.any():
        return
    ids = np.unique(labels[unknown])

    def one(chosen: Sequence[int]) -> Finding:
        flags = unknown if len(chosen) == len(ids) else unknown & np.isin(labels, chosen)
        count = int(np.count_nonzero(flags))
        return subject.finding(
            "unknown-class",
            "warning",
            f"{counted(count, 'voxel')} ({percent(count / labels.size)}) {either(count, 'has', 'have')} the "
            f"{either(len(chosen), 'id', 'ids')} {listed(chosen)}, but classes only go "
            f"from 0 to {len(subject.names) - 1}.",
            "Add a name to classes for each id, or map the ids to the classes that you mean.",
            where=subject.place(flags),
            numbers={"ids": list(chosen)[:100], "voxels": count},
        )

    yield from each_or_all([int(i) for i in ids], one)


@check(
    Kind(
        "truncated-object",
        "Objects are cut off by the region: they go on outside, or the data end there.",
        "Nothing to do, as long as there is ground truth around the region: it is read as context.",
    )
)
def truncated_object(subject: Subject) -> Iterator[Finding]:
    """Info. Axes along which the ROI is a single slice don't count: there it cuts everything."""
    if not subject.has_objects:
        return
    labels = subject.labels[0][subject.kept]
    thick = [axis for axis, n in enumerate(labels.shape) if n > 1]
    ids = np.unique(np.concatenate([labels.take([0, -1], axis).ravel() for axis in thick]) if thick else labels[:0])
    ids = ids[ids != 0]
    if len(ids):
        yield subject.finding(
            "truncated-object",
            "info",
            f"{counted(len(ids), 'object')} of {int(subject.seen.sum()):,} ({listed(ids)}) "
            f"{either(len(ids), 'is', 'are')} cut off by the region.",
            "Nothing to do, as long as there is ground truth around the region: it is read as context.",
            where=subject.place(np.isin(labels, ids)),
            numbers={"objects": len(ids), "of": int(subject.seen.sum()), "ids": ids[:100]},
        )
