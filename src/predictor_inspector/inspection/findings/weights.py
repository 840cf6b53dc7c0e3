"""Checks of the weights: values without weight, and balance of the classes of each channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised, listed, percent, readable
from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Severity, Subject, check

_MASK, _PAIR, _DISTANCE, _AROUND, _CLASS, _OTHER = range(1, 7)
_REASONS = {
    _MASK: (
        "not annotated",
        "because they are not annotated",
        "Nothing to do if the mask is right; else choose another one, or another region.",
    ),
    _PAIR: (
        "partner unknown",
        "because their partner lies outside the data or is not annotated{mask}",
        "Nothing to do: such an affinity isn't known. Shorter offsets or a region away from the edge lose fewer.",
    ),
    _DISTANCE: (
        "distance unknown",
        "because their nearest boundary may lie beyond what is known{mask}",
        "Nothing to do if few are lost; a smaller scale factor, or ground truth that reaches further, loses fewer.",
    ),
    _AROUND: (
        "surroundings unknown",
        "because their target depends on voxels that are not annotated or outside the data{mask}",
        "Nothing to do if few are lost; ground truth that reaches further loses fewer.",
    ),
    _CLASS: (
        "no class",
        "because their id is no class or is ignored",
        "Add a name to classes for each id that shall be learnt.",
    ),
    _OTHER: ("other", "for reasons of the predictor's own", "See what create_weight of the predictor does there."),
}
_REASON_OF = {"affinity": _PAIR, "signed distance": _DISTANCE, "distance": _DISTANCE}

REASONS = ("has weight", *(name for name, _, _ in _REASONS.values()))
"""What the values of `zero_weight_reasons` mean."""

MANY_DROPPED = 0.75  # of the annotated voxels; if the distance mask takes more it takes too many
SMALL_SHARE = 0.1  # of a channel's total weight; a class with less hardly counts, though it was to have half
DRIFT = 3.0  # factor between the weights from moving counts and those from the region alone

ZERO_WEIGHT = Kind(
    "zero-weight",
    "Some values have weight 0, so nothing is learnt from them: they are not annotated, an affinity's partner is unknown, "
    "a distance or the surroundings of a voxel can't be known, or an id is no class.",
    "Look where they are: if the reason isn't what you expect there, correct the mask or the parameter that it names.",
)
CLASS_ABSENT = Kind(
    "class-absent",
    "One of a channel's two classes doesn't occur among the voxels with weight.",
    "Choose a region that has both, or leave the channel out; if there should be both, look at the ground truth.",
)
CHANNEL_CONSTANT = Kind(
    "channel-constant",
    "A channel's target is the same everywhere it has weight, so there is nothing to learn from it.",
    "Choose another region, or leave the channel out.",
)
WEIGHT_CLIPPED = Kind(
    "weight-clipped",
    "A class is so rare that its weight is clipped: it counts for less than the other class.",
    "Lower clipmin if the rare class matters as much, or choose regions where it is more frequent.",
)
COUNT_DRIFT = Kind(
    "count-drift",
    "The class counts of earlier regions give other weights than this region's own would.",
    "Start the counts afresh to see this region's own weights; in training, draw regions evenly from all data.",
)


def zero_weight_reasons(subject: Subject) -> Array:
    """Why each value has weight 0: uint8, [C, Z, Y, X], on the ROI, numbers into `REASONS`; 0 where it has weight."""
    weight = subject.weight
    reasons = np.zeros(weight.shape, dtype=np.uint8)
    for i, channel in enumerate(subject.channels):
        if subject.statistics[i].unweighted > 0:
            usual = _AROUND if "mask" in channel.roles else _OTHER
            code = _REASON_OF.get(channel.kind, usual) if channel.label is None else _CLASS
            known = subject.known_in(channel)[subject.kept]
            reasons[i] = (weight[i] == 0) * np.where(known, np.uint8(code), np.uint8(_MASK))
    return subject.inspection.weight.like(reasons, subject.inspection.weight.axis_names)


@check(ZERO_WEIGHT)
def zero_weight(subject: Subject) -> Iterator[Finding]:
    """Info for each reason that occurs, with its voxels.

    A warning if the distance mask takes more than three quarters of what is annotated, so that little but the surroundings
    of boundaries is left, or if a channel has no weight at all; an error if no channel has any.
    """
    lacking = {i: s.unweighted == 1 for i, s in enumerate(subject.statistics) if s.unweighted > 0}
    if not lacking:
        return
    nothing = all(lacking.values()) and len(lacking) == len(subject.channels)
    reasons = zero_weight_reasons(subject).data
    for code, (reason, because, advice) in _REASONS.items():
        flags = {i: reasons[i] == code for i in lacking}
        flags = {i: flag for i, flag in flags.items() if flag.any()}
        if not flags:
            continue
        channels = [subject.channels[i] for i in flags]
        where = np.logical_or.reduce(list(flags.values()))
        most = max(float(flag.mean()) for flag in flags.values())
        annotated = min(float(subject.known_in(channel)[subject.kept].mean()) for channel in channels)
        many = code == _DISTANCE and most > MANY_DROPPED * annotated
        masks = dict.fromkeys(channel.roles["mask"] for channel in channels if "mask" in channel.roles)
        because = because.format(mask=f" ({listed(map(readable, masks))})" if masks else "")
        lead = f"{'nothing is learnt: ' if nothing else ''}{'' if len(flags) == 1 else 'up to '}"
        yield subject.finding(
            ZERO_WEIGHT,
            "error" if nothing else "warning" if many or any(lacking[i] for i in flags) else "info",
            capitalised(f"{lead}{percent(most)} of the voxels have weight 0 {because}."),
            advice,
            [channel.name for channel in channels],
            where,
            {"reason": reason, "voxels": int(np.count_nonzero(where)), "fraction": most},
        )


@check(CLASS_ABSENT, CHANNEL_CONSTANT)
def classes(subject: Subject) -> Iterator[Finding]:
    """Counts voxels with weight, so that what the mask leaves out doesn't matter.

    Warnings. Info where only background is missing, which is how dense tissue is (but a distance that is the same everywhere
    is a warning), and where a class of many isn't in a part of the data.
    """
    partial = subject.roi != subject.inspection.regions.data

    def absent_class(channel: Channel, now: ChannelStatistics) -> tuple[str, int] | None:
        lacks_one = 0 in now.counts and now.counts != (0, 0) and channel.kind != "constant"
        return (_class_kind(channel), now.counts.index(0)) if lacks_one else None

    def constant(channel: Channel, now: ChannelStatistics) -> tuple[str, float] | None:
        if now.counts == (0, 0) or channel.kind == "constant":
            return None
        kind = channel.kind if channel.label is None else "class"
        if channel.is_binary:
            return (kind, float(now.counts[0] == 0)) if 0 in now.counts else None
        return (kind, now.minimum) if now.minimum == now.maximum else None

    for (kind, absent), found, names in _grouped(subject, absent_class):
        dense = kind == "objects" and absent == 0
        negative, positive = zip(*(subject.statistics[i].counts for i in found), strict=True)
        yield subject.finding(
            CLASS_ABSENT,
            "info" if dense or (kind == "class" and partial) else "warning",
            f"{_class_name(kind, absent, names)} {_verb(kind, 'occurs')} nowhere with weight.",
            "Nothing to do in dense tissue." if dense else "",
            names,
            numbers={"negative": negative, "positive": positive},
            cure=None if dense or (kind == "class" and partial) else _leave_out(subject, found),
        )
    for (kind, value), found, names in _grouped(subject, constant):
        harmless = (kind == "class" and partial) or (kind == "one-hot" and value > 0)
        same = f"The target of {listed(names)} is {value:.3g} everywhere it has weight"
        message = f"{same}: there is nothing to learn from it."
        severity: Severity = "info" if harmless else "warning"
        cure = None if harmless else _leave_out(subject, found)
        yield subject.finding(CHANNEL_CONSTANT, severity, message, channels=names, numbers={"value": value}, cure=cure)


def _leave_out(subject: Subject, found: list[int]) -> Cure | None:
    """Leave the offsets of some affinities out, if others are left."""
    channels = [subject.channels[i] for i in found]
    parameter = channels[0].roles.get("offsets")
    if parameter is None or any(channel.kind != "affinity" for channel in channels):
        return None
    unwanted = {tuple(channel.offset) for channel in channels}
    kept = tuple(tuple(o) for o in getattr(subject.predictor, parameter) if tuple(o) not in unwanted)
    return Cure(f"Leave {listed([c.name for c in channels], 3)} out", {parameter: kept}) if kept else None


@check(WEIGHT_CLIPPED)
def weight_clipped(subject: Subject) -> Iterator[Finding]:
    """Info as soon as a fraction lies beyond a clip and both classes occur: that is what clips are for.

    A warning where the rare class is left with less than a tenth of the channel's weight instead of half, if that class is
    what is to be found: objects, a class, or either kind of affinity. Rare background is the nature of dense tissue.
    """
    counts = subject.inspection.counts
    if not isinstance(counts, ClassCounts):
        return
    fractions = counts.fractions.numpy()

    def clipped(channel: Channel, now: ChannelStatistics) -> tuple[str, int, bool] | None:
        clips, both = _balanced_between(subject, channel, now), fractions[channel.row]
        if clips is None or (clips[0] <= both.min() and both.max() <= clips[1]):
            return None
        rare = int(both.argmin())
        serious = _share_of(now, rare) < SMALL_SHARE and (rare == 1 or channel.kind == "affinity")
        return channel.kind, rare, serious

    for (_, rare, serious), found, names in _grouped(subject, clipped):
        channels = [subject.channels[i] for i in found]
        kind = _class_kind(channels[0])
        shares = [_share_of(subject.statistics[i], rare) for i in found]
        part = [float(fractions[channel.row][rare]) for channel in channels]
        low, high = clips_of(subject.predictor, channels[0]) or (0.0, 1.0)
        clipmin, clipmax = channels[0].roles["clipmin"], channels[0].roles["clipmax"]
        # Descriptors share their weight.
        shown = found[:1] if channels[0].kind == "descriptor" else found
        flags = [(subject.positive[i] == bool(rare)) & (subject.weight[i] > 0) for i in shown]
        share = percent(min(part))
        beyond = f"is rarer ({share}) than {readable(clipmin)} ({percent(low)})"
        if min(part) >= low:
            beyond = f"is so rare ({share}) that the other is beyond {readable(clipmax)} ({percent(high)})"
        least = _rounded_down(min(part))
        cure = None
        if 0 < least <= 1 - least:
            bounds = {clipmin: min(low, least), clipmax: max(high, _rounded_up(1 - least))}
            cure = Cure(f"Lower {readable(clipmin)} to {least:g}", bounds)
        yield subject.finding(
            WEIGHT_CLIPPED,
            "warning" if serious else "info",
            f"Class {rare} ({_lower(_class_name(kind, rare, names))}) {beyond}, so it gets {percent(min(shares))} of the "
            "weight, not 50 %.",
            f"Lower {readable(clipmin)} from {low:g} to {least:g} to balance the classes, or choose regions where they are "
            "more even.",
            names,
            np.logical_or.reduce(flags),
            {"fractions": part, "shares": shares, "clipmin": low},
            cure,
        )


@check(COUNT_DRIFT)
def count_drift(subject: Subject) -> Iterator[Finding]:
    """A warning if moving counts were given and make a class's weight three times what it would be otherwise, or a third."""
    before, after = subject.inspection.request.counts, subject.inspection.counts
    if not (isinstance(before, ClassCounts) and isinstance(after, ClassCounts)) or int(before.count.sum()) == 0:
        return
    alone = (after - before.to("cpu")).count.double().numpy()
    moving = after.fractions.numpy()

    def factor(channel: Channel, now: ChannelStatistics) -> float | None:
        clips = _balanced_between(subject, channel, now)
        return None if clips is None else drift_factor(alone[channel.row], moving[channel.row], clips)

    for value, _, names in _grouped(subject, factor):
        weighs = f"a class of {listed(names)} weighs {times(value)} what it would with this region's"
        message = f"With the counts of earlier regions, {weighs}."
        cure = Cure("Start the counts afresh", settings={"counts": None})
        yield subject.finding(COUNT_DRIFT, "warning", message, channels=names, numbers={"factor": value}, cure=cure)


