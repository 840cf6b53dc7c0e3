"""Explanations of local shape descriptors: the object in a Gaussian window, and formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.ops.shape_descriptors import MINIMAL_VARIANCE, window_radius
from predictor_inspector.core.text import amount, counted, ordinal, readable, signed
from predictor_inspector.inspection.explanation.parts import Arrow, BoxMark, Ellipsoid, Mark, Meaning, Reason, VoxelMark
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Index, Voxel, Window, point
from predictor_inspector.inspection.explanation.weights import annotated, balanced


def explain_descriptor(voxel: Voxel) -> tuple[Reason, Reason]:
    """The object in the window and the descriptor's formula; all descriptors share one weight of objects against background."""
    describe = _FORMULAS.get(voxel.described.group)
    if describe is None or "window" not in voxel.described.roles:
        return explain_unknown(voxel)
    own, background = voxel.id_at(voxel.at), voxel.parameter("background", False)
    weight = balanced(voxel, [annotated(voxel)], background or own > 0)
    weight = replace(weight, steps=("All descriptors share one weight, of objects against background.", *weight.steps))
    if own == 0 and not background:
        steps: tuple[str, ...] = ("This voxel has id 0: background.", "Background has no shape: 0.")
        sentence = "0, because the voxel is background (id 0), which has no shape."
        return Reason(steps, 0.0, (voxel.box(voxel.at, "voxel", "id 0"),), sentence), weight
    sigma, step = voxel.parameter("window") * max(voxel.sizes), voxel.parameter("downsampling", 1)
    phase = tuple(int(o // v % step) for o, v in zip(voxel.gt.offset, voxel.gt.voxel_size, strict=True))
    shape = local_shape(voxel.labels, voxel.shape, voxel.at, sigma, voxel.sizes, step, phase)
    group = [c.name for c in voxel.inspection.channels if c.group == voxel.described.group]
    descriptor = describe(voxel, shape, group.index(voxel.described.name))
    clipped = min(max(descriptor.value, 0.0), 1.0)
    steps = (*_window_steps(voxel, shape), *descriptor.formula)
    if clipped != descriptor.value:
        steps += (f"Clipped to [0, 1]: {amount(clipped)}",)
    return Reason(steps, clipped, _marks(voxel, shape), f"{amount(clipped)}: {descriptor.sentence}"), weight


def _window_steps(voxel: Voxel, shape: LocalShape) -> tuple[str, ...]:
    largest = voxel.axes[int(np.argmax(voxel.sizes))]
    side = " × ".join(str(2 * r + 1) for r in shape.radii)
    every = ""
    if shape.step > 1:
        every = f", looking at every {ordinal(shape.step)} voxel ({readable(voxel.described.roles['downsampling'])})"
    steps = [
        f"Window: a Gaussian of σ = {voxel.parameter('window')} voxels · {voxel.length(max(voxel.sizes))} (along "
        f"{largest}, the largest) = {voxel.length(shape.sigma)}, cut off at 3 σ: {side} voxels{every}."
    ]
    if shape.step > 1 and shape.sampled != voxel.at:
        steps.append("The window is centred on the first voxel of this voxel's group, which stands for it.")
    count = int(shape.mask.sum())
    steps.append(f"In it, {counted(count, 'voxel')} are of this object, id {voxel.id_at(voxel.at)}.")
    if count == 0:
        steps.append("The coarser grid misses the object here: no extent is known.")
    return tuple(steps)


class _Descriptor(NamedTuple):
    """One descriptor: its value before clipping, its formula with numbers, and a sentence about the shape."""

    value: float
    formula: tuple[str, ...]
    sentence: str


def _mean_offset(voxel: Voxel, shape: LocalShape, axis: int) -> _Descriptor:
    name, unit, mean = voxel.axes[axis], voxel.unit, float(shape.mean[axis])
    value = mean / shape.sigma / 2 + 0.5
    formula = (
        f"Mean offset of those voxels along {name}, weighted by the Gaussian: {signed(mean)} {unit}",
        f"{signed(mean)} / σ {amount(shape.sigma)} · ½ + ½ = {amount(value)}",
    )
    if abs(mean) < shape.sigma / 100:
        text = f"along {name} the object in the window is nearly centred on this voxel, which gives about ½."
    else:
        middle = f"the middle of the object in the window lies {signed(mean)} {unit} in {name} from here"
        text = f"{middle}, so {'above' if mean > 0 else 'below'} ½."
    return _Descriptor(value, formula, text)


def _variance(voxel: Voxel, shape: LocalShape, axis: int) -> _Descriptor:
    name, unit, sigma = voxel.axes[axis], voxel.unit, shape.sigma
    raw, variance = float(shape.covariance[axis, axis]), float(shape.variance[axis])
    value = variance / sigma**2
    least = f", kept at {MINIMAL_VARIANCE:g}" if raw < MINIMAL_VARIANCE else ""
    formula = (
        f"Variance of those voxels' offsets along {name}, weighted: {amount(raw)} {unit}²{least}",
        f"{amount(variance)} / σ² {amount(sigma**2)} = {amount(value)}",
    )
    spread = f"spreads by {voxel.length(float(np.sqrt(variance)))} (standard deviation)"
    text = f"along {name} the object in the window {spread}; a spread of σ, {voxel.length(sigma)}, would give 1."
    return _Descriptor(value, formula, text)


def _correlation(voxel: Voxel, shape: LocalShape, pair: int) -> _Descriptor:
    a, b = list(combinations(range(len(voxel.axes)), 2))[pair]
    first, second, square = voxel.axes[a], voxel.axes[b], f"{voxel.unit}²"
    covariance, one, other = float(shape.covariance[a, b]), float(shape.variance[a]), float(shape.variance[b])
    pearson = covariance / float(np.sqrt(one * other))
    value = pearson / 2 + 0.5
    variances = f"{amount(one)} and {amount(other)} {square}"
    formula = (
        f"Covariance of {first} and {second}: {amount(covariance)} {square}; variances: {variances}",
        f"Correlation: {amount(covariance)} / √({amount(one)} · {amount(other)}) = {signed(pearson)}",
        f"{signed(pearson)} · ½ + ½ = {amount(value)}",
    )
    if abs(pearson) < 0.01:
        text = f"the object in the window hardly leans between {first} and {second}, which gives about ½."
    else:
        also = f"{second} {'grows too' if pearson > 0 else 'falls'} (correlation {signed(pearson, 2)})"
        text = f"the object in the window is oblique: where {first} grows, {also}."
    return _Descriptor(value, formula, text)


def _size(voxel: Voxel, shape: LocalShape, index: int) -> _Descriptor:
    formula = f"Sum of the Gaussian over them, of 1 for the whole window: {amount(shape.size)}"
    share = amount(100 * shape.size, 3)
    text = f"the object fills {share} % of the window around this voxel, weighted by the Gaussian."
    return _Descriptor(shape.size, (formula,), text)


_FORMULAS = {"mean offset": _mean_offset, "variance": _variance, "pearson": _correlation, "size": _size}
"""By the group of channels."""


def _marks(voxel: Voxel, shape: LocalShape) -> tuple[Mark, ...]:
    middle = voxel.centre(shape.sampled)
    reach = (np.array(shape.radii) + 0.5) * shape.step * voxel.sizes
    marks: tuple[Mark, ...] = (
        BoxMark(point(middle - reach), point(middle + reach), "window", "window, 3 σ"),
        _ellipsoid(middle, np.eye(len(middle)) * shape.sigma**2, "window", "σ"),
    )
    if shape.mask.any():
        gt = voxel.gt
        offset = tuple(o + int(f) * int(v) for o, f, v in zip(gt.offset, shape.first, gt.voxel_size, strict=True))
        part = Array(shape.mask, gt.voxel_size * shape.step, offset, voxel.axes, gt.unit, gt.subdivision)
        covariance = shape.covariance + np.diag(shape.variance - np.diag(shape.covariance))
        marks += (
            VoxelMark(part, "object", f"id {voxel.id_at(voxel.at)}"),
            _ellipsoid(middle + shape.mean, covariance, "object", "the object's spread"),
            Arrow(point(middle), point(middle + shape.mean), "object", "mean offset"),
        )
    return (*marks, voxel.box(voxel.at, "voxel"))


def _ellipsoid(centre: np.ndarray, covariance: np.ndarray, meaning: Meaning, label: str) -> Ellipsoid:
    return Ellipsoid(point(centre), tuple(point(row) for row in covariance), meaning, label)


@dataclass(frozen=True)
class LocalShape:
    """A voxel's object as seen through the Gaussian window around it."""

    sampled: Index  # the voxel that the window is centred on: this one, or with downsampling the one that stands for it
    sigma: float  # of the window, in the unit of length
    step: int  # every how many voxels the object is looked at
    radii: Index  # of the window, in steps, per axis
    first: Index  # the voxel of the ground truth that `mask` begins with; may lie before its first
    mask: np.ndarray  # which samples are of the object: boolean, every `step`-th voxel of the box around it
    size: float  # the object's share of the window, weighted by the Gaussian
    mean: np.ndarray  # of the object's offsets from the centre, weighted, in the unit of length: [axes]
    covariance: np.ndarray  # of the same, in squared units: [axes, axes]

    @property
    def variance(self) -> np.ndarray:
        """The variances that count: never below the least."""
        return np.maximum(np.diag(self.covariance), MINIMAL_VARIANCE)


def local_shape(
    read: Callable[[Window], np.ndarray],
    extent: Sequence[int],
    at: Sequence[int],
    sigma: float,
    sizes: np.ndarray,
    step: int,
    phase: Sequence[int],
) -> LocalShape:
    """The shape of the object at voxel `at`, by the definition.

    `read` gives the ids of a part of the volume, [Z, Y, X] or [Y, X], whose shape is `extent`. `sigma`, the standard deviation
    of the window, and `sizes`, those of a voxel, are in the unit of length. `step` and `phase` are as `downsample` and `phase`
    of the operation `shape_descriptors`.
    """
    place = [(a + p) // step for a, p in zip(at, phase, strict=True)]
    radii = tuple(window_radius(sigma / (s * step), 1) for s in sizes)
    # Samples that lie before the volume's first voxel are background.
    lows = [max(c - r, -(-p // step)) for c, r, p in zip(place, radii, phase, strict=True)]
    highs = [min(c + r, (n - 1 + p) // step) for c, r, n, p in zip(place, radii, extent, phase, strict=True)]
    window = tuple(
        slice(low * step - p, max(low * step - p, high * step - p + 1), step)
        for low, high, p in zip(lows, highs, phase, strict=True)
    )
    mask = read(window) == read(tuple(slice(a, a + 1) for a in at))
    for axis in range(mask.ndim):
        used = np.flatnonzero(mask.any(tuple(a for a in range(mask.ndim) if a != axis)))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
        lows[axis] += low
        mask = np.moveaxis(np.moveaxis(mask, axis, 0)[low:high], 0, axis)
    kernels = []
    for c, r, s, low, n in zip(place, radii, sizes * step, lows, mask.shape, strict=True):
        t = (np.arange(low, low + n) - c) * s
        w = np.exp(-0.5 * (t / sigma) ** 2) / np.exp(-0.5 * (np.arange(-r, r + 1) * s / sigma) ** 2).sum()
        kernels.append(np.stack([w, w * t, w * t * t]))
    dims = mask.ndim
    # Sums of the mask times each product of kernels, [3] * axes.
    moments = np.einsum("zyx,az,by,cx->abc" if dims == 3 else "yx,by,cx->bc", mask, *kernels, optimize=True)
    size, unit = float(moments[(0,) * dims]), np.eye(dims, dtype=int)
    total = size or 1.0
    mean = np.array([moments[tuple(a)] for a in unit]) / total
    second = np.array([[moments[tuple(a + b)] for b in unit] for a in unit]) / total
    sampled, first = (tuple(int(c) * step - p for c, p in zip(corner, phase, strict=True)) for corner in (place, lows))
    return LocalShape(sampled, sigma, step, radii, first, mask, size, mean, second - np.outer(mean, mean))
