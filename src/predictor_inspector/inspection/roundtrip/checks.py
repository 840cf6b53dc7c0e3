"""Checks of the round trip: what can't come back from a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from predictor_inspector.core.config import config_of
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.text import amount, capitalised, counted, listed, percent, readable
from predictor_inspector.inspection.engine.run import Progress, run
from predictor_inspector.inspection.findings import (
    Cure,
    Finding,
    Kind,
    check,
    in_order,
    load_checks,
)
from predictor_inspector.inspection.findings.subject import Inputs, either
from predictor_inspector.inspection.roundtrip.decoder import DECODERS, Decoder, fitting_decoders
from predictor_inspector.inspection.roundtrip.round_trip import RoundTrip, round_trip
from predictor_inspector.inspection.roundtrip.scores import Overlaps

Offsets = tuple[tuple[int, ...], ...]

_COST = 0.01  # of the adapted Rand error: what is cheaper isn't worth a warning
_MUCH = 0.1  # of it, or of the voxels of objects: most objects don't come back

OFFSETS_MIRRORED = Kind(
    "offsets-mirrored",
    "The decoder takes affinities to lead the other way than they do in the target, and joins and cuts the wrong voxels.",
    "Give the decoder the target's offsets, or negate those that differ.",
)
XYZ_ORDER = Kind(
    "xyz-order",
    "The decoder's offsets are in the order x, y, z, those of the target in the order of the data's axes, z, y, x.",
    "Give the decoder the target's offsets, or turn each of its own around.",
)
NOT_INVERTIBLE = Kind(
    "not-invertible",
    "Even a perfect prediction of this target doesn't give the objects back: the decoder can't tell some of them apart, or "
    "cuts them.",
    "Use another decoder, or train another target.",
)
EROSION_COSTS = Kind(
    "erosion-costs",
    "Objects are eroded before the target is made, and what is taken from them doesn't come back, nor what is as thin.",
    "Erode less, or grow segments by as much after decoding.",
)
OBJECT_LOST = Kind(
    "object-lost",
    "An object doesn't come back at all: no segment has a voxel of it.",
    "Lower the decoder's thresholds, erode less, or choose a target that shows small objects.",
)
ID_IN_PIECES = Kind(
    "id-in-pieces",
    "An id lies in several pieces within the region, which come back as several segments: nothing in the target connects them.",
    "Read the scores of pieces, look at a larger region, or give pieces ids of their own.",
)


def check_round_trip(trip: RoundTrip, progress: Progress | None = None) -> tuple[Finding, ...]:
    """What a round trip tells about target and decoder; other decoders and parameters are tried where they may do better.

    `progress` is as in `inspect`: it is called with each check's name.
    """
    found: list[Finding] = []
    for each in load_checks()[0]:
        if each.of == "roundtrip":
            if progress is not None:
                progress(each.name, 0.0)
            found += each.run(trip)
    return in_order(found)


@check(OFFSETS_MIRRORED, XYZ_ORDER, of="roundtrip")
def unfit_offsets(trip: RoundTrip) -> Iterator[Finding]:
    """An error if the decoder has offsets of its own that are the target's with the other sign or order of axes, or both.

    All that differ must do so in one way. The target's offsets are tried, and the finding names them and both scores.
    """
    misfit = _misfit(trip)
    if misfit is None:
        return
    kind, words, own, theirs = misfit
    differing = [c.name for c, a, b in zip(trip.channels, own, theirs, strict=True) if a != b]
    fitting = round_trip(trip.inspection, _with_offsets(trip.decoder, own, theirs), trip.imperfection)
    neighborhood = [list(offset) for offset in theirs]
    yield Inputs(trip.truth).finding(
        kind,
        "error",
        f"{len(differing)} of the decoder's {counted(len(own), 'offset')} {words} the target's: the adapted Rand error is "
        f"{amount(trip.scores.arand)}; with the target's it is {amount(fitting.scores.arand)}.",
        f"Give the decoder the target's offsets: {neighborhood}.",
        channels=differing,
        numbers={"arand": trip.scores.arand, "arand_fitting": fitting.scores.arand, "neighborhood": neighborhood},
        cure=Cure("Take the target's offsets", decoder=config_of(DECODERS, fitting.decoder)),
    )


@check(NOT_INVERTIBLE, of="roundtrip")
def not_invertible(trip: RoundTrip) -> Iterator[Finding]:
    """Of perfect predictions, if segments hold several objects, or connected pieces of objects are cut.

    An error if that concerns at least 10 % of the objects' voxels, a warning from 1 % on. The other decoders that can decode
    the target are tried, and for affinities offsets to the next voxels where some are missing; what halves the error is
    named. Not said where the decoder's offsets don't fit, or where erosion is why.
    """
    eroded = any(_erosion(trip, channel.roles) for channel in trip.channels)
    if not trip.imperfection.is_none or eroded or _misfit(trip) is not None:
        return
    overlaps = trip.overlaps if trip.piece_overlaps is None else trip.piece_overlaps
    merged, cut = trip.overlaps.merged_voxels(), overlaps.split_voxels()
    share = _share(trip, merged | cut)
    if share < _COST:
        return
    texts = []
    if trip.merges:
        objects = sum(len(merge.objects) for merge in trip.merges)
        texts.append(f"{objects:,} objects come back as {counted(len(trip.merges), 'segment')}")
    if overlaps.splits:
        texts.append(
            f"{counted(len(overlaps.splits), 'connected piece')} {either(len(overlaps.splits), 'is', 'are')} cut"
        )
    here = overlaps.scores.arand
    others = {kind: arand for kind, arand in _other_decoders(trip).items() if arand < here / 2}
    best = min(others, key=others.__getitem__, default=None)
    advice, cure = NOT_INVERTIBLE.remedy, None
    nearer = _with_next_neighbours(trip)
    if nearer is not None and (arand := _arand(nearer)) < here / 2:
        name = trip.channels[0].roles["offsets"]
        offsets = getattr(nearer.inspection.request.predictor, name)
        added = [list(offset) for offset in offsets[len(trip.channels) :]]
        advice = (
            f"Add offsets to the next voxels, {listed(added)}, with which the adapted Rand error is {amount(arand)}."
        )
        cure = Cure("Add offsets to the next voxels", {name: offsets})
    elif best is not None:
        advice = f"Use the decoder {best}, whose adapted Rand error is {amount(others[best])} with its defaults."
        cure = Cure(f"Use {readable(best)}", decoder={"kind": best})
    yield Inputs(trip.truth).finding(
        NOT_INVERTIBLE,
        "error" if share >= _MUCH else "warning",
        f"Of a perfect prediction, {DECODERS.name_of(type(trip.decoder))} makes other objects: {' and '.join(texts)}; that "
        f"concerns {percent(share)} of the voxels of objects, and the adapted Rand error is {amount(here)}.",
        advice,
        merged | cut,
        {"share": share, "arand": here, "merges": len(trip.merges), "splits": len(overlaps.splits), "better": best},
        cure=cure,
    )


@check(EROSION_COSTS, of="roundtrip")
def erosion_costs(trip: RoundTrip) -> Iterator[Finding]:
    """A warning if, without the erosion of objects, the adapted Rand error is lower by at least 0.01: that is tried."""
    request = trip.inspection.request
    for name, value in {k: v for channel in trip.channels for k, v in _erosion(trip, channel.roles).items()}.items():
        predictor: Any = request.predictor
        without = round_trip(
            run(replace(request, predictor=replace(predictor, **{name: 0}))), trip.decoder, trip.imperfection
        )
        cost = trip.scores.arand - without.scores.arand
        if cost < _COST:
            continue
        lost = (trip.truth.numpy() > 0) & (trip.segmentation.numpy() == 0)
        yield Inputs(trip.truth).finding(
            EROSION_COSTS,
            "warning",
            f"Eroding objects {counted(value, 'time')} raises the adapted Rand error from "
            f"{amount(without.scores.arand)} to {amount(trip.scores.arand)}: {percent(_share(trip, lost))} of the voxels of "
            f"objects don't come back, and {counted(len(trip.lost), 'object')} not at all.",
            where=lost,
            numbers={"arand": trip.scores.arand, "arand_without": without.scores.arand, name: value},
            cure=Cure(f"Set {readable(name)} to 0", {name: 0}),
        )


@check(OBJECT_LOST, of="roundtrip")
def lost_objects(trip: RoundTrip) -> Iterator[Finding]:
    """A warning if there are objects that no segment has a voxel of."""
    if trip.lost:
        names, many = [trip.name(obj) for obj in trip.lost], len(trip.lost) > 1
        where = np.isin(trip.truth.numpy(), trip.lost)
        yield Inputs(trip.truth).finding(
            OBJECT_LOST,
            "warning",
            f"{capitalised(listed(names))} {either(len(names), 'does', 'do')} not come back: no segment has one of "
            f"{'their' if many else 'its'} {counted(int(np.count_nonzero(where)), 'voxel')}.",
            where=where,
            numbers={"objects": names},
        )


@check(ID_IN_PIECES, of="roundtrip")
def ids_in_pieces(trip: RoundTrip) -> Iterator[Finding]:
    """If ids lie in several pieces that come back as several segments; faces, edges and corners connect voxels.

    A warning if the adapted Rand error of ids is higher by at least 0.01 than that of pieces, else good to know. Not said
    where offsets don't fit.
    """
    pieces = trip.piece_scores
    if pieces is None or trip.pieces is None or _misfit(trip) is not None:
        return
    apart = {split.object for split in Overlaps.of(trip.truth.numpy(), trip.pieces.numpy()).splits}
    found = [split for split in trip.splits if split.object in apart]
    if not found:
        return
    names = [trip.name(split.object) for split in found]
    cost = trip.scores.arand - pieces.arand
    yield Inputs(trip.truth).finding(
        ID_IN_PIECES,
        "warning" if cost >= _COST else "info",
        f"{capitalised(listed(names))} {either(len(names), 'lies', 'lie')} in several "
        f"pieces that come back as several segments: the adapted Rand error is {amount(trip.scores.arand)} of ids, and "
        f"{amount(pieces.arand)} of pieces.",
        where=trip.overlaps.split_voxels(found),
        numbers={"objects": names, "arand": trip.scores.arand, "arand_of_pieces": pieces.arand},
    )


def _misfit(trip: RoundTrip) -> tuple[Kind, str, Offsets, Offsets] | None:
    """How the decoder's own offsets differ from the target's, a kind and its words, and both; None if they don't."""
    own, theirs = trip.decoder.offsets(trip.channels), tuple(channel.offset for channel in trip.channels)
    if len(own) != len(theirs) or own == theirs:
        return None
    ways = {
        "mirrored": (OFFSETS_MIRRORED, "point the other way than"),
        "turned": (XYZ_ORDER, "are in the order x, y, z, unlike"),
        "both": (XYZ_ORDER, "are in the order x, y, z and point the other way, unlike"),
    }
    differing = [(a, b) for a, b in zip(own, theirs, strict=True) if a != b]
    for way, (kind, words) in ways.items():
        if all(_changed(a, way) == b for a, b in differing):
            return kind, words, own, theirs
    return None


