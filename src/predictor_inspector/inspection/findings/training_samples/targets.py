"""Checks of targets in training samples: theirs against ours, made of the same labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from predictor_inspector.core.text import amount, counted, format_shape, percent
from predictor_inspector.inspection.findings.checks import check
from predictor_inspector.inspection.findings.finding import Finding, Kind, Severity
from predictor_inspector.inspection.findings.training_samples.compared import (
    TOLERANCE,
    ComparedSample,
    SamplesSubject,
    named,
)
from predictor_inspector.inspection.findings.training_samples.conventions import (
    Convention,
    Explained,
    Match,
    explain,
    match,
)
from predictor_inspector.inspection.findings.training_samples.transformations import Transformation, transformations

TARGET_AUGMENTED = Kind(
    "target-augmented",
    "The target was made before labels were flipped or turned, so that offsets no longer point where they did, or it wasn't "
    "flipped with them.",
    "Make targets after everything that moves labels: of gunpowder put the node behind SimpleAugment, of torch transforms do "
    "it last.",
)
CONTEXT_LOST = Kind(
    "context-lost",
    "In a frame along the border of samples the target doesn't know what lies beyond, and has weight all the same: labels "
    "were cropped to the target's size before it was made.",
    "Make targets of labels that reach as far as the predictor needs, and crop then; or give that frame no weight.",
)
TARGET_DIFFERS = Kind(
    "target-differs",
    "A pipeline's target isn't what the predictor makes of the same labels; where another convention explains it, that is "
    "named.",
    "Set the predictor as the pipeline has it, or look at where they differ: one of the two isn't what you think.",
)

_FRAME = 0.01  # share of a frame's values that must be wrong


@check(TARGET_AUGMENTED, CONTEXT_LOST, TARGET_DIFFERS, of="samples")
def targets(subject: SamplesSubject) -> Iterator[Finding]:
    """Each target against that which the predictor makes of the sample's labels, where both have weight.

    They are the same if 99.9 % of the values are, to half precision. Where they aren't, the convention that explains most
    samples is looked for, and named in a warning: a scale and a shift of all values (1 − affinity, 0 to 255, the opposite
    sign), offsets of the opposite sign or in the order x, y, z, another order of channels, background as an object, eroded
    objects, another scale factor, distances without tanh or between voxels' centres. Samples that it leaves are compared with
    what it makes of their labels before each flip and each swap of axes with voxels of one size: that is an error,
    target-augmented. What is left is an error, too. Context is lost, an error, if 1 % of the values whose context lies
    beyond the target are other than labels around it say; without labels around, if values that depend on what lies beyond
    them are as if there were nothing, and have weight, or, as a warning, if there are no weights.
    """
    samples = [s for s in subject.samples if not s.refused and s.weighted_in(s.ours_roi).any()]
    if not samples:
        return
    found = explain(samples)
    yield from _conventions(subject, samples, found)
    left = [s for s in samples if s.index not in found.matches]
    turned: dict[str, list[ComparedSample]] = defaultdict(list)
    unexplained = []
    for sample in left:
        told = sample.once(("turned", found.convention.text), partial(_turned, sample, found.convention))
        if told:
            turned[told].append(sample)
        else:
            unexplained.append(sample)
    for told, alike in turned.items():
        message = f"In {named(alike)} the target was made before labels were {told}: offsets point elsewhere."
        if told.startswith(_STAYED):
            message = f"In {named(alike)} labels were {told.removeprefix(_STAYED)}, but the target wasn't."
        where = alike[0].differing
        yield subject.finding(TARGET_AUGMENTED, "error", message, alike, where, alike[0].theirs)
    if unexplained:
        yield _unexplained(subject, unexplained)
    yield from _lost(subject, [s for s in samples if s.index in found.matches], found)


def _conventions(subject: SamplesSubject, samples: Sequence[ComparedSample], found: Explained) -> Iterator[Finding]:
    """What is made in another convention, by how it differs."""
    alike: dict[str, list[ComparedSample]] = defaultdict(list)
    for sample in samples:
        if sample.index in found.matches:
            texts = (found.convention.text, found.matches[sample.index].text)
            alike[" and ".join(filter(None, texts))].append(sample)
    for text, those in alike.items():
        if text:
            plain = not found.matches[those[0].index].text
            yield subject.finding(
                TARGET_DIFFERS,
                "warning",
                f"In {named(those)} the target is the same as ours, but with {text}.",
                those,
                of=those[0].theirs,
                numbers={"convention": text},
                cure=found.convention.cure if plain else None,
                advice="If that is meant, read predictions in the same way; if it isn't, change the pipeline.",
            )


_STAYED = "stayed: "


def _turned(sample: ComparedSample, convention: Convention) -> str:
    """What was done to labels after the target was made, in words; empty if nothing explains the target."""
    predictor, labels, theirs = convention.predictor, sample.labels, sample.theirs_in(sample.block)
    if predictor is None or labels is None or len(predictor.describe_channels()) != len(theirs):
        return ""
    weighted = sample.weighted_in(sample.block)

    def fits(transformation: Transformation, moved: bool) -> bool:
        made = sample.made(predictor, sample.block, transformation, moved)
        if made.target.shape != theirs.shape:
            return False  # labels don't lie evenly around the target
        return match(theirs, made.target, made.inner & weighted).agrees

    found = list(transformations(labels.voxel_size))
    for transformation in found:
        if fits(transformation, moved=True):
            return transformation.told(labels.spatial_axes)
    for transformation in found:
        swapped = any(a != b for a, b in enumerate(transformation.order))
        if not swapped and fits(transformation, moved=False):
            return _STAYED + transformation.told(labels.spatial_axes)
    return ""


def _unexplained(subject: SamplesSubject, samples: Sequence[ComparedSample]) -> Finding:
    worst = max(samples, key=lambda s: float(s.differing.mean()))
    theirs, ours = worst.theirs, worst.ours
    assert ours is not None
    if worst.difference is None:
        message = (
            f"In {named(samples)} the target has {counted(theirs.shape[0], 'channel')}, but the predictor makes "
            f"{ours.target.shape[0]}: {format_shape(theirs.shape)} against {format_shape(ours.target.shape)}."
        )
        return subject.finding(TARGET_DIFFERS, "error", message, [worst], of=theirs)
    differing = worst.differing
    shares = differing.reshape(len(differing), -1).mean(1)
    channel, most = int(shares.argmax()), float(np.nanmax(np.abs(worst.difference.numpy()[differing])))
    message = (
        f"In {named(samples)} the target isn't ours, and no convention explains it: in sample {worst.index} "
        f"{percent(float(differing.mean()))} of the values differ, by up to {amount(most, 3)}, most of them in "
        f"{ours.channel_names[channel]}."
    )
    others = [worst, *(s for s in samples if s is not worst)]
    names = [name for name, share in zip(ours.channel_names, shares, strict=True) if share]
    numbers = {"share": float(differing.mean()), "largest": most}
    return subject.finding(TARGET_DIFFERS, "error", message, others, differing, theirs, names, numbers)


@dataclass(frozen=True)
class _Frame:
    """Values along a target's border that are wrong, or as if there were nothing beyond it: boolean, [C, Z, Y, X]."""

    wrong: np.ndarray
    severity: Severity
    known: bool  # labels around the target say what is right


