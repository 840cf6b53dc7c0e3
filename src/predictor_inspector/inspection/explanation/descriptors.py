"""Explanations of local shape descriptors: the object in a Gaussian window, and the formula of the channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.ops.shape_descriptors import MINIMAL_VARIANCE, window_radius
from predictor_inspector.core.text import amount, counted, length, ordinal, signed
from predictor_inspector.inspection.explanation.parts import Arrow, BoxMark, Ellipsoid, Mark, Reason, VoxelSet
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Voxel, Window, point
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
        sentence = "0, because the voxel is background (id 0), which has no shape."
        background_steps = ("This voxel has id 0: background.", "Background has no shape: 0.")
        return Reason(background_steps, 0.0, (voxel.box(voxel.at, "voxel", "id 0"),), sentence), weight
    sigma, step = voxel.parameter("window") * max(voxel.sizes), voxel.parameter("downsampling", 1)
    phase = tuple(int(o // v % step) for o, v in zip(voxel.gt.offset, voxel.gt.voxel_size, strict=True))
    shape = local_shape(voxel.labels, voxel.shape, voxel.at, sigma, voxel.sizes, step, phase)
    group = [c.name for c in voxel.inspection.channels if c.group == voxel.described.group]
    descriptor = describe(voxel, shape, sigma, group.index(voxel.described.name))
    clipped = min(max(descriptor.value, 0.0), 1.0)
    steps = (*_window_steps(voxel, shape, sigma), *descriptor.formula)
    if clipped != descriptor.value:
        steps += (f"Clipped to [0, 1]: {amount(clipped)}",)
    return Reason(steps, clipped, _marks(voxel, shape, sigma), f"{amount(clipped)}: {descriptor.sentence}"), weight


def _window_steps(voxel: Voxel, shape: LocalShape, sigma: float) -> tuple[str, ...]:
    largest = voxel.axes[int(np.argmax(voxel.sizes))]
    side = " × ".join(str(2 * r + 1) for r in shape.radii)
    every = ""
    if shape.step > 1:
        every = f", looking at every {ordinal(shape.step)} voxel ({voxel.described.roles['downsampling']})"
    steps = [
        f"Window: a Gaussian of σ = {voxel.parameter('window')} voxels · {length(max(voxel.sizes), voxel.unit)} (along "
        f"{largest}, the largest) = {length(sigma, voxel.unit)}, cut off at 3 σ: {side} voxels{every}."
    ]
    if shape.step > 1 and shape.sampled != voxel.at:
        steps.append("The window is centred on the first voxel of this voxel's group, which stands for it.")
    count = int(shape.mask.sum())
    steps.append(f"In it, {counted(count, 'voxel')} are of this object, id {voxel.id_at(voxel.at)}.")
    if count == 0:
        steps.append("The coarser grid misses the object here: no extent is known.")
    return tuple(steps)


@dataclass(frozen=True)
class _Descriptor:
    """One descriptor: what it says of the shape, its formula with numbers, and its value before clipping."""

    sentence: str
    formula: tuple[str, ...]
    value: float


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


def _correlation(voxel: Voxel, shape: LocalShape, sigma: float, pair: int) -> _Descriptor:
    a, b = list(combinations(range(len(voxel.axes)), 2))[pair]
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


def _size(voxel: Voxel, shape: LocalShape, sigma: float, index: int) -> _Descriptor:
    formula = (f"Sum of the Gaussian over them, of 1 for the whole window: {amount(shape.size)}",)
    share = amount(100 * shape.size, 3)
    sentence = f"the object fills {share} % of the window around this voxel, weighted by the Gaussian."
    return _Descriptor(sentence, formula, shape.size)


_FORMULAS = {"mean offset": _mean_offset, "variance": _variance, "pearson": _correlation, "size": _size}
"""By the group of channels."""


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


@dataclass(frozen=True)
class LocalShape:
    """A voxel's object as seen through the Gaussian window around it.

    Attributes
    ----------
    sampled : tuple of int
        The voxel of the ground truth that the window is centred on: this one, or the one that stands for it when
        descriptors are downsampled.
    step : int
        Every how many voxels the object is looked at.
    radii : tuple of int
        Of the window, in steps, per axis.
    first : tuple of int
        The voxel of the ground truth that `mask` begins with; may lie before its first.
    mask : numpy.ndarray
        Boolean: which samples are of the object, on every `step`-th voxel, no larger than it takes.
    size : float
        The object's share of the window, weighted by the Gaussian.
    mean : numpy.ndarray
        [axes], in the unit of length: the weighted mean of the object's offsets from the centre.
    covariance : numpy.ndarray
        [axes, axes], in squared units: of those offsets.
    """

    sampled: tuple[int, ...]
    step: int
    radii: tuple[int, ...]
    first: tuple[int, ...]
    mask: np.ndarray
    size: float
    mean: np.ndarray
    covariance: np.ndarray

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
    step: int = 1,
    phase: Sequence[int] = (),
) -> LocalShape:
    """The shape of the object at a voxel, by the definition.

    Parameters
    ----------
    read : callable
        Gives the ids of a part of the volume, [Z, Y, X] or [Y, X].
    extent : sequence of int
        The volume's shape, in voxels.
    at : sequence of int
        The voxel.
    sigma : float
        Standard deviation of the window in the unit of length.
    sizes : numpy.ndarray
        Voxel size in that unit, per axis.
    step, phase
        As `downsample` and `phase` of the operation `shape_descriptors`.
    """
    phase = tuple(phase) or (0,) * len(extent)
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
        t = np.arange(-r, r + 1) * s
        norm = np.exp(-0.5 * (t / sigma) ** 2).sum()
        t = (np.arange(low, low + n) - c) * s
        w = np.exp(-0.5 * (t / sigma) ** 2) / norm
        kernels.append(np.stack([w, w * t, w * t * t]))
    moments = _moments(mask, kernels)
    dims = len(extent)
    size = float(moments[(0,) * dims])
    total = size or 1.0
    unit = np.eye(dims, dtype=int)
    mean = np.array([moments[tuple(unit[a])] / total for a in range(dims)])
    second = np.array([[moments[tuple(unit[a] + unit[b])] / total for b in range(dims)] for a in range(dims)])
    return LocalShape(
        sampled=tuple(c * step - p for c, p in zip(place, phase, strict=True)),
        step=step,
        radii=radii,
        first=tuple(low * step - p for low, p in zip(lows, phase, strict=True)),
        mask=mask,
        size=size,
        mean=mean,
        covariance=second - np.outer(mean, mean),
    )


def _moments(mask: np.ndarray, kernels: list[np.ndarray]) -> np.ndarray:
    """Sums of the mask times each product of kernels, [3] * axes; plane by plane, so that no wide copy is made."""
    if mask.ndim == 2:
        return np.asarray(kernels[0] @ mask.astype(np.float64) @ kernels[1].T)
    inner = np.zeros((3,) * (mask.ndim - 1) + (len(mask),))
    for i, plane in enumerate(mask):
        inner[..., i] = _moments(plane, kernels[1:])
    return np.moveaxis(inner @ kernels[0].T, -1, 0)