def _changed(offset: Sequence[int], way: str) -> tuple[int, ...]:
    turned = tuple(offset) if way == "mirrored" else tuple(reversed(offset))
    return turned if way == "turned" else tuple(-step for step in turned)


def _with_offsets(decoder: Decoder, own: Any, theirs: Any) -> Decoder:
    """The decoder with other offsets, in the parameter that has its own."""
    names = [p.name for p in parameters_of(type(decoder)) if p.holds_offsets and getattr(decoder, p.name) == own]
    changed: Any = decoder
    return replace(changed, **{names[0]: theirs}) if names else decoder


def _erosion(trip: RoundTrip, roles: Mapping[str, str]) -> dict[str, int]:
    """The parameter that erodes objects and its value, if there is one that does."""
    name = roles.get("erosion")
    value = 0 if name is None else int(getattr(trip.inspection.request.predictor, name))
    return {name: value} if name is not None and value else {}


def _other_decoders(trip: RoundTrip) -> dict[str, float]:
    """The adapted Rand error, of pieces where there are any, of other decoders with their defaults; those that work."""
    found = {}
    for kind in fitting_decoders(trip.inspection.channels):
        cls = DECODERS.load(kind)
        if cls is type(trip.decoder) or any(p.required for p in parameters_of(cls)):
            continue
        try:
            other = round_trip(trip.inspection, cls())
        except (ImportError, ValueError):  # its library isn't installed, or it doesn't take data of so many axes
            continue
        found[kind] = _arand(other)
    return found


