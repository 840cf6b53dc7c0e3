"""Why a local shape descriptor is what it is: its object in a Gaussian window, and the formula of its channel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.ops.shape_descriptors import MINIMAL_VARIANCE
from predictor_inspector.core.predictors.affinities import AffinitiesPredictor
from predictor_inspector.inspection.explanation.local_shape import LocalShape, local_shape
from predictor_inspector.inspection.explanation.marks import Arrow, BoxMark, Ellipsoid, Mark, VoxelSet
from predictor_inspector.inspection.explanation.parts import TargetPart, WeightPart
from predictor_inspector.inspection.explanation.text import amount, length, ordinal, signed, voxels
from predictor_inspector.inspection.explanation.voxel import Voxel, point
from predictor_inspector.inspection.explanation.weights import Classes, annotated, balanced


def explain_descriptor(predictor: AffinitiesPredictor, voxel: Voxel) -> TargetPart:
    """The descriptor of the voxel's channel, from its object in the window."""
    own = voxel.id_at(voxel.at)
    if own == 0 and not predictor.background_as_object:
        return TargetPart(
            "0, because the voxel is background (id 0), which has no shape.",
            ("This voxel has id 0: background.", "Background has no shape: 0."),
            0.0,
            (voxel.box(voxel.at, "voxel", "id 0"),),
        )
    sigma = predictor.num_voxels * max(voxel.sizes)
    step = predictor.downsample_lsds
    phase = tuple(int(o // v % step) for o, v in zip(voxel.gt.offset, voxel.gt.voxel_size, strict=True))
    shape = local_shape(voxel.labels, voxel.shape, voxel.at, sigma, voxel.sizes, step, phase)
    descriptor = _descriptor(voxel, shape, sigma, voxel.channel - len(predictor.neighborhood))
    clipped = min(max(descriptor.value, 0.0), 1.0)
    steps = (*_window_steps(predictor, voxel, shape, sigma), *descriptor.formula)
    if clipped != descriptor.value:
        steps += (f"Clipped to [0, 1]: {amount(clipped)}",)
    return TargetPart(f"{amount(clipped)}: {descriptor.sentence}", steps, clipped, _marks(voxel, shape, sigma))


def weigh_descriptor(predictor: AffinitiesPredictor, voxel: Voxel) -> WeightPart:
    """All descriptors share one weight, which balances foreground against background."""
    offsets = len(predictor.neighborhood)
    names = ("background", "inside objects")
    positive = predictor.background_as_object or voxel.id_at(voxel.at) > 0
    clips = predictor.lsd_weight_clipmin, predictor.lsd_weight_clipmax
    part = balanced(voxel, [annotated(voxel, offsets)], Classes(offsets, positive, names, *clips))
    shared = "All descriptors share one weight, of objects against background."
    return WeightPart((shared, *part.steps), part.derived, part.marks)


def _window_steps(predictor: AffinitiesPredictor, voxel: Voxel, shape: LocalShape, sigma: float) -> tuple[str, ...]:
    largest = voxel.axes[int(np.argmax(voxel.sizes))]
    side = " × ".join(str(2 * r + 1) for r in shape.radii)
    every = "" if shape.step == 1 else f", looking at every {ordinal(shape.step)} voxel (downsample_lsds)"
    steps = [
        f"Window: a Gaussian of σ = {predictor.num_voxels} voxels · {length(max(voxel.sizes), voxel.unit)} (along {largest}, "
        f"the largest) = {length(sigma, voxel.unit)}, cut off at 3 σ: {side} voxels{every}."
    ]
    if shape.step > 1 and shape.sampled != voxel.at:
        steps.append("The window is centred on the first voxel of this voxel's group, which stands for it.")
    count = int(shape.mask.sum())
    steps.append(f"In it, {voxels(count)} are of this object, id {voxel.id_at(voxel.at)}.")
    if count == 0:
        steps.append("The coarser grid misses the object here: no extent is known.")
    return tuple(steps)


@dataclass(frozen=True)
class _Descriptor:
    """One descriptor: what it says of the shape, its formula with numbers, and its value before clipping."""

    sentence: str
    formula: tuple[str, ...]
    value: float


def _descriptor(voxel: Voxel, shape: LocalShape, sigma: float, index: int) -> _Descriptor:
    dims = len(voxel.axes)
    pairs = list(combinations(range(dims), 2))
    if index < dims:
        return _mean_offset(voxel, shape, sigma, index)
    if index < 2 * dims:
        return _variance(voxel, shape, sigma, index - dims)
    if index < 2 * dims + len(pairs):
        return _correlation(voxel, shape, *pairs[index - 2 * dims])
    formula = (f"Sum of the Gaussian over them, of 1 for the whole window: {amount(shape.size)}",)
    share = (
        f"the object fills {amount(100 * shape.size, 3)} % of the window around this voxel, weighted by the Gaussian."
    )
    return _Descriptor(share, formula, shape.size)


def _mean_offset(voxel: Voxel, shape: LocalShape, sigma: float, axis: int) -> _Descriptor:
    name, unit, mean = voxel.axes[axis], voxel.unit, float(shape.mean[axis])
    value = mean / sigma / 2 + 0.5
    formula = (
        f"Mean offset of those voxels along {name}, weighted by the Gaussian: {signed(mean)} {unit}",
        f"{signed(mean)} / σ {amount(sigma)} · ½ + ½ = {amount(value)}",
    )
    sentence = f"along {name} the object in the window is all but centred on this voxel, which gives about ½."
    if abs(mean) >= sigma / 100:
        side, than = ("on", "above") if mean > 0 else ("back", "below")
        sentence = (
            f"along {name} the middle of the object in the window lies {length(abs(mean), unit)} further {side}, "
            f"so {than} ½."
        )
    return _Descriptor(sentence, formula, value)


def _variance(voxel: Voxel, shape: LocalShape, sigma: float, axis: int) -> _Descriptor:
    name, unit = voxel.axes[axis], voxel.unit
    raw, variance = float(shape.covariance[axis, axis]), float(shape.variance[axis])
    value = variance / sigma**2
    least = f", kept at {MINIMAL_VARIANCE:g}" if raw < MINIMAL_VARIANCE else ""
    formula = (
        f"Variance of those voxels' offsets along {name}, weighted: {amount(raw)} {unit}²{least}",
        f"{amount(variance)} / σ² {amount(sigma**2)} = {amount(value)}",
    )
    sentence = (
        f"along {name} the object in the window spreads by {length(float(np.sqrt(variance)), unit)} (standard deviation); "
        f"a spread of σ, {length(sigma, unit)}, would give 1."
    )
    return _Descriptor(sentence, formula, value)


def _correlation(voxel: Voxel, shape: LocalShape, a: int, b: int) -> _Descriptor:
    names, square = (voxel.axes[a], voxel.axes[b]), f"{voxel.unit}²"
    covariance, variances = float(shape.covariance[a, b]), (float(shape.variance[a]), float(shape.variance[b]))
    pearson = covariance / float(np.sqrt(variances[0] * variances[1]))
    value = pearson / 2 + 0.5
    both = " and ".join(amount(v) for v in variances)
    formula = (
        f"Covariance of {names[0]} and {names[1]}: {amount(covariance)} {square}; variances: {both} {square}",
        f"Correlation: {amount(covariance)} / √({amount(variances[0])} · {amount(variances[1])}) = {signed(pearson)}",
        f"{signed(pearson)} · ½ + ½ = {amount(value)}",
    )
    sentence = f"the object in the window hardly leans between {names[0]} and {names[1]}, which gives about ½."
    if abs(pearson) >= 0.01:
        other = "grows too" if pearson > 0 else "falls"
        sentence = (
            f"the object in the window is oblique: where {names[0]} grows, {names[1]} {other} "
            f"(correlation {signed(pearson, 2)})."
        )
    return _Descriptor(sentence, formula, value)


def _marks(voxel: Voxel, shape: LocalShape, sigma: float) -> tuple[Mark, ...]:
    dims = len(voxel.axes)
    middle = voxel.centre(shape.sampled)
    reach = (np.array(shape.radii) + 0.5) * shape.step * voxel.sizes
    window = BoxMark(point(middle - reach), point(middle + reach), "window", "window, 3 σ")
    sphere = Ellipsoid(point(middle), tuple(point(row) for row in np.eye(dims) * sigma**2), "window", "σ")
    marks: tuple[Mark, ...] = (window, sphere)
    if shape.mask.any():
        gt, step = voxel.gt, shape.step
        offset = tuple(o + int(f) * int(v) for o, f, v in zip(gt.offset, shape.first, gt.voxel_size, strict=True))
        sizes = tuple(int(v) * step for v in gt.voxel_size)
        part = Array(shape.mask, sizes, offset, voxel.axes, gt.unit, gt.subdivision)
        mean = point(middle + shape.mean)
        covariance = shape.covariance + np.diag(shape.variance - np.diag(shape.covariance))
        marks += (
            VoxelSet(part, "object", f"id {voxel.id_at(voxel.at)}"),
            Ellipsoid(mean, tuple(point(row) for row in covariance), "object", "the object's spread"),
            Arrow(point(middle), mean, "object", "mean offset"),
        )
    return (*marks, voxel.box(voxel.at, "voxel"))
