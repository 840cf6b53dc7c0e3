"""Checks of the weights: who has none, and whether the classes of each channel count for something."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from predictor_inspector.core import DummyPredictor
from predictor_inspector.core.array import Array
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import listed, percent
from predictor_inspector.inspection.findings.checks import Kind, check
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.subject import Role, Subject

REASONS = ("has weight", "not annotated", "partner unknown", "distance unknown", "no class", "other")
"""What the values of `zero_weight_reasons` mean."""

_MASK, _PAIR, _DISTANCE, _CLASS, _OTHER = range(1, len(REASONS))
_BY_ROLE = {"affinity": _PAIR, "distance": _DISTANCE, "class": _CLASS}
_BECAUSE = {
    _MASK: "because they are not annotated",
    _PAIR: "because their partner lies outside the data or is not annotated (mask_pairs)",
    _DISTANCE: "because their nearest boundary may lie beyond what is known (mask_distances)",
    _CLASS: "because their id is no class",
    _OTHER: "for reasons of the predictor's own",
}
_ADVICE = {
    _MASK: "Nothing to do if the mask is right; else choose another one, or another region.",
    _PAIR: "Nothing to do: such an affinity isn't known. Shorter offsets or a region away from the edge lose fewer.",
    _DISTANCE: "Nothing to do if few are lost; a smaller scale_factor, or ground truth that reaches further, loses fewer.",
    _CLASS: "Add a name to classes for each id that shall be learnt.",
    _OTHER: "See what create_weight of the predictor does there.",
}

MANY_DROPPED = 0.75
"""Share of the annotated voxels that the distance mask may take before that is more than an edge."""

SMALL_SHARE = 0.1
"""Of a channel's total weight; a class with less of it than this hardly counts, though it was to have half."""

DRIFT = 3.0
"""Factor between the weights from moving counts and those from the region alone."""


def zero_weight_reasons(subject: Subject) -> Array:
    """Why each value has weight 0: uint8, [C, Z, Y, X], on the ROI, numbers into `REASONS`; 0 where it has weight."""
    weight = subject.weight
    reasons = np.zeros(weight.shape, dtype=np.uint8)
    for channel, role in enumerate(subject.roles):
        if subject.statistics[channel].unweighted > 0:
            known = subject.known_in(channel)[subject.kept]
            code = np.where(known, np.uint8(_BY_ROLE.get(role.kind, _OTHER)), np.uint8(_MASK))
            reasons[channel] = (weight[channel] == 0) * code
    return subject.inspection.weight.like(reasons, subject.inspection.weight.axis_names)


@check(
    Kind(
        "zero-weight",
        "Some values have weight 0, so nothing is learnt from them: they are not annotated, an affinity's partner is "
        "unknown, a distance can't be known, or an id is no class.",
        "Look where they are: if the reason isn't what you expect there, mend the mask or the parameter that it names.",
    )
)
def zero_weight(subject: Subject) -> Iterator[Finding]:
    """Info for each reason that occurs, with its voxels.

    A warning if the distance mask takes more than three quarters of what is annotated, which leaves little but the
    surroundings of boundaries, or if a channel has no weight at all; an error if no channel has any.
    """
    dead = [i for i, s in enumerate(subject.statistics) if s.unweighted == 1]
    if not any(s.unweighted > 0 for s in subject.statistics):
        return
    reasons = zero_weight_reasons(subject).data
    for code, because in _BECAUSE.items():
        found = [i for i, s in enumerate(subject.statistics) if s.unweighted > 0 and (reasons[i] == code).any()]
        if not found:
            continue
        where = np.logical_or.reduce([reasons[i] == code for i in found])
        most = max(float((reasons[i] == code).mean()) for i in found)
        annotated = min(float(subject.known_in(i)[subject.kept].mean()) for i in found)
        many = code == _DISTANCE and most > MANY_DROPPED * annotated
        nothing = len(dead) == len(subject.names)
        voxels = int(np.count_nonzero(where))
        what = (
            f"{percent(most)} of the voxels have weight 0"
            if len(found) == 1
            else f"Up to {percent(most)} of the voxels have weight 0"
        )
        yield subject.finding(
            "zero-weight",
            "error" if nothing else "warning" if many or any(i in dead for i in found) else "info",
            f"{'Nothing is learnt: ' if nothing else ''}{what} {because}.",
            _ADVICE[code],
            [subject.names[i] for i in found],
            subject.place(where),
            {"reason": REASONS[code], "voxels": voxels, "fraction": most},
        )


