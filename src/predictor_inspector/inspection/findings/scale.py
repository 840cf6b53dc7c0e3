"""Checks of lengths: scale factors, windows and offsets against the size of objects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.core.ops.shape_descriptors import window_radius
from predictor_inspector.core.progress import listening
from predictor_inspector.core.text import format_shape, listed, percent, readable
from predictor_inspector.inspection.findings import Cure, Finding, Inputs, Kind, Severity, Subject, check
from predictor_inspector.inspection.findings.subject import of_partner

# Targets above the first tell no distances apart any more; when so large a share of object voxels is, most don't.
NEARLY_ONE, MOST_VOXELS = 0.95, 2 / 3
# With a scale_factor of so many voxels or fewer, a slope is two voxels wide: then a smaller share is too many.
STEEP, MANY_VOXELS = 1.0, 0.4
# When this share of object voxels, all but the deepest, stays below the first, objects are mostly boundary.
FAINT, DEEPEST = 0.25, 0.95
# Half-thicknesses of objects in σ, between which a window of σ shows both where the boundary is and what lies inside.
THIN, THICK = 0.2, 6.0
MOSTLY_SMALL = 0.5  # share of objects' voxels in objects smaller than σ, from which on that is what objects are like
# From this ratio of voxel sizes on windows are uneven, and from so many voxels on they are wide.
UNEVEN, WIDE = 3.0, 300
FEW_POSITIVE = 0.05  # of objects' voxels with a partner in the same one: 0 with offsets as long as objects are wide
ENOUGH_POSITIVE = 0.3  # of them with an offset that is put in its place

_ENOUGH = 64  # voxels inside objects, or pairs, from which on a statistic is reliable

SIZE_DOUBTFUL = Kind(
    "voxel-size-doubtful",
    "The file gives voxel sizes for some axes only, without a unit, or in a way that isn't understood: what is missing was "
    "assumed, and every length, such as a distance's scale or a σ, is counted with it.",
    "Write voxel size and unit of every axis into the file, or set scale and units of the layer.",
)
SCALE_SATURATED = Kind(
    "scale-saturated",
    "The scale factor is small against the distances that occur: nearly everywhere inside objects the target is 1, and "
    "little but the sign is left to learn.",
    "Choose a scale factor of about the radius of the objects that matter.",
)
SCALE_FLAT = Kind(
    "scale-flat",
    "The scale factor is large against the distances that occur: even in the middle of objects the target is near 0.",
    "Choose a scale factor of about the radius of the objects that matter.",
)
SIGMA_TOO_LARGE = Kind(
    "sigma-too-large",
    "The descriptors' σ (num voxels) is large against the objects: windows hold whole cross-sections, and descriptors "
    "hardly change from one side of an object to the other.",
    "Choose num voxels so that σ is about half the radius of objects.",
)
SIGMA_TOO_SMALL = Kind(
    "sigma-too-small",
    "The descriptors' σ (num voxels) is small against the objects: most windows see nothing but inside, and descriptors "
    "are the same wherever no boundary is near.",
    "Choose num voxels so that σ is about half the radius of objects.",
)
WINDOW_ANISOTROPIC = Kind(
    "window-anisotropic",
    "The descriptors' window is as long on every axis, in units of length; where voxels are much smaller along one axis, "
    "it is many voxels wide there, which costs time and context.",
    "Lower num voxels, which counts the longest side of a voxel, or train on data sampled more evenly.",
)
OFFSET_TOO_LONG = Kind(
    "offset-too-long",
    "An offset is longer than most objects, so hardly any pair lies within one; or longer than the data.",
    "Choose a shorter offset, at most about half as long as objects are wide in that direction.",
)


@check(SIZE_DOUBTFUL, of="inputs")
def doubtful_sizes(inputs: Inputs) -> Iterator[Finding]:
    """A warning if the file of the ground truth, or that of the mask, leaves something of the geometry open.

    Where all of it is left open, as in a plain picture, voxels are pixels, and nothing is doubtful.
    """
    told: set[str] = set()
    for array, what in ((inputs.gt, "ground truth"), (inputs.mask, "mask")):
        doubts = [doubt for doubt in array.about.doubts if doubt not in told] if array is not None else []
        if doubts:
            told.update(doubts)
            message = f"The geometry of the {what} is doubtful: {'; '.join(doubts)}."
            yield inputs.finding(SIZE_DOUBTFUL, "warning", message, numbers={"doubts": doubts}, of=array)


@check(SCALE_SATURATED, SCALE_FLAT)
def scale(subject: Subject) -> Iterator[Finding]:
    """Warnings, from the targets inside objects; those of background don't matter.

    Saturated: more than two thirds of the voxels are above 0.95, which is 1.8 scale factors from a boundary; or more than
    40 % with a scale_factor of a voxel or less; or it is less than half a voxel, so that even those beside a boundary are above
    0.76. Flat: 95 % of the voxels are below 0.25. In a ball the target's middle is then at 0.4, in a cylinder at 0.3. The
    numbers hold a histogram.
    """
    smallest, largest = min(subject.voxel_size), max(subject.voxel_size)
    for i, channel in enumerate(subject.channels):
        factor = subject.predictor.value_of(channel, "scale")
        if not channel.is_distance or factor is None:
            continue
        labels = subject.labels_of(channel)
        inside = labels[subject.kept] > 0
        values = np.abs(subject.target[i][inside])
        # Without a boundary, distances say nothing about the scale.
        if len(values) < _ENOUGH or (inside.all() and (labels == labels.flat[0]).all()):
            continue
        beyond = float((values > NEARLY_ONE).mean())
        deepest = float(np.partition(values, k := int(DEEPEST * (len(values) - 1)))[k])
        steep = factor <= smallest / 2
        radius = half_thickness(_distances(values, factor))
        value = scale_for(radius, largest)
        better = subject.length(value)
        length = f"A {readable(channel.roles['scale'])} of {subject.length(factor)}"
        most = MANY_VOXELS if factor <= STEEP * smallest else MOST_VOXELS
        if beyond > most or steep:
            why = f"{percent(beyond)} of the voxels inside objects have a target above {NEARLY_ONE:g}"
            if beyond <= most:
                why = "it is less than half a voxel"
            message = f"{length} is small for the objects here: {why}, so little but the sign is left to learn."
            # Distances that tanh has flattened to 1 can't be told from the target: then objects are at least so thick.
            kind, advice = SCALE_SATURATED, f"Try {'at least ' if deepest >= 1 else ''}{better}."
        elif deepest < FAINT:
            voxels = f"95 % of the voxels inside them have a target below {deepest:.2g}"
            message = f"{length} is large for the objects here: {voxels}."
            kind, advice = SCALE_FLAT, f"Try {better}."
        else:
            continue
        numbers = {
            "scale_factor": factor,
            "above_0.95": beyond,
            "95th_percentile": deepest,
            "histogram": np.histogram(values, 10, (0, 1))[0] / len(values),
        }
        cure = Cure(f"Set {readable(channel.roles['scale'])} to {better}", {channel.roles["scale"]: value})
        yield subject.finding(kind, "warning", message, advice, [channel.name], inside, numbers, cure)


@check(SIGMA_TOO_LARGE, SIGMA_TOO_SMALL, slow=True)
def sigma(subject: Subject) -> Iterator[Finding]:
    """Warnings, from σ against the half-thickness of objects (three times the mean distance to a boundary).

    Across an object of half-thickness r the mean offset changes by r / σ. Too large is a σ of more than 5 r, where that is
    less than 0.2 of the descriptor's range, and one that is longer than every side of the objects which hold most of the
    voxels. Too small is a σ of less than r / 6: then a window, 3 σ, reaches no more than half-way from the middle to the
    boundary.
    """
    for (name, window), names in windows_of(subject).items():
        voxel = max(subject.voxel_size)
        width = window * voxel
        found = thickness_in(subject, THICK * width)
        if found is None:
            continue
        small = _share_smaller(subject, width)
        large = found < THIN * width or small > MOSTLY_SMALL
        if not large and found <= THICK * width:
            continue
        better = sigma_for(found, voxel)
        why = "inside them most windows see no boundary, and descriptors are the same everywhere"
        if small > MOSTLY_SMALL:
            why = f"{percent(small)} of their voxels are in objects smaller than σ"
        elif large:
            why = "descriptors hardly change from one side of them to the other"
        advice = f"Try {readable(name)} = {better}, which makes σ {subject.length(better * voxel)}."
        cure: Cure | None = Cure(f"Set {readable(name)} to {better}", {name: better})
        if better == window:
            cure = None
            advice = "These voxels are too large for a smaller σ: take a finer level, or leave the descriptors out."
        yield subject.finding(
            SIGMA_TOO_LARGE if large else SIGMA_TOO_SMALL,
            "warning",
            f"σ is {subject.length(width)}, but objects are about {subject.length(2 * found)} thick: {why}.",
            advice,
            names,
            subject.labels[0][subject.kept] > 0,
            {"sigma": width, "half_thickness": found, "smaller": small, "num_voxels": window},
            cure,
        )


@check(WINDOW_ANISOTROPIC)
def window_anisotropic(subject: Subject) -> Iterator[Finding]:
    """Info if one side of a voxel is at least three times another's.

    A warning if the window is then wider than 300 voxels. That it is wider than a small crop is `context-outside-data`.
    """
    gt = subject.inspection.gt
    ratio = max(gt.voxel_size) / min(gt.voxel_size)
    if ratio < UNEVEN:
        return
    for (name, window), names in windows_of(subject).items():
        width = window * max(gt.voxel_size)
        widths = _window_voxels(window, gt)
        described = listed([f"{w} in {a}" for w, a in zip(widths, gt.spatial_axes, strict=True)])
        message = (
            f"σ = {subject.length(width / gt.subdivision)} makes a window of {described} voxels, since voxels are {ratio:.3g} "
            "times longer on one axis than on another."
        )
        advice = f"Lower {readable(name)}: it counts the longest side of a voxel."
        severity: Severity = "warning" if max(widths) > WIDE else "info"
        numbers = {"window": widths, "ratio": ratio, "num_voxels": window}
        cure = None
        if severity == "warning":
            fitting = [n for n in range(1, int(window)) if _widest(n, gt) <= WIDE]
            cure = Cure(f"Set {readable(name)} to {fitting[-1]}", {name: fitting[-1]}) if fitting else None
        yield subject.finding(WINDOW_ANISOTROPIC, severity, message, advice, names, numbers=numbers, cure=cure)


@check(OFFSET_TOO_LONG)
def offset_too_long(subject: Subject) -> Iterator[Finding]:
    """A warning if, among the known pairs that begin in an object, fewer than 5 % end in it.

    In a box of width w along the offset that share is 1 − offset / w, in a ball of that width it is 5 % at 0.8 w: the offset
    has nearly reached the width of objects, and the channel is close to constant. An error if the data has no such pair.
    """
    shape = subject.inspection.gt.shape_of(subject.inspection.regions.data)
    for i, channel in enumerate(subject.channels):
        if channel.kind != "affinity" or not channel.offset:
            continue
        if any(abs(o) >= n for o, n in zip(channel.offset, shape, strict=True)):
            data = f"the data of {format_shape(shape)} voxels"
            message = f"The offset of {channel.name} is longer than {data}: no pair fits."
            advice, numbers = "Leave this offset out, or use larger data.", {"offset": channel.offset, "positive": 0.0}
            cure = _other_offsets(subject, channel, _shorter(subject, channel))
            yield subject.finding(OFFSET_TOO_LONG, "error", message, advice, [channel.name], numbers=numbers, cure=cure)
            continue
        now = subject.statistics[i]
        # Background only lowers the share, so where it is large enough with it nothing need be looked at.
        if now.counts[1] >= FEW_POSITIVE * sum(now.counts):
            continue
        inside = subject.labels[0][subject.kept] > 0
        pairs = inside & (subject.weight[i] > 0) & of_partner(subject, channel.offset, subject.in_data)
        total = int(np.count_nonzero(pairs))
        together = int(np.count_nonzero(pairs & (subject.target[i] > 0)))
        if total >= _ENOUGH and together < FEW_POSITIVE * total:
            share = f"Only {percent(together / total)} of the pairs of {channel.name} that begin in an object end in it"
            message = f"{share}: the offset is as long as objects are wide, or longer."
            numbers = {"offset": channel.offset, "positive": together / total, "pairs": total}
            cure = _other_offsets(subject, channel, _shorter(subject, channel))
            yield subject.finding(OFFSET_TOO_LONG, "warning", message, "", [channel.name], pairs, numbers, cure)


def _window_voxels(window: float, gt: Array) -> list[int]:
    """How many voxels a window is wide along each axis."""
    return [2 * window_radius(window * max(gt.voxel_size), int(v)) + 1 for v in gt.voxel_size]


def _widest(window: float, gt: Array) -> int:
    return max(_window_voxels(window, gt))


def _other_offsets(subject: Subject, channel: Channel, instead: tuple[int, ...] | None = None) -> Cure | None:
    """Leave an offset out, or put another one in its place; None if no other is left."""
    parameter = channel.roles.get("offsets")
    if parameter is None:
        return None
    offsets = [tuple(o) for o in getattr(subject.predictor, parameter)]
    changed = [instead if o == channel.offset else o for o in offsets]
    kept = tuple(dict.fromkeys(o for o in changed if o is not None))
    title = f"Leave {channel.name} out" if instead is None or instead in offsets else f"Shorten it to {list(instead)}"
    return Cure(title, {parameter: kept}) if kept else None


def _shorter(subject: Subject, channel: Channel) -> tuple[int, ...] | None:
    """The offset, halved until enough pairs that begin in an object end in it; None if even neighbours don't."""
    labels, offset = subject.labels[0], channel.offset
    while any(offset):
        offset = tuple(int(o / 2) for o in offset)
        fits = any(offset) and all(abs(o) < n for o, n in zip(offset, labels.shape, strict=True))
        if fits and _share_together(labels, offset) >= ENOUGH_POSITIVE:
            return offset
    return None


