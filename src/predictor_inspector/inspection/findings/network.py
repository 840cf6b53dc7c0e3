"""Checks of the network: whether it sees what the target depends on, and fits into the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.shape_descriptors import TRUNCATE
from predictor_inspector.core.text import format_shape, listed, readable
from predictor_inspector.inspection.engine.network import NetworkFacts
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Severity, Subject, check
from predictor_inspector.inspection.findings.scale import windows_of

FIELD_TOO_SMALL = Kind(
    "field-too-small",
    "The network's receptive field is smaller than what the target depends on: the partner of an affinity, a descriptor's "
    "window or the boundary that a distance is counted from lies where the network sees nothing, so it can only guess.",
    "Choose a network that sees farther, with more levels or larger factors, or a target that depends on less.",
)
INPUT_EXCEEDS_CROP = Kind(
    "input-exceeds-crop",
    "The network's input, or its output, is larger than the data, which a trainer then pads: the network is trained on "
    "padding.",
    "Choose a smaller input_shape that is valid, or larger crops.",
)

_ROUNDING = 1e-6


@dataclass(frozen=True)
class _Needs:
    """How far some channels look along each axis before and after a voxel's centre, in the unit; and what for."""

    what: str
    channels: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    cure: Cure | None


@check(FIELD_TOO_SMALL)
def field_too_small(subject: Subject) -> Iterator[Finding]:
    """A warning if the network is known and along an axis its worst placed output voxel sees less far than its target looks.

    An affinity looks to the centre of its partner; a descriptor to the end of its window, 3 σ; anything else as far as the
    predictor's context reaches, which of distances is where the target is 1 within `context_tolerance`. The numbers hold how
    far each axis needs and sees, in the unit.
    """
    facts, gt = subject.inspection.request.network, subject.inspection.gt
    if facts is None or not facts.field:
        return
    size = [float(v) / gt.subdivision for v in facts.input_voxel_size(gt.voxel_size)]
    before = tuple(f.before * v for f, v in zip(facts.field, size, strict=True))
    after = tuple(f.after * v for f, v in zip(facts.field, size, strict=True))
    for needs in _all_needs(subject, before, after):
        short = [
            axis
            for axis in range(gt.dims)
            if needs.before[axis] > before[axis] + _ROUNDING or needs.after[axis] > after[axis] + _ROUNDING
        ]
        if not short:
            continue
        # Of the two sides the one where more is missing.
        sides = [
            max(
                ((n[axis], s[axis]) for n, s in ((needs.before, before), (needs.after, after))),
                key=lambda t: t[0] - t[1],
            )
            for axis in short
        ]
        along = [
            f"{subject.length(n)} along {gt.spatial_axes[axis]}" for axis, (n, _) in zip(short, sides, strict=True)
        ]
        seen = [subject.length(s) for _, s in sides]
        yield subject.finding(
            FIELD_TOO_SMALL,
            "warning",
            f"To know {needs.what} a network must see {listed(along)}; this one sees {listed(seen)}.",
            channels=needs.channels,
            numbers={
                "needed_before": needs.before,
                "needed_after": needs.after,
                "seen_before": before,
                "seen_after": after,
                "field": [f.smallest for f in facts.field],
            },
            cure=needs.cure,
        )


@check(INPUT_EXCEEDS_CROP)
def input_exceeds_crop(subject: Subject) -> Iterator[Finding]:
    """If the network is known: a warning where its output is larger than the ground truth, or its input than the raw data.

    Info where the raw data aren't known and the input is larger than the ground truth: they may reach farther. Inputs are
    counted at the voxel size that makes outputs of the ground truth's.
    """
    request = subject.inspection.request
    facts, gt, raw = request.network, request.source.gt, request.source.raw
    if facts is None:
        return
    size = [v / gt.subdivision for v in facts.input_voxel_size(gt.voxel_size)]
    large = [float(n * v) for n, v in zip(facts.input_shape, size, strict=True)]
    output = [n * v for n, v in zip(facts.output_shape, gt.physical_voxel_size, strict=True)]
    known = raw is not None and raw.dims == gt.dims and raw.unit == gt.unit
    around, name = (raw, "raw data") if known and raw is not None else (gt, "ground truth")
    room, crop = _extent(around), _extent(gt)
    too_large = [axis for axis, (n, most) in enumerate(zip(large, room, strict=True)) if n > most + _ROUNDING]
    padded = any(n > most + _ROUNDING for n, most in zip(output, crop, strict=True))
    if not too_large and not padded:
        return
    severity: Severity = "warning" if known or padded else "info"
    part, voxels, lengths, what, most = "input", facts.input_shape, large, name, room
    if padded:
        part, voxels, lengths, what, most = "output", facts.output_shape, output, "ground truth", crop
    message = (
        f"The network's {part} of {format_shape(voxels)} voxels, {_lengths(lengths)} {gt.unit}, is larger than the {what}, "
        f"{_lengths(most)} {gt.unit}"
    )
    so = ": a trainer pads it" if known or padded else ": a trainer pads it, unless the raw data reach farther"
    smaller = _smaller_input(facts, [float(v) for v in size], room, crop)
    cure = None
    if smaller is not None:
        advice = f"Set input_shape to {list(smaller)}, the largest valid one that fits."
        cure = Cure(f"Set input shape to {format_shape(smaller)}", network={"input_shape": tuple(smaller)})
    else:
        advice = f"No valid input fits, the smallest is {format_shape(facts.smallest)} voxels; use larger crops."
    yield subject.finding(
        INPUT_EXCEEDS_CROP,
        severity,
        f"{message}{so}.",
        advice,
        numbers={"input": large, "output": output, "data": room, "ground_truth": crop, "largest": smaller},
        cure=cure,
    )


