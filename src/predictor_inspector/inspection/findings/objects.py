"""Checks of objects: missing, in pieces, too small, cut off, or without a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from predictor_inspector.core.text import counted, listed, percent
from predictor_inspector.data.repair import Repair, in_pieces, without_specks
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Severity, Subject, check
from predictor_inspector.inspection.findings.subject import each_or_all, either

STRAY_SHARE, STRAY_VOXELS = 0.1, 27  # of an object: from both on a separate piece is more than a speck
SPECK_VOXELS, SPECK_SHARE = 64, 0.05  # a speck has fewer voxels, and a smaller share of what other objects have
MOST_CLASSES = 32  # that are named by themselves: more ids are those of objects
FAINT = 0.25  # a distance target that stays below this inside an object hardly differs from that of its boundary

EMPTY_REGION = Kind(
    "empty-region",
    "There is no object in the region, though it is annotated.",
    "Choose another region, or another array if this isn't the one with the objects.",
)
SPLIT_OBJECT = Kind(
    "split-object",
    "One id is in several pieces that don't touch. Local shape descriptors take them for one object wherever a window "
    "reaches both, and long-range affinities join them.",
    "Give each piece an id of its own, if they are different objects; delete specks.",
)
SMALL_OBJECT = Kind(
    "small-object",
    "Objects are smaller than an offset or than the descriptors' σ, or so thin that their distances stay near 0, so that "
    "the target hardly shows them; or they are specks beside all others.",
    "Delete specks; if they are objects to be found, choose shorter offsets, a smaller σ or a smaller scale factor.",
)
UNKNOWN_CLASS = Kind(
    "unknown-class",
    "Voxels have an id that no class has a name for; they get weight 0, and elsewhere train as nothing.",
    "Add a name to classes for each id, or map the ids to the classes that you mean.",
)
TRUNCATED_OBJECT = Kind(
    "truncated-object",
    "Objects are cut off by the region: they go on outside, or the data end there.",
    "Nothing to do, as long as there is ground truth around the region: it is read as context.",
)


@check(EMPTY_REGION)
def empty_region(subject: Subject) -> Iterator[Finding]:
    """A warning if every annotated voxel of the ROI is background, in all channels of the ground truth.

    Silent for classes, of which background is one.
    """
    if subject.teaches_nothing or subject.has_classes:
        return
    kept = (slice(None), *subject.kept)
    objects = (subject.labels[kept] > 0).any(0)
    known = True if subject.all_known else subject.known[kept].any(0)
    if np.any(known) and not (objects & known).any():
        message = "There is no object in this region: every annotated voxel is background."
        yield subject.finding(EMPTY_REGION, "warning", message)


class _Split(NamedTuple):
    """An object in pieces: which of the ids, how many pieces, the voxels apart from the rest, and the pieces that are apart."""

    rank: int
    pieces: int
    stray: int
    apart: np.ndarray


@check(SPLIT_OBJECT, slow=True)
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
    split, cut, perhaps, specks = (list[_Split]() for _ in range(4))
    pieces = np.bincount(components.rank[1:], minlength=len(components.ids))
    for rank in np.flatnonzero((pieces > 1) & subject.seen):
        mine = np.flatnonzero(components.rank == rank)
        enough = max(STRAY_VOXELS, STRAY_SHARE * sizes[mine].sum())
        largest, outside = mine[np.argmax(sizes[mine])], mine[goes_on[mine]]
        together = outside if sizes[outside].sum() >= sizes[largest] else np.array([largest])
        apart, unless = np.setdiff1d(mine, together), int(sizes[mine].sum() - sizes[largest])
        one = _Split(int(rank), len(mine), int(sizes[apart].sum()), apart)
        if one.stray >= enough:
            (cut if goes_on[together].any() else split).append(one)
        elif unless >= enough:
            perhaps.append(one._replace(stray=unless))
        elif len(apart):
            specks.append(one)
    harmless = all(c.is_distance or c.kind == "one-hot" for c in subject.channels)
    yield from each_or_all(split, partial(_in_pieces, subject, "info" if harmless else "warning", ""))
    yield from each_or_all(cut, partial(_in_pieces, subject, "info", ""))
    yield from each_or_all(perhaps, partial(_in_pieces, subject, "info", ", unless they are connected outside"))
    if specks:
        numbers = _split_numbers(subject, specks)
        objects = f"{counted(len(specks), 'object')} ({listed(numbers['ids'])}) {either(len(specks), 'has', 'have')}"
        voxels = counted(sum(numbers["stray_voxels"]), "voxel")
        message = f"{objects} pieces that don't touch the rest, {voxels} in all."
        advice = "Delete specks that don't belong to the object; give a piece an id of its own if it is another object."
        strays = np.isin(np.arange(len(sizes)), np.concatenate([one.apart for one in specks]))
        ids, largest = (
            tuple(int(i) for i in numbers["ids"]),
            max(int(sizes[one.apart].max()) for one in specks),
        )
        cure = Cure("Delete the specks", repair=Repair(partial(without_specks, ids, largest)))
        where = components.voxels(strays)
        yield subject.finding(SPLIT_OBJECT, "info", message, advice, where=where, numbers=numbers, cure=cure)


def _in_pieces(subject: Subject, severity: Severity, unless: str, split: Sequence[_Split]) -> Finding:
    """The finding about some objects that are in pieces, with all their voxels."""
    numbers = _split_numbers(subject, split)
    objects = f"{len(split):,} objects ({listed(numbers['ids'])}) are in"
    if len(split) == 1:
        objects = f"Object {numbers['ids'][0]} is in {split[0].pieces}"
    message = f"{objects} pieces that don't touch{unless}."
    if any(channel.kind == "descriptor" for channel in subject.channels):
        message += " Descriptors mix them wherever a window reaches both."
    advice = "Give each piece an id of its own if they are different objects."
    where = subject.components.voxels_of([one.rank for one in split])
    ids = tuple(int(i) for i in numbers["ids"])
    cure = Cure("Give each piece an id of its own", repair=Repair(partial(in_pieces, ids))) if not unless else None
    return subject.finding(SPLIT_OBJECT, severity, message, advice, where=where, numbers=numbers, cure=cure)


def _split_numbers(subject: Subject, split: Sequence[_Split]) -> dict[str, Any]:
    return {
        "ids": subject.components.ids[[one.rank for one in split]],
        "pieces": [one.pieces for one in split],
        "stray_voxels": [one.stray for one in split],
    }


@check(SMALL_OBJECT)
def small_object(subject: Subject) -> Iterator[Finding]:
    """Objects that lie wholly in what is known, so that their size is their own.

    Affinities: an object that is no longer than an offset on one of the axes along which it points, so that no pair fits.
    Descriptors: one whose longest side is shorter than σ. Distances: an object wholly inside the ROI whose target stays below
    0.25. Any target: a speck, of fewer than 64 voxels and less than 5 % of the size of the object that a typical voxel is in.
    Info, since such specks are normal; where most objects are so small, the offset, σ or scale_factor is too large, which are
    other findings.
    """
    if not subject.has_objects or subject.teaches_nothing:
        return
    components, size = subject.components, np.array(subject.voxel_size)
    ids, boxes, sizes, whole = components.ids, components.object_boxes, components.object_sizes, subject.whole
    extents = boxes[..., 1] - boxes[..., 0]
    small = np.zeros(len(ids), dtype=bool)
    channels: list[str] = []
    limits: dict[str, None] = {}
    for i, channel in enumerate(subject.channels):
        if channel.kind == "affinity" and any(channel.offset):
            limit = "no longer than an offset"
            lost = np.asarray((extents <= np.abs(channel.offset))[:, np.flatnonzero(channel.offset)].any(1))
        elif channel.kind == "descriptor" and "window" in channel.roles:
            sigma = subject.predictor.value_of(channel, "window") * size.max()
            limit = f"smaller than σ = {subject.length(sigma)}"
            lost = (extents * size).max(1) < sigma
        elif channel.is_distance:
            limit = f"so thin that the distances inside stay below {FAINT:g}"
            begin, end = np.array([(s.start, s.stop) for s in subject.kept]).T
            lost = (boxes[..., 0] >= begin).all(1) & (boxes[..., 1] <= end).all(1)
            if (whole & lost).any():
                clear = ~(np.abs(subject.target[i]) < FAINT)
                lost &= ~components.of_objects(components.among(components.volume[subject.kept][clear]))
        else:
            continue
        if (whole & lost).any():
            channels.append(channel.name)
            limits[limit] = None
            small |= whole & lost
    specks = whole & ~small & (sizes < min(SPECK_VOXELS, SPECK_SHARE * _typical(sizes[subject.seen])))

    def one(what: str, channels: Sequence[str], is_speck: bool, chosen: Sequence[int]) -> Finding:
        objects = f"Object {ids[chosen[0]]} is" if len(chosen) == 1 else f"{len(chosen):,} objects are"
        numbers = {
            "ids": ids[chosen][:100],
            "objects": len(chosen),
            "share_of_object_voxels": sizes[chosen].sum() / max(1, sizes[subject.seen].sum()),
            "voxels": sizes[chosen][:100],
        }
        where = components.voxels_of(chosen)
        gone = Repair(partial(without_specks, tuple(int(i) for i in ids[chosen]), SPECK_VOXELS))
        cure = Cure("Delete them" if len(chosen) > 1 else "Delete it", repair=gone) if is_speck else None
        return subject.finding(SMALL_OBJECT, "info", f"{objects} {what}.", "", channels, where, numbers, cure)

    lost_in = f"{' or '.join(limits)}: the target hardly shows that there is something"
    yield from each_or_all(list(np.flatnonzero(small)), partial(one, lost_in, channels, False))
    speck = f"of fewer than {SPECK_VOXELS} voxels, a speck beside the others"
    yield from each_or_all(list(np.flatnonzero(specks)), partial(one, speck, (), True))


def _typical(sizes: np.ndarray) -> float:
    """The size of the object that a typical voxel is in, however many specks there are besides."""
    ordered = np.sort(sizes)
    return float(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)]) if len(ordered) else 0.0


@check(UNKNOWN_CLASS)
def unknown_class(subject: Subject) -> Iterator[Finding]:
    """A warning from the first annotated voxel on whose id isn't that of a class."""
    if not subject.has_classes:
        return
    labels = subject.labels[0][subject.kept]
    classes = [channel.label for channel in subject.channels if channel.label is not None]
    unknown = ~np.isin(labels, [*classes, *subject.inputs.ignored]) & subject.known[(slice(None), *subject.kept)].any(0)

    def one(chosen: Sequence[int]) -> Finding:
        where = unknown & np.isin(labels, chosen)
        count, several = int(np.count_nonzero(where)), either(len(chosen), "id", "ids")
        voxels = f"{counted(count, 'voxel')} ({percent(count / labels.size)}) {either(count, 'has', 'have')}"
        classes_go = f"classes only go from {min(classes)} to {max(classes)}"
        message = f"{voxels} the {several} {listed(chosen)}, but {classes_go}."
        numbers = {"ids": list(chosen)[:100], "voxels": count}
        return subject.finding(UNKNOWN_CLASS, "warning", message, where=where, numbers=numbers, cure=cure)

    cure = _name_classes(subject, int(labels[unknown].max()) if unknown.any() else 0)
    yield from each_or_all([int(i) for i in np.unique(labels[unknown])], one)