def _share_together(labels: np.ndarray, offset: tuple[int, ...]) -> float:
    """Of the pairs that begin in an object, the share that end in it."""
    begin = labels[tuple(slice(max(0, -o), n - max(0, o)) for o, n in zip(offset, labels.shape, strict=True))]
    end = labels[tuple(slice(max(0, o), n - max(0, -o)) for o, n in zip(offset, labels.shape, strict=True))]
    inside = begin > 0
    return float(((begin == end) & inside).sum() / max(1, inside.sum()))


def half_thickness(distances: np.ndarray) -> float:
    """The radius of objects whose voxels lie so far from their boundary.

    Three times the mean distance: in a cylinder that is its radius exactly, in a ball three quarters of it, in a plate one
    and a half times half its thickness. It depends neither on how objects end nor on which voxels belong to the same one.
    """
    return 3 * float(distances.mean())


def thickness_in(subject: Subject, radius: float) -> float | None:
    """The half-thickness of the objects in the ROI, or None if there are hardly any; distances count up to `radius`."""
    size, (labels, sample) = subject.voxel_size, subject.middle
    reach = [int(radius / v) + 1 for v in size]
    around = tuple(slice(max(0, s.start - r), s.stop + r) for s, r in zip(sample, reach, strict=True))
    inside = labels[sample] > 0
    if np.count_nonzero(inside) < _ENOUGH:
        return None
    keep = tuple(slice(s.start - a.start, s.stop - a.start) for s, a in zip(sample, around, strict=True))
    with listening(lambda fraction: subject.tell("thickness", fraction)):
        part = torch.from_numpy(np.ascontiguousarray(labels[around]))
        squared = squared_boundary_distance(part, size, radius, keep)
    distances = np.sqrt(squared.cpu().numpy()[inside])
    return None if distances.min() >= radius else half_thickness(distances)


