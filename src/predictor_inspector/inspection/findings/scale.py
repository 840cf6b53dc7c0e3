"""Checks of lengths: scale factors, windows and offsets against the size of the objects at hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from predictor_inspector.core import AffinitiesPredictor
from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.core.ops.shape_descriptors import window_radius
from predictor_inspector.core.predictors.boundaries import BoundaryPredictor, rounded
from predictor_inspector.core.progress import listening
from predictor_inspector.core.text import format_shape, listed, percent
from predictor_inspector.inspection.findings.checks import Kind, check
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.subject import Subject, of_partner

NEARLY_ONE, MOST_VOXELS = 0.95, 2 / 3
"""Targets above the first tell no distances apart any more; when so large a share of object voxels is, most don't."""

STEEP, MANY_VOXELS = 1.0, 0.4
"""With a scale_factor of so many voxels or fewer, a slope is two voxels wide: then a smaller share is too many."""

FAINT, DEEPEST = 0.25, 0.95
"""When all but the deepest object voxels, this share of them, stay below the first, objects are little but boundary."""

THIN, THICK = 0.2, 6.0
"""Half-thicknesses of objects in σ, between which a window of σ shows both where the boundary is and what lies inside."""

MOSTLY_SMALL = 0.5
"""Share of objects' voxels in objects smaller than σ, from which on that is what objects are like."""

UNEVEN, WIDE = 3.0, 300
"""From this ratio of voxel sizes on windows are uneven, and from so many voxels on they are wide."""

SAMPLE = 160
"""Thickness is measured in the middle of larger regions, so many voxels a side."""

FEW_POSITIVE = 0.05
"""Share of objects' voxels whose partner is in the same one; with offsets as long as objects are wide it is 0."""

_ENOUGH = 64
"""Voxels inside objects, or pairs, from which on a number says something."""

_HISTOGRAM = np.linspace(0, 1, 11)


def half_thickness(distances: np.ndarray) -> float:
    """The radius of objects whose voxels lie so far from their boundary.

    Three times the mean distance: in a cylinder that is its radius exactly, in a ball three quarters of it, in a plate one
    and a half times half its thickness. It asks neither how objects end nor which voxels belong to the same one.
    """
    return 3 * float(distances.mean())


@check(
    Kind(
        "scale-saturated",
        "scale_factor is small against the distances that occur: nearly everywhere inside objects the target is 1, and "
        "little but the sign is left to learn.",
        "Choose a scale_factor of about the radius of the objects that matter.",
    ),
    Kind(
        "scale-flat",
        "scale_factor is large against the distances that occur: even in the middle of objects the target is near 0.",
        "Choose a scale_factor of about the radius of the objects that matter.",
    ),
)
def scale(subject: Subject) -> Iterator[Finding]:
    """Warnings, from the targets inside objects; background may be as far from everything as it likes.

    Saturated: more than two thirds of the voxels are above 0.95, which is 1.8 scale factors from a boundary; or more than
    40 % with a scale_factor of a voxel or less; or it is less than half a voxel, so that even those beside a boundary are above
    0.76. Flat: 95 % of the voxels are below 0.25. In a ball the target's middle is then at 0.4, in a cylinder at 0.3. The
    numbers hold a histogram.
    """
    predictor = subject.predictor
    if not isinstance(predictor, BoundaryPredictor):
        return
    size = subject.inspection.gt.physical_voxel_size
    for channel, role in enumerate(subject.roles):
        if role.kind != "distance":
            continue
        inside = subject.labels[min(role.source, len(subject.labels) - 1)][subject.kept] > 0
        values = np.abs(subject.target[channel][inside])
        if len(values) < _ENOUGH or (inside.all() and not _boundaries(subject.labels, role.source)):
            continue
        beyond = float((values > NEARLY_ONE).mean())
        deepest = float(np.partition(values, k := int(DEEPEST * (len(values) - 1)))[k])
        steep = predictor.scale_factor <= min(size) / 2
        radius = half_thickness(_distances(values, predictor.scale_factor))
        numbers = {
            "scale_factor": predictor.scale_factor,
            "above_0.95": beyond,
            "95th_percentile": deepest,
            "histogram": np.histogram(values, _HISTOGRAM)[0] / len(values),
        }
        report = partial(subject.finding, channels=[role.name], where=subject.place(inside), numbers=numbers)
        length = subject.length(predictor.scale_factor)
        most = MANY_VOXELS if predictor.scale_factor <= STEEP * min(size) else MOST_VOXELS
        if beyond > most or steep:
            why = f"{percent(beyond)} of the voxels inside objects have a target above {NEARLY_ONE:g}"
            if steep and beyond <= most:
                why = "it is less than half a voxel"
            # Distances that tanh has flattened to 1 can't be told from the target: then objects are at least so thick.
            yield report(
                "scale-saturated",
                "warning",
                f"A scale_factor of {length} is small for the objects here: {why}, so little but the sign is left to learn.",
                f"Try {'at least ' if deepest >= 1 else ''}{subject.length(rounded(max(radius, 2 * max(size))))}.",
            )
        elif deepest < FAINT:
            yield report(
                "scale-flat",
                "warning",
                f"A scale_factor of {length} is large for the objects here: 95 % of the voxels inside them have a target below "
                f"{deepest:.2g}.",
                f"Try {subject.length(rounded(max(radius, 2 * max(size))))}.",
            )