def _name_classes(subject: Subject, highest: int) -> Cure | None:
    """Give every id up to the highest a class of its own, unless there are too many."""
    parameter = next(
        (c.roles["classes"] for c in subject.channels if c.label is not None and "classes" in c.roles), None
    )
    if parameter is None or highest >= MOST_CLASSES:
        return None
    names = list(getattr(subject.predictor, parameter))
    added = [f"class {number}" for number in range(len(names), highest + 1)]
    return Cure(f"Add {listed(added, 3)}", {parameter: (*names, *added)})


@check(TRUNCATED_OBJECT)
def truncated_object(subject: Subject) -> Iterator[Finding]:
    """Info. Axes along which the ROI is a single slice don't count: there it cuts everything."""
    if not subject.has_objects:
        return
    labels = subject.labels[0][subject.kept]
    faces = [labels.take([0, -1], axis).ravel() for axis, n in enumerate(labels.shape) if n > 1]
    ids = np.unique(np.concatenate([labels[:0].ravel(), *faces]))
    ids = ids[ids != 0]
    if len(ids):
        seen, are = int(subject.seen.sum()), either(len(ids), "is", "are")
        message = f"{counted(len(ids), 'object')} of {seen:,} ({listed(ids)}) {are} cut off by the region."
        numbers = {"objects": len(ids), "of": seen, "ids": ids[:100]}
        yield subject.finding(TRUNCATED_OBJECT, "info", message, where=np.isin(labels, ids), numbers=numbers)