@check(
    Kind(
        "class-absent",
        "One of a channel's two classes doesn't occur among the voxels with weight.",
        "Choose a region that has both, or leave the channel out; if there should be both, look at the ground truth.",
    ),
    Kind(
        "channel-constant",
        "A channel's target is the same everywhere it has weight, so there is nothing to learn from it.",
        "Choose another region, or leave the channel out.",
    ),
)
def classes(subject: Subject) -> Iterator[Finding]:
    """Counts voxels with weight, so that what the mask leaves out doesn't matter.

    Warnings. Info where only background is missing, which is how dense tissue is (but a distance that is the same everywhere
    is a warning), and where a class of many isn't in a part of the data.
    """
    if isinstance(subject.predictor, DummyPredictor):
        return
    partial = subject.roi != subject.inspection.regions.data
    for (kind, absent), channels in _grouped(subject, _absent_class):
        names = [subject.names[i] for i in channels]
        dense = kind in ("distance", "lsd") and absent == 0
        yield subject.finding(
            "class-absent",
            "info" if dense or (kind == "class" and partial) else "warning",
            f"{_class_name(kind, absent, names)} {'occur' if kind in ('affinity', 'class') else 'occurs'} nowhere with weight.",
            "Nothing to do in dense tissue."
            if dense
            else "Choose a region that has both, or look at the ground truth.",
            names,
            numbers={
                "negative": [subject.statistics[i].counts[0] for i in channels],
                "positive": [subject.statistics[i].counts[1] for i in channels],
            },
        )
    for (kind, value), channels in _grouped(subject, _constant):
        names = [subject.names[i] for i in channels]
        yield subject.finding(
            "channel-constant",
            "info" if (kind == "class" and partial) or (kind == "hot" and value > 0) else "warning",
            f"The target of {listed(names)} is {value:.3g} everywhere it has weight.",
            "Choose another region, or leave the channel out: there is nothing to learn from it.",
            names,
            numbers={"value": value},
        )


@check(
    Kind(
        "weight-clipped",
        "A class is so rare that its weight ends at a clip: it counts for less than the other class.",
        "Lower clipmin if the rare class matters as much, or choose regions where it is more frequent.",
    )
)
def weight_clipped(subject: Subject) -> Iterator[Finding]:
    """Info as soon as a fraction lies beyond a clip and both classes occur: that is what clips are for.

    A warning where the rare class is left with less than a tenth of the channel's weight instead of half, if that class is
    what is to be found: objects, a class, or either kind of affinity. Rare background is the nature of dense tissue.
    """
    counts = subject.inspection.counts
    clips = [clips_of(subject.predictor, role) for role in subject.roles]
    if not isinstance(counts, ClassCounts) or any(c is None for c in clips):
        return
    fractions = counts.fractions.numpy()

    def key(channel: int) -> tuple[str, int, bool] | None:
        row = min(channel, len(fractions) - 1)
        low, high = clips[channel] or (0.0, 1.0)
        now, role = subject.statistics[channel], subject.roles[channel]
        if min(now.counts) == 0 or (low <= fractions[row].min() and fractions[row].max() <= high):
            return None
        rare = int(fractions[row].argmin())
        serious = _share_of(now, rare) < SMALL_SHARE and (rare == 1 or role.kind == "affinity")
        return role.kind, rare, serious

    for (kind, rare, serious), channels in _grouped(subject, lambda s, i: key(i)):
        names = [subject.names[i] for i in channels]
        shares = [_share_of(subject.statistics[i], rare) for i in channels]
        part = [float(fractions[min(i, len(fractions) - 1)][rare]) for i in channels]
        plural = kind == "affinity"
        flags = [
            (subject.positive[i] == bool(rare)) & (subject.weight[i] > 0)
            for i in channels[: 1 if kind == "lsd" else None]
        ]
        low = (clips[channels[0]] or (0.0, 1.0))[0]
        yield subject.finding(
            "weight-clipped",
            "warning" if serious else "info",
            f"{_class_name(kind, rare, names)} {'make' if plural else 'makes'} up only {percent(min(part))} of the "
            f"voxels, beyond a clip, "
            f"so {'they have' if plural else 'it has'} {percent(min(shares))} of the channel's weight instead of half.",
            f"Lower clipmin from {low:g} to {min(part):.2g} to balance the classes, or choose regions where they are more "
            "even.",
            names,
            subject.place(np.logical_or.reduce(flags)),
            {"fractions": part, "shares": shares, "clipmin": low},
        )