def drift_factor(counts: np.ndarray, moving: np.ndarray, clips: tuple[float, float]) -> float | None:
    """The weight from moving fractions, [2], over that from a region's own counts, [2], of the class that is furthest off.

    None if it is off by less than `DRIFT`, or if the region hasn't both classes, which is another kind of finding.
    """
    if counts.min() == 0:
        return None
    ratio = np.clip(counts / counts.sum(), *clips) / np.clip(moving, *clips)
    worst = float(ratio[np.abs(np.log(ratio)).argmax()])
    return round(worst, 3) if max(worst, 1 / worst) >= DRIFT else None


def times(factor: float) -> str:
    """``"3.2 times"`` or ``"1/3.2 of"``."""
    return f"{factor:.2g} times" if factor > 1 else f"1/{1 / factor:.2g} of"


def clips_of(predictor: Predictor, channel: Channel) -> tuple[float, float] | None:
    """The fractions between which the classes of a channel are balanced, or None if they aren't."""
    low, high = (predictor.value_of(channel, role) for role in ("clipmin", "clipmax"))
    return None if low is None or high is None else (float(low), float(high))


def _rounded_down(share: float) -> float:
    """To two digits."""
    return float(f"{share * 0.95:.2g}")


def _rounded_up(share: float) -> float:
    return min(1.0, round(share + 5e-7, 6))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _grouped(
    subject: Subject, key: Callable[[Channel, ChannelStatistics], Any]
) -> Iterator[tuple[Any, list[int], list[str]]]:
    """Channels with the same key, by number and by name; it is None for those to leave out."""
    keys = [key(*channel) for channel in zip(subject.channels, subject.statistics, strict=True)]
    kept = sorted((i for i, k in enumerate(keys) if k is not None), key=lambda i: (str(keys[i]), i))
    for value, members in groupby(kept, key=lambda i: keys[i]):
        found = list(members)
        yield value, found, [subject.channels[i].name for i in found]