def _with_next_neighbours(trip: RoundTrip) -> RoundTrip | None:
    """The round trip with affinities to the next voxel along each axis too; None if there are all, or no affinities."""
    inspection, name = trip.inspection, trip.channels[0].roles.get("offsets")
    if name is None:
        return None
    axes = [axis for axis, size in enumerate(inspection.target.spatial_shape) if size > 1]
    near = {axis for c in trip.channels for axis in axes if abs(c.offset[axis]) == 1 == sum(map(abs, c.offset))}
    missing = [tuple(int(a == axis) for a in range(inspection.gt.dims)) for axis in axes if axis not in near]
    if not missing:
        return None
    predictor: Any = inspection.request.predictor
    changed = replace(predictor, **{name: (*getattr(predictor, name), *missing)})
    try:
        return round_trip(run(replace(inspection.request, predictor=changed)), trip.decoder)
    except ValueError:  # a decoder with a bias or a stride for each offset has none for more of them
        return None


def _arand(trip: RoundTrip) -> float:
    """Of pieces, or where there are none, of ids."""
    return (trip.piece_scores or trip.scores).arand


def _share(trip: RoundTrip, flags: np.ndarray) -> float:
    """The share of the objects' voxels that so many make up."""
    return int(np.count_nonzero(flags)) / max(1, int(np.count_nonzero(trip.truth.numpy() > 0)))