def _lost(subject: SamplesSubject, samples: Sequence[ComparedSample], found: Explained) -> Iterator[Finding]:
    predictor = found.convention.predictor
    if predictor is None:
        return
    frames: list[tuple[ComparedSample, _Frame]] = []
    for sample in samples:
        find = partial(_frame, sample, found.convention, found.matches[sample.index])
        frame = sample.once(("frame", found.convention.text), find)
        if frame is not None:
            frames.append((sample, frame))
    if not frames:
        return
    (worst, lost), those = max(frames, key=lambda f: int(f[1].wrong.sum())), [s for s, _ in frames]
    values = counted(int(lost.wrong.sum()), "value")
    what = f"{values} along the border of sample {worst.index} aren't what the labels around it say"
    if not lost.known:
        weight = "have weight" if lost.severity == "error" else "have weight unless the loss leaves them out"
        what = f"{values} along the border of sample {worst.index} depend on what lies beyond its labels, and {weight}"
    names = predictor.describe_channels(worst.theirs.spatial_axes)
    channels = [names[n].name for n in np.flatnonzero(lost.wrong.reshape(len(lost.wrong), -1).any(1))]
    message = f"In {named(those)} the target was made without its context: {what}."
    yield subject.finding(
        CONTEXT_LOST,
        lost.severity,
        message,
        [worst, *(s for s in those if s is not worst)],
        lost.wrong,
        worst.theirs,
        channels,
        {"values": int(lost.wrong.sum())},
    )


def _frame(sample: ComparedSample, convention: Convention, found: Match) -> _Frame | None:
    labels, roi, predictor = sample.labels, sample.ours_roi, convention.predictor
    assert labels is not None
    assert predictor is not None
    made = sample.whole if predictor == sample.predictor else sample.made(predictor, roi)
    theirs = sample.theirs_in(roi)
    weighted = sample.weighted_in(roi)
    wanted = found.scale * made.target + found.shift
    other = np.abs(theirs - wanted) > TOLERANCE * max(1.0, abs(found.scale))
    if labels.roi != roi:
        frame = made.sure & ~made.inner & weighted
        wrong = frame & other
        return _Frame(wrong, "error", True) if wrong.sum() > _FRAME * frame.sum() else None
    frame = ~made.sure & weighted
    inside = labels.numpy().reshape(-1, *labels.spatial_shape).any(0)
    if not (frame & inside).any() or (other & frame).any():
        return None  # nothing there, or the target knew what lies beyond
    return _Frame(frame, "warning" if sample.their_weight is None else "error", False)