def _balanced_between(subject: Subject, channel: Channel, now: ChannelStatistics) -> tuple[float, float] | None:
    """As `clips_of`, for channels that have class counts and both classes."""
    counted = channel.row is not None and min(now.counts) > 0
    return clips_of(subject.predictor, channel) if counted else None


def _share_of(statistics: ChannelStatistics, which: int) -> float:
    return statistics.positive_share if which == 1 else 1 - statistics.positive_share


def _class_kind(channel: Channel) -> str:
    """What a channel tells apart: ``"affinity"`` (pairs), ``"boundary"``, ``"flow"``, ``"class"``, ``"objects"``; or ``""``."""
    if channel.label is not None:
        return "class"
    if channel.is_distance or channel.kind in ("one-hot", "descriptor", "depth", "ray", "ray 3-D"):
        return "objects"
    return channel.kind if channel.kind in ("affinity", "boundary", "flow") else ""


def _class_name(kind: str, which: int, names: list[str]) -> str:
    """A channel's negative (0) or positive (1) class, as a sentence begins with it."""
    return {
        "affinity": ("Pairs that a boundary splits", "Pairs within one object"),
        "boundary": ("Voxels apart from the boundary", "Voxels of the boundary"),
        "flow": (f"Voxels where {listed(names)} is 0 or less", f"Voxels where {listed(names)} is above 0"),
        "class": ("Voxels of any other class", f"Voxels of {listed(names)}"),
        "objects": ("Background", "The inside of objects"),
    }.get(kind, (f"The negative class of {listed(names)}", f"The positive class of {listed(names)}"))[which]


def _verb(kind: str, singular: str) -> str:
    return singular.removesuffix("s") if kind in ("affinity", "boundary", "class", "flow") else singular