@check(
    Kind(
        "sigma-too-large",
        "The descriptors' σ (num_voxels) is large against the objects: windows hold whole cross-sections, and descriptors "
        "hardly change from one side of an object to the other.",
        "Choose num_voxels so that σ is about half the radius of objects.",
    ),
    Kind(
        "sigma-too-small",
        "The descriptors' σ (num_voxels) is small against the objects: most windows see nothing but inside, and descriptors "
        "are the same wherever no boundary is near.",
        "Choose num_voxels so that σ is about half the radius of objects.",
    ),
    cost="on demand",
)
def sigma(subject: Subject) -> Iterator[Finding]:
    """Warnings, from σ against the half-thickness of objects (three times the mean distance to a boundary).

    Across an object of half-thickness r the mean offset changes by r / σ. Too large is a σ of more than 5 r, where that is
    less than 0.2 of the descriptor's range, and one that is longer than every side of the objects which hold most of the
    voxels. Too small is a σ of less than r / 6: then a window, 3 σ, reaches no more than half-way from the middle to the
    boundary.
    """
    predictor = subject.predictor
    if not isinstance(predictor, AffinitiesPredictor) or not predictor.lsds:
        return
    gt = subject.inspection.gt
    width = predictor.num_voxels * max(gt.physical_voxel_size)
    found = thickness_in(subject, THICK * width)
    if found is None:
        return
    small = _share_smaller(subject, width)
    large = found < THIN * width or small > MOSTLY_SMALL
    if large or found > THICK * width:
        suggested = sigma_for(found, max(gt.physical_voxel_size))
        yield subject.finding(
            "sigma-too-large" if large else "sigma-too-small",
            "warning",
            f"σ is {subject.length(width)}, but objects are about {subject.length(2 * found)} thick: "
            + (
                f"{percent(small)} of their voxels are in objects smaller than σ."
                if small > MOSTLY_SMALL
                else "descriptors hardly change from one side of them to the other."
                if large
                else "inside them most windows see no boundary, and descriptors are the same everywhere."
            ),
            f"Try num_voxels = {suggested}, which makes σ {subject.length(suggested * max(gt.physical_voxel_size))}."
            if suggested != predictor.num_voxels
            else "These voxels are too large for a smaller σ: take a finer level, or leave the descriptors out.",
            [role.name for role in subject.roles if role.kind == "lsd"],
            subject.place(subject.labels[0][subject.kept] > 0),
            {"sigma": width, "half_thickness": found, "smaller": small, "num_voxels": predictor.num_voxels},
        )


def _share_smaller(subject: Subject, length: float) -> float:
    """Share of the objects' voxels that are in objects known to be shorter than `length` on every axis."""
    if not subject.has_objects:
        return 0.0
    boxes, sizes = subject.components.object_boxes, subject.components.object_sizes
    sides = (boxes[..., 1] - boxes[..., 0]) * np.array(subject.inspection.gt.physical_voxel_size)
    small = subject.whole & (sides.max(1) < length)
    return float(sizes[small].sum() / max(1, sizes[subject.seen].sum()))


def sigma_for(half: float, voxel: float) -> int:
    """`num_voxels` for objects of this half-thickness: σ is half of it, so that a window of 2 σ reaches the boundary."""
    return max(1, round(half / 2 / voxel))


@check(
    Kind(
        "window-anisotropic",
        "The descriptors' window is as long on every axis, in units of length; where voxels are much smaller along one axis, "
        "it is many voxels wide there, which costs time and context.",
        "Lower num_voxels, which counts the largest side of a voxel, or train on data sampled more evenly.",
    )
)
def window_anisotropic(subject: Subject) -> Iterator[Finding]:
    """Info if one side of a voxel is at least three times another's.

    A warning if the window is then wider than 300 voxels. That it is wider than a small crop is the context's matter.
    """
    predictor, gt = subject.predictor, subject.inspection.gt
    if not isinstance(predictor, AffinitiesPredictor) or not predictor.lsds:
        return
    ratio = max(gt.voxel_size) / min(gt.voxel_size)
    if ratio < UNEVEN:
        return
    width = predictor.num_voxels * max(gt.voxel_size)
    widths = [2 * window_radius(width, int(v)) + 1 for v in gt.voxel_size]
    axes = [name.removesuffix("^") for name in gt.axis_names[gt.channel_dims :]]
    described = listed([f"{w} in {a}" for w, a in zip(widths, axes, strict=True)])
    yield subject.finding(
        "window-anisotropic",
        "warning" if max(widths) > WIDE else "info",
        f"σ = {subject.length(width / gt.subdivision)} makes a window of {described} voxels, since voxels are "
        f"{ratio:.3g} times longer on one axis than on another.",
        "Lower num_voxels: it counts the longest side of a voxel.",
        [role.name for role in subject.roles if role.kind == "lsd"],
        numbers={"window": widths, "ratio": ratio, "num_voxels": predictor.num_voxels},
    )