@check(
    Kind(
        "count-drift",
        "The class counts of earlier regions give other weights than this region's own would.",
        "Start the counts afresh to see this region's own weights; in training, draw regions evenly from all data.",
    )
)
def count_drift(subject: Subject) -> Iterator[Finding]:
    """A warning if moving counts were given and make a class's weight three times what it would be otherwise, or a third."""
    before, after = subject.inspection.request.counts, subject.inspection.counts
    if not (isinstance(before, ClassCounts) and isinstance(after, ClassCounts)) or int(before.count.sum()) == 0:
        return
    alone = (after - before.to("cpu")).count.double().numpy()
    moving = after.fractions.numpy()

    def factor(channel: int) -> float | None:
        row, clips = min(channel, len(moving) - 1), clips_of(subject.predictor, subject.roles[channel])
        if clips is None or min(subject.statistics[channel].counts) == 0 or alone[row].sum() == 0:
            return None
        extreme = drift_factor(alone[row], moving[row], clips)
        return extreme if extreme is not None and max(extreme, 1 / extreme) >= DRIFT else None

    for (value,), channels in _grouped(subject, lambda s, i: None if (f := factor(i)) is None else (round(f, 3),)):
        times = f"{value:.2g} times" if value > 1 else f"1/{1 / value:.2g} of"
        names = [subject.names[i] for i in channels]
        yield subject.finding(
            "count-drift",
            "warning",
            f"With the counts of earlier regions, a class of {listed(names)} weighs {times} what it would with this region's.",
            "Start the counts afresh to see this region's own weights; in training, draw regions evenly from all data.",
            names,
            numbers={"factor": value},
        )


def drift_factor(counts: np.ndarray, moving: np.ndarray, clips: tuple[float, float]) -> float | None:
    """The weight from moving fractions, [2], over that from a region's own counts, [2], of the class that is furthest off.

    None if the region hasn't both classes, since one alone is another finding's.
    """
    if counts.min() == 0:
        return None
    ratio = np.clip(counts / counts.sum(), *clips) / np.clip(moving, *clips)
    return float(ratio[np.abs(np.log(ratio)).argmax()])


def _grouped(subject: Subject, key: Any) -> Iterator[tuple[Any, list[int]]]:
    """Channels with the same key, which is None for those to leave out."""
    keyed = [(key(subject, i), i) for i in range(len(subject.names))]
    kept = sorted(((k, i) for k, i in keyed if k is not None), key=lambda pair: (str(pair[0]), pair[1]))
    for value, members in groupby(kept, key=lambda pair: pair[0]):
        yield value, [i for _, i in members]


def _absent_class(subject: Subject, channel: int) -> tuple[str, int] | None:
    counts = subject.statistics[channel].counts
    if 0 not in counts or counts == (0, 0):
        return None
    kind = subject.roles[channel].kind
    return "distance" if kind == "hot" else kind, counts.index(0)


def _constant(subject: Subject, channel: int) -> tuple[str, float] | None:
    now, kind = subject.statistics[channel], subject.roles[channel].kind
    if now.counts == (0, 0):
        return None
    if kind in ("affinity", "hot", "class"):
        return (kind, float(now.counts[0] == 0)) if 0 in now.counts else None
    return (kind, now.minimum) if now.minimum == now.maximum else None


def clips_of(predictor: Predictor, role: Role) -> tuple[float, float] | None:
    """The fractions between which the classes of a channel are balanced, or None if they aren't."""
    prefix = {"affinity": "affs_weight_clip", "lsd": "lsd_weight_clip", "distance": "clip", "hot": "clip"}.get(
        role.kind
    )
    if prefix is None:
        return None
    return getattr(predictor, f"{prefix}min"), getattr(predictor, f"{prefix}max")


def _share_of(statistics: Any, which: int) -> float:
    return float(statistics.positive_share if which == 1 else 1 - statistics.positive_share)


def _class_name(kind: str, which: int, names: list[str]) -> str:
    """A channel's negative (0) or positive (1) class, as a sentence begins with it."""
    if kind == "affinity":
        return "Pairs within one object" if which == 1 else "Pairs that a boundary splits"
    if kind == "class":
        return f"Voxels of {listed(names)}" if which == 1 else "Voxels of any other class"
    if kind == "other":
        return f"The positive class of {listed(names)}" if which == 1 else f"The negative class of {listed(names)}"
    return "The inside of objects" if which == 1 else "Background"