def _all_needs(subject: Subject, before: Sequence[float], after: Sequence[float]) -> Iterator[_Needs]:
    """What groups of channels look at, and how to have them look no farther than `before` and `after`."""
    yield from _of_affinities(subject, before, after)
    yield from _of_windows(subject, before, after)
    others = [c for c in subject.channels if c.is_distance or c.kind not in _KNOWN]
    if others:
        regions, sub = subject.inspection.regions, subject.inspection.gt.subdivision
        reach = tuple(float(n) / sub for n in regions.roi.begin - regions.padding_region.begin)
        names = tuple(c.name for c in others)
        yield _Needs(listed(names, 3), names, reach, reach, _shorter_scale(others, subject, reach, before, after))


_KNOWN = ("affinity", "descriptor", "one-hot", "constant")


def _of_affinities(subject: Subject, before: Sequence[float], after: Sequence[float]) -> Iterator[_Needs]:
    size = subject.voxel_size

    def unseen(offset: Sequence[int]) -> bool:
        sides = zip(offset, size, before, after, strict=True)
        return any(-o * v > b + _ROUNDING or o * v > a + _ROUNDING for o, v, b, a in sides)

    far = [c for c in subject.channels if c.kind == "affinity" and c.offset and unseen(c.offset)]
    if not far:
        return
    names = tuple(c.name for c in far)
    low = tuple(max(0.0, *(-c.offset[axis] * v for c in far)) for axis, v in enumerate(size))
    high = tuple(max(0.0, *(c.offset[axis] * v for c in far)) for axis, v in enumerate(size))
    cure, parameter = None, far[0].roles.get("offsets")
    if parameter is not None:
        kept = tuple(tuple(o) for o in getattr(subject.predictor, parameter) if not unseen(o))
        cure = Cure(f"Leave {listed(names, 2)} out", {parameter: kept}) if kept else None
    yield _Needs(listed(names, 3), names, low, high, cure)


def _of_windows(subject: Subject, before: Sequence[float], after: Sequence[float]) -> Iterator[_Needs]:
    voxel, seen = max(subject.voxel_size), min(*before, *after)
    for (name, window), names in windows_of(subject).items():
        reach = (TRUNCATE * window * voxel,) * len(before)
        smaller = int((seen + _ROUNDING) / (TRUNCATE * voxel))
        cure = Cure(f"Set {readable(name)} to {smaller}", {name: smaller}) if 1 <= smaller < window else None
        yield _Needs("the LSDs", tuple(names), reach, reach, cure)


def _shorter_scale(
    channels: Sequence[Channel],
    subject: Subject,
    reach: Sequence[float],
    before: Sequence[float],
    after: Sequence[float],
) -> Cure | None:
    """A smaller scale factor, with which the context is within sight; None if it were less than a voxel."""
    name = next((c.roles["scale"] for c in channels if "scale" in c.roles), None)
    if name is None or not all(reach):
        return None
    # Contexts are whole voxels.
    seen = [floor(min(b, a) / v + _ROUNDING) * v for b, a, v in zip(before, after, subject.voxel_size, strict=True)]
    value = getattr(subject.predictor, name) * min(s / r for s, r in zip(seen, reach, strict=True))
    if value < max(subject.voxel_size):
        return None
    digit = 10.0 ** (floor(log10(value)) - 1)
    better = float(f"{floor(value / digit) * digit:.2g}")  # rounded down to two digits
    return Cure(f"Set {readable(name)} to {subject.length(better)}", {name: better})


def _smaller_input(
    facts: NetworkFacts, voxel: Sequence[float], room: Sequence[float], crop: Sequence[float]
) -> tuple[int, ...] | None:
    """The largest valid input, no larger than the present, that fits with its output; None if none does."""
    within = []
    for axis, (size, (step, period)) in enumerate(zip(voxel, facts.steps, strict=True)):
        most = floor(room[axis] / size + _ROUNDING)
        apart = size * step / period  # of the output's voxels
        too_many = facts.output_shape[axis] - floor(crop[axis] / apart + _ROUNDING)
        within.append(min(most, facts.input_shape[axis] - step * max(0, -(-too_many // period))))
    found = facts.largest_input(within)
    return None if found is None or found == facts.input_shape else tuple(map(int, found))


def _extent(array: Array) -> list[float]:
    return [n * v for n, v in zip(array.spatial_shape, array.physical_voxel_size, strict=True)]


def _lengths(values: Sequence[float]) -> str:
    return format_shape(float(f"{value:.4g}") for value in values)