def scale_for(half: float, voxel: float) -> float:
    """A scale factor for objects of this half-thickness: the same, to two digits, but at least two voxels, for a slope."""
    return float(f"{max(half, 2 * voxel):.2g}")


def sigma_for(half: float, voxel: float) -> int:
    """`num_voxels` for objects of this half-thickness: σ is half of it, so that a window of 2 σ reaches the boundary."""
    return max(1, round(half / 2 / voxel))


def windows_of(subject: Subject) -> dict[tuple[str, float], list[str]]:
    """Descriptors by the parameter of their window, and its value: σ in voxels along the axis with the largest ones."""
    found: dict[tuple[str, float], list[str]] = {}
    for channel in subject.channels:
        window = subject.predictor.value_of(channel, "window")
        if channel.kind == "descriptor" and window is not None:
            found.setdefault((channel.roles["window"], window), []).append(channel.name)
    return found


def _share_smaller(subject: Subject, length: float) -> float:
    """Share of the objects' voxels that are in objects known to be shorter than `length` on every axis."""
    if not subject.has_objects:
        return 0.0
    boxes, sizes = subject.components.object_boxes, subject.components.object_sizes
    sides = (boxes[..., 1] - boxes[..., 0]) * np.array(subject.voxel_size)
    small = subject.whole & (sides.max(1) < length)
    return float(sizes[small].sum() / max(1, sizes[subject.seen].sum()))


def _distances(values: np.ndarray, factor: float) -> np.ndarray:
    """Distances from targets; those that tanh can't tell from infinity are cut off where float32 ends."""
    highest = np.tanh(np.float64(8.0))
    return np.arctanh(np.minimum(values.astype(np.float64), highest)) * factor