@check(
    Kind(
        "offset-too-long",
        "An offset is longer than most objects, so hardly any pair lies within one; or longer than the data.",
        "Choose shorter offsets: at most about half as long as objects are wide in that direction.",
    )
)
def offset_too_long(subject: Subject) -> Iterator[Finding]:
    """A warning if, among the known pairs that begin in an object, fewer than 5 % end in it.

    In a box of width w along the offset that share is 1 − offset / w, in a ball of that width it is 5 % at 0.8 w: the offset
    has all but reached the width of objects, and the channel is close to constant. An error if the data has no such pair.
    """
    shape = [int(n) for n in subject.inspection.regions.data.shape // subject.inspection.gt.voxel_size]
    for channel, role in enumerate(subject.roles):
        if role.kind != "affinity":
            continue
        if any(abs(o) >= n for o, n in zip(role.offset, shape, strict=True)):
            yield subject.finding(
                "offset-too-long",
                "error",
                f"The offset of {role.name} is longer than the data of {format_shape(shape)} voxels: no pair fits.",
                "Leave this offset out, or use larger data.",
                [role.name],
                numbers={"offset": role.offset, "positive": 0.0},
            )
            continue
        now = subject.statistics[channel]
        # Background only lowers the share, so where it is large enough with it nothing need be looked at.
        if now.counts[1] >= FEW_POSITIVE * sum(now.counts):
            continue
        inside = subject.labels[0][subject.kept] > 0
        counted = inside & (subject.weight[channel] > 0) & of_partner(subject, role.offset, subject.in_data)
        total = int(np.count_nonzero(counted))
        together = int(np.count_nonzero(counted & (subject.target[channel] > 0)))
        if total >= _ENOUGH and together < FEW_POSITIVE * total:
            yield subject.finding(
                "offset-too-long",
                "warning",
                f"Only {percent(together / total)} of the pairs of {role.name} that begin in an object end in it: the offset "
                "is as long as objects are wide, or longer.",
                "Choose a shorter offset, at most about half as long as objects are wide in that direction.",
                [role.name],
                subject.place(counted),
                {"offset": role.offset, "positive": together / total, "pairs": total},
            )


def _boundaries(labels: np.ndarray, source: int) -> bool:
    """Whether there is any boundary in what was read; without one, distances say nothing about the scale."""
    channel = labels[min(source, len(labels) - 1)]
    return bool((channel != channel.flat[0]).any())


def thickness_in(subject: Subject, radius: float) -> float | None:
    """The half-thickness of the objects in the ROI, or None if there are hardly any; distances count up to `radius`."""
    gt, (labels, *_) = subject.inspection.gt, subject.labels
    sample = tuple(
        slice(k.start + (n - min(n, SAMPLE)) // 2, k.start + (n - min(n, SAMPLE)) // 2 + min(n, SAMPLE))
        for k, n in ((k, k.stop - k.start) for k in subject.kept)
    )
    reach = [int(radius / v) + 1 for v in gt.physical_voxel_size]
    around = tuple(slice(max(0, s.start - r), s.stop + r) for s, r in zip(sample, reach, strict=True))
    inside = labels[sample] > 0
    if np.count_nonzero(inside) < _ENOUGH:
        return None
    keep = tuple(slice(s.start - a.start, s.stop - a.start) for s, a in zip(sample, around, strict=True))
    with listening(lambda fraction: subject.tell("thickness", fraction)):
        part = torch.from_numpy(np.ascontiguousarray(labels[around]))
        squared = squared_boundary_distance(part, gt.physical_voxel_size, radius, keep)
    distances = np.sqrt(squared.cpu().numpy()[inside])
    return None if distances.min() >= radius else half_thickness(distances)


def _distances(values: np.ndarray, scale_factor: float) -> np.ndarray:
    """Distances from targets; those that tanh can't tell from infinity are cut off where float32 ends."""
    highest = np.tanh(np.float64(8.0))
    return np.arctanh(np.minimum(values.astype(np.float64), highest)) * scale_factor
