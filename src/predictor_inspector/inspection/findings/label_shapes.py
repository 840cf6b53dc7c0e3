"""Checks of the shapes of objects: holes, nested objects, slivers and islands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from predictor_inspector.core.text import counted, listed
from predictor_inspector.data.repair import Repair, repainted
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Severity, Subject, check
from predictor_inspector.inspection.findings.components import Components, shifted
from predictor_inspector.inspection.findings.subject import each_or_all, either

SPECK = 27  # voxels of a hole, an island or a sliver, below which it hardly matters
LONG = 6  # voxels along a sliver's longest side, at least
THIN_SHARE = 0.05  # of the voxels of all objects, from which on thin ones are what was drawn
ISLANDS = 0.5  # of all objects, from which on each section was labelled by itself
COARSE = 2  # times as long as along the other axes: voxels of sections

HOLES = Kind(
    "holes",
    "Objects have holes: background that they enclose on all sides. The target has a boundary around it.",
    "Fill them, if there is nothing else in the raw data.",
)
NESTED_OBJECT = Kind(
    "nested-object",
    "One object lies wholly inside another, on all sides of it.",
    "Give it the outer object's id, unless both are meant, as a nucleus in a cell is.",
)
SLIVERS = Kind(
    "slivers",
    "Objects, or pieces of them, are one voxel thin everywhere: what proofreading leaves at the edges of what it moved.",
    "Give them to the object beside them, or delete them.",
)
SINGLE_SECTION_ISLAND = Kind(
    "single-section-island",
    "An object, or a piece of one, is in one section only, though those before and after it are annotated.",
    "Give it the id of the object that it goes on as in the sections beside it, or delete it.",
)


class _Cavity(NamedTuple):
    """What an object encloses: its id, and components of the background, or of other objects, in it."""

    id: int
    parts: np.ndarray
    voxels: int


@check(HOLES, NESTED_OBJECT, slow=True)
def holes(subject: Subject) -> Iterator[Finding]:
    """What can't be left through faces of voxels but through one object is enclosed by it, and belongs to the innermost such.

    What touches the end of what was read or is not annotated is not enclosed. Holes of 27 voxels in all are a warning for
    each object, smaller ones info together. Objects, or pieces of them, in another are info, and so are smaller ones
    together. Silent for objects that enclose more than they have voxels, as membranes that are labelled do.
    """
    if not subject.has_objects:
        return
    components = subject.components
    unknown = ~(subject.known.all(0) & subject.in_data)
    background = Components.of((subject.labels[0] == 0) & ~unknown, by_faces=True)
    holes, nested = _enclosed(subject, background, unknown)
    large = [one for one in holes if one.voxels >= SPECK]
    yield from each_or_all(large, partial(_holes, subject, background, "warning"))
    if small := [one for one in holes if one.voxels < SPECK]:
        yield _holes(subject, background, "info", small)
    yield from each_or_all([one for one in nested if one.voxels >= SPECK], partial(_nested, subject, components))
    if specks := [one for one in nested if one.voxels < SPECK]:
        yield _nested(subject, components, specks)


def _enclosed(subject: Subject, background: Components, unknown: np.ndarray) -> tuple[list[_Cavity], list[_Cavity]]:
    """The holes of objects, and what of other objects they enclose, those with most voxels first."""
    components = subject.components
    objects = len(components.rank)
    # Nodes of a graph: 0 is outside, then come components of objects, then those of the background.
    nodes = np.where(background.volume > 0, background.volume.astype(np.int64) + (objects - 1), components.volume)
    nodes[unknown] = 0
    encloser = _enclosers(nodes, subject.data_box, objects)
    sizes = np.concatenate([components.sizes, background.sizes[1:]])
    seen = np.concatenate([components.inside(subject.kept), background.inside(subject.kept)[1:]])
    enclosed = np.flatnonzero(encloser)
    inside = np.bincount(components.rank[encloser[enclosed]], sizes[enclosed], len(components.ids))
    holes, nested = list[_Cavity](), list[_Cavity]()
    for rank in np.flatnonzero((inside > 0) & (inside < components.object_sizes)):
        parts = enclosed[(components.rank[encloser[enclosed]] == rank) & seen[enclosed]]
        empty, others = parts[parts >= objects], parts[parts < objects]
        others = others[components.rank[others] != rank]
        for found, chosen in ((holes, empty), (nested, others)):
            if len(chosen):
                first = objects - 1 if chosen is empty else 0
                found.append(_Cavity(int(components.ids[rank]), chosen - first, int(sizes[chosen].sum())))
    return sorted(holes, key=lambda one: -one.voxels), sorted(nested, key=lambda one: -one.voxels)


def _enclosers(nodes: np.ndarray, box: tuple[slice, ...], objects: int) -> np.ndarray:
    """The object's component that encloses each node, 0 if none does: from outside, all ways to the node lead through it.

    Nodes below `objects` are components of objects. Such nodes are the dominators of a graph.
    """
    import networkx

    count = int(nodes.max()) + 1
    codes = []
    for axis in range(nodes.ndim):
        low, high = shifted(axis, nodes.ndim)
        meet = nodes[low] != nodes[high]
        first, second = nodes[low][meet], nodes[high][meet]
        codes.append(np.unique(np.minimum(first, second) * count + np.maximum(first, second)))
    ends = np.stack(np.divmod(np.unique(np.concatenate(codes)), count), 1)
    part = nodes[box]
    faces = [np.unique(part.take([0, -1], axis)) for axis in range(part.ndim)]
    border = np.setdiff1d(np.concatenate(faces), [0])
    graph = networkx.DiGraph([(0, int(node)) for node in border])
    graph.add_node(0)
    graph.add_edges_from(ends.tolist())
    graph.add_edges_from(ends[:, ::-1].tolist())
    above = networkx.immediate_dominators(graph, 0)
    encloser = np.zeros(max(count, objects), np.int64)
    for node in above:
        outer = above[node] if node else None
        while outer and outer >= objects:
            outer = above[outer]
        encloser[node] = outer or 0
    return encloser


def _holes(subject: Subject, background: Components, severity: Severity, found: Sequence[_Cavity]) -> Finding:
    parts = np.concatenate([one.parts for one in found])
    voxels, what = sum(one.voxels for one in found), counted(len(parts), "hole")
    who = f"Object {found[0].id} has" if len(found) == 1 else f"{len(found):,} objects ({_ids(found)}) have"
    message = f"{who} {what} of background inside, of {counted(voxels, 'voxel')} in all."
    places = [(background.first[part], one.id) for one in found for part in one.parts]
    cure = Cure(f"Fill {either(len(parts), 'it', 'them')}", repair=_repainted(subject, places))
    where = background.voxels(np.isin(np.arange(len(background.rank)), parts))
    return subject.finding(HOLES, severity, message, where=where, numbers=_numbers(found), cure=cure)


def _nested(subject: Subject, components: Components, found: Sequence[_Cavity]) -> Finding:
    parts = np.concatenate([one.parts for one in found])
    inner = np.unique(components.ids[components.rank[parts]])
    lies, inside = either(len(inner), "lies", "lie"), f"object {found[0].id}"
    if len(found) > 1:
        inside = f"{len(found):,} others ({_ids(found)})"
    who = f"Object {inner[0]}" if len(inner) == 1 else f"{len(inner):,} objects ({listed(inner)})"
    message = f"{who} {lies} wholly inside {inside}, with {counted(sum(one.voxels for one in found), 'voxel')}."
    if set(parts) != set(np.flatnonzero(np.isin(components.rank, np.searchsorted(components.ids, inner)))):
        message = message.replace(f" {lies} wholly", f" {either(len(inner), 'has', 'have')} pieces that lie wholly")
    places = [(components.first[part], one.id) for one in found for part in one.parts]
    outer = f"object {found[0].id}" if len(found) == 1 else "the objects around them"
    cure = Cure(f"Give {either(len(parts), 'it', 'them')} to {outer}", repair=_repainted(subject, places))
    where = components.voxels(np.isin(np.arange(len(components.rank)), parts))
    numbers = _numbers(found) | {"inner": inner[:100]}
    return subject.finding(NESTED_OBJECT, "info", message, where=where, numbers=numbers, cure=cure)


def _ids(found: Sequence[_Cavity]) -> str:
    return listed(one.id for one in found)


def _numbers(found: Sequence[_Cavity]) -> dict[str, list[int]]:
    return {
        "ids": [one.id for one in found][:100],
        "parts": [len(one.parts) for one in found][:100],
        "voxels": [one.voxels for one in found][:100],
    }


def _repainted(subject: Subject, places: Sequence[tuple[int, int]]) -> Repair:
    """Pieces of what was read, by the flat index of a voxel, get other ids."""
    gt = subject.inspection.gt
    corner = (gt.offset - subject.inspection.request.source.gt.offset) / gt.voxel_size
    chosen = [
        (tuple(int(i) + int(c) for i, c in zip(np.unravel_index(flat, gt.spatial_shape), corner, strict=True)), number)
        for flat, number in places
    ]
    return Repair(partial(repainted, tuple(chosen)))


@check(SLIVERS, SINGLE_SECTION_ISLAND, slow=True)
def thin_pieces(subject: Subject) -> Iterator[Finding]:
    """Pieces that end within what was read and is annotated; voxels that touch by a corner are connected.

    Where voxels are at least twice as long along one axis as along both others, that is the axis of sections. A piece of 27
    voxels in a single section is an *island*, info; a warning if at least half of all objects, and more than 8, are such:
    then each section was labelled by itself. A *sliver* is no island, at least 6 voxels long, of 27 or more, and has nowhere
    two voxels side by side along all axes at once, but that of sections. Info; silent if slivers make up 5 % of the voxels of
    all objects, since then thin ones are what was drawn.
    """
    if not subject.has_objects:
        return
    components, axis = subject.components, section_axis(subject.voxel_size)
    closed = components.inside(subject.kept) & ~subject.open_components
    extents = components.boxes[..., 1] - components.boxes[..., 0]
    flat = np.zeros(len(components.rank), bool) if axis is None else extents[:, axis] == 1
    islands = closed & flat & (components.sizes >= SPECK)
    thin = closed & ~flat & (extents.max(1) >= LONG) & (components.sizes >= SPECK)
    thin &= ~components.among(_blocks(components.volume, axis))
    if components.sizes[thin].sum() < THIN_SHARE * components.sizes[1:].sum():
        yield from each_or_all(_of_objects(components, thin), partial(_slivers, subject))
    chosen = _of_objects(components, islands)
    alone = sum(bool(components.sizes[one].sum() == components.object_sizes[components.rank[one[0]]]) for one in chosen)
    if axis is not None and alone >= ISLANDS * subject.seen.sum() and len(chosen) > 8:
        yield _islands(subject, axis, "warning", chosen)
    elif axis is not None:
        yield from each_or_all(chosen, partial(_islands, subject, axis, "info"))


def section_axis(voxel_size: Sequence[float]) -> int | None:
    """The axis along which sections lie: that of three with voxels at least twice as long as along the others."""
    long = int(np.argmax(voxel_size))
    others = [size for axis, size in enumerate(voxel_size) if axis != long]
    return long if len(voxel_size) == 3 and voxel_size[long] >= COARSE * max(others) else None


def _blocks(volume: np.ndarray, sections: int | None) -> np.ndarray:
    """The components that have two voxels side by side along all axes but one, at each such place; 0 elsewhere."""
    found = volume
    for axis in range(volume.ndim):
        if axis != sections:
            low, high = shifted(axis, volume.ndim)
            found = np.where(found[low] == found[high], found[low], 0)
    return found


def _of_objects(components: Components, chosen: np.ndarray) -> list[np.ndarray]:
    """The chosen components of each object that has some, those with most voxels first."""
    found = np.flatnonzero(chosen)
    groups = [found[components.rank[found] == rank] for rank in np.unique(components.rank[found])]
    return sorted(groups, key=lambda one: -int(components.sizes[one].sum()))


def _slivers(subject: Subject, found: Sequence[np.ndarray]) -> Finding:
    return _thin(subject, SLIVERS, "info", "one voxel thin everywhere", found)


def _islands(subject: Subject, axis: int, severity: Severity, found: Sequence[np.ndarray]) -> Finding:
    components = subject.components
    at = components.boxes[np.concatenate(found), axis, 0]
    corner = (subject.inspection.gt.offset - subject.inspection.request.source.gt.offset)[axis]
    sections = np.unique(at + corner // subject.inspection.gt.voxel_size[axis])
    where = f"section {sections[0]}" if len(sections) == 1 else "one section each"
    return _thin(subject, SINGLE_SECTION_ISLAND, severity, f"in {where} only", found, severity == "warning")


def _thin(
    subject: Subject, kind: Kind, severity: Severity, what: str, found: Sequence[np.ndarray], all_over: bool = False
) -> Finding:
    components, parts = subject.components, np.concatenate(found)
    ids = components.ids[components.rank[[one[0] for one in found]]]
    voxels = [int(components.sizes[one].sum()) for one in found]
    whole = voxels == components.object_sizes[components.rank[[one[0] for one in found]]].tolist()
    if len(found) == 1:
        pieces = "" if whole else f"{either(len(parts), 'A piece', f'{len(parts):,} pieces')} of "
        who = f"{pieces}object {ids[0]} {either(len(parts), 'is', 'are')}"
    else:
        who = f"{len(ids):,} objects{'' if whole else ', or pieces of them,'} ({listed(ids)}) are"
    message = f"{who[0].upper()}{who[1:]} {what}, {counted(sum(voxels), 'voxel')} in all."
    if all_over:
        message += " Each section seems to have been labelled by itself: objects have other ids in the next."
    places = [(components.first[part], 0) for part in parts]
    cure = None if all_over else Cure(f"Delete {either(len(parts), 'it', 'them')}", repair=_repainted(subject, places))
    numbers = {"ids": ids[:100], "pieces": [len(one) for one in found][:100], "voxels": voxels[:100]}
    where = components.voxels(np.isin(np.arange(len(components.rank)), parts))
    return subject.finding(kind, severity, message, where=where, numbers=numbers, cure=cure)
