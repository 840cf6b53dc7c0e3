"""Simulated sampling: how often crops and classes are seen, and where weights settle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, get_args

import numpy as np
import torch

from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.text import format_shape, listed
from predictor_inspector.data.dataset import Crop, CropFacts
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.training.positions import Positions

Sampling = Literal["uniform", "annotated", "balanced"]
SAMPLINGS: tuple[Sampling, ...] = get_args(Sampling)

SETTLED = 0.05  # weights that stay within this part of the last ones have settled
_SIDE = 64  # voxels of a region along each axis, where nobody says more
_IN_MEMORY = 2**28  # values of a crop up to which it is read at once


@dataclass(frozen=True)
class Plan:
    """How regions are drawn from the crops that are trained on.

    Attributes
    ----------
    steps : int
        How many.
    sampling : str
        ``"uniform"``: every crop is as likely, and every place in it. ``"annotated"``: the same, but only places of which
        the share `min_annotated` is annotated, as gunpowder's ``RandomLocation(min_masked=…)``. ``"balanced"``: every class
        is as likely, then every one of its voxels in all crops; the region lies anywhere around it.
    size : tuple of int or None
        Voxels along each spatial axis; by default 64, or less where a crop is smaller.
    """

    steps: int = 1000
    sampling: Sampling = "uniform"
    size: tuple[int, ...] | None = None
    min_annotated: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sampling not in SAMPLINGS:
            raise ValueError(f"sampling must be one of {', '.join(SAMPLINGS)}, got {self.sampling!r}")
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")


@dataclass(frozen=True)
class ObjectDraws:
    """The objects of a class in one crop: how many, how many never seen, and in how many regions half of them are."""

    crop: str
    of_class: str
    objects: int
    never: int
    median: float


@dataclass(frozen=True, eq=False)
class Draws:
    """What sampling sees.

    Attributes
    ----------
    crops : dict of str to int
        Regions that were drawn from each crop.
    left_out : dict of str to str
        Why no region can be drawn from a crop.
    classes : dict of str to int
        Regions that hold at least one voxel of each class.
    positive : dict of str to float
        The share of each class's voxels among the annotated ones that were drawn.
    objects : tuple of ObjectDraws
        Of each crop and class with more than one object.
    weights : numpy.ndarray
        float32, [steps, classes, 2]: of the negative and the positive class, as counts add up from region to region.
    settled : dict of str to int
        The step from which on a class's weights stay within 5 % of the last ones.
    """

    plan: Plan
    size: tuple[int, ...]
    crops: dict[str, int]
    left_out: dict[str, str]
    classes: dict[str, int]
    positive: dict[str, float]
    objects: tuple[ObjectDraws, ...]
    weights: np.ndarray = field(repr=False)
    settled: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, with the last weights."""
        last = {name: [float(w) for w in self.weights[-1, i]] for i, name in enumerate(self.classes)}
        return {
            "steps": self.plan.steps,
            "sampling": self.plan.sampling,
            "size": list(self.size),
            "crops": self.crops,
            "left_out": self.left_out,
            "classes": {
                name: {
                    "regions": regions,
                    "positive": self.positive[name],
                    "weights": last[name],
                    "settled": self.settled[name],
                }
                for name, regions in self.classes.items()
            },
            "objects": [vars(found) for found in self.objects],
        }


def simulate(
    crops: Sequence[Crop],
    facts: Sequence[CropFacts],
    plan: Plan,
    clips: tuple[float, float] = (0.05, 0.95),
    progress: Callable[[int], object] | None = None,
) -> Draws:
    """Draw regions as `plan` says, and count what they hold.

    `facts` are those of `crops`, with their voxels counted. Weights are those of each class against all else, balanced as
    predictors of distances do, with `clips`. ``progress(steps)`` is called with the steps that were done since the last
    call; raise from it to cancel. A ``ValueError`` if no region can be drawn from any crop.
    """
    usable = [(crop, fact) for crop, fact in zip(crops, facts, strict=True) if fact.trains and fact.grid is not None]
    shapes = [fact.grid.shape for _, fact in usable if fact.grid is not None]
    if not shapes:
        raise ValueError("no crop that is trained on can be read")
    dims = len(shapes[0])
    size = plan.size or tuple(
        min(_SIDE, *(shape[axis] for shape in shapes if len(shape) == dims)) for axis in range(dims)
    )
    drawable, left_out = _drawable(usable, plan, size)
    if not drawable:
        raise ValueError(f"no region of {format_shape(size)} voxels can be drawn: {listed(left_out.values(), 2)}")
    names = tuple(dict.fromkeys(found.name for one in drawable for found in one.facts.classes))
    rng = np.random.default_rng(plan.seed)
    chosen, classes = _choose(drawable, names, plan, rng)
    counts = np.zeros((plan.steps, len(names), 2), np.int64)
    objects: list[ObjectDraws] = []
    for number, one in enumerate(drawable):
        steps = np.flatnonzero(chosen == number)
        if len(steps) == 0 and all((found.objects or 0) < 2 for found in one.facts.classes):
            continue
        contents = _Contents(one.source, [names.index(found.name) for found in one.facts.classes])
        begins = contents.around(classes[steps], size, rng) if plan.sampling == "balanced" else one.begins(len(steps))
        for step, begin in zip(steps, begins, strict=True):
            contents.count(begin, size, counts[step])
            if progress is not None:
                progress(1)
        objects += contents.objects(one.facts)
    summed = counts.cumsum(0)
    weights = ClassCounts(torch.from_numpy(summed.reshape(-1, 2))).weights(*clips).numpy().reshape(summed.shape)
    totals = summed[-1]
    return Draws(
        plan,
        size,
        {one.facts.name: int((chosen == i).sum()) for i, one in enumerate(drawable)},
        left_out,
        {name: int((counts[:, i, 1] > 0).sum()) for i, name in enumerate(names)},
        {name: float(totals[i, 1] / max(1, totals[i].sum())) for i, name in enumerate(names)},
        tuple(objects),
        weights,
        {name: _settled(weights[:, i]) for i, name in enumerate(names)},
    )


@dataclass(frozen=True, eq=False)
class _Drawable:
    """A crop that regions can be drawn from."""

    facts: CropFacts
    source: Source
    positions: Positions

    def begins(self, count: int) -> Iterator[tuple[int, ...]]:
        """Where the first regions begin, in voxels."""
        for n in range(count):
            yield tuple(s.start for s in self.source.gt.to_slices(self.positions[n]))


def _drawable(
    usable: Sequence[tuple[Crop, CropFacts]], plan: Plan, size: tuple[int, ...]
) -> tuple[list[_Drawable], dict[str, str]]:
    found, left_out = [], {}
    for number, (crop, facts) in enumerate(usable):
        share = plan.min_annotated if plan.sampling == "annotated" else 0.0
        try:
            source = crop.open()
            source = source.within(source.gt.roi)
            positions = Positions(source, size, share, plan.seed + number)
            positions[0]
        except (ValueError, OSError) as error:
            left_out[crop.name] = str(error)
            continue
        if plan.sampling == "balanced" and not any(found.present for found in facts.classes):
            left_out[crop.name] = "it holds no voxel of any class"
            continue
        found.append(_Drawable(facts, source, positions))
    return found, left_out


def _choose(
    drawable: Sequence[_Drawable], names: Sequence[str], plan: Plan, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The crop of each step, and the class that it is drawn for, -1 for none."""
    if plan.sampling != "balanced":
        return rng.integers(len(drawable), size=plan.steps), np.full(plan.steps, -1)
    present = np.zeros((len(names), len(drawable)))
    for i, one in enumerate(drawable):
        for found in one.facts.classes:
            present[names.index(found.name), i] = found.present or 0
    there = np.flatnonzero(present.sum(1))
    classes = there[rng.integers(len(there), size=plan.steps)]
    shares = present / np.maximum(present.sum(1, keepdims=True), 1)
    return np.array([rng.choice(len(drawable), p=shares[c]) for c in classes], dtype=np.intp), classes


class _Contents:
    """What regions of a crop hold; `rows` are the places of its classes among all."""

    def __init__(self, source: Source, rows: Sequence[int]) -> None:
        self._source, self._rows = source, rows
        self._whole = self._read() if prod(source.gt.shape) <= _IN_MEMORY else None
        self._seen: list[dict[int, int]] = [{} for _ in rows]
        self._numbers: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        if self._whole is not None:
            # Ids are numbered anew once, so that each region takes no sorting.
            for labels in self._whole[0]:
                ids, numbers = np.unique(labels, return_inverse=True)
                self._numbers.append((ids, numbers.reshape(labels.shape), np.zeros(len(ids), np.int64)))

    def count(self, begin: Sequence[int], size: Sequence[int], counts: np.ndarray) -> None:
        """Add what a region holds to counts of voxels, [classes, 2]."""
        box = tuple(slice(int(b), int(b) + n) for b, n in zip(begin, size, strict=True))
        labels, known = self._read(box) if self._whole is None else (a[:, *box] for a in self._whole)
        for i, row in enumerate(self._rows):
            inside, of = known[min(i, len(known) - 1)], labels[i]
            present = int(np.count_nonzero((of > 0) & inside))
            counts[row] += (int(np.count_nonzero(inside)) - present, present)
            if self._whole is None:
                for found in np.unique(of[inside]).tolist():
                    self._seen[i][found] = self._seen[i].get(found, 0) + 1
            else:
                ids, numbers, seen = self._numbers[i]
                seen += np.bincount(numbers[box][inside], minlength=len(ids)) > 0

    def around(self, classes: np.ndarray, size: Sequence[int], rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
        """Where regions begin that hold a random voxel of the class of each step."""
        labels, known = self._whole or self._read()
        shape = labels.shape[1:]
        voxels = {
            row: np.flatnonzero((labels[i] > 0) & known[min(i, len(known) - 1)]) for i, row in enumerate(self._rows)
        }
        for row in classes:
            voxel = np.unravel_index(rng.choice(voxels[int(row)]), shape)
            begins = (int(v) - int(rng.integers(n)) for v, n in zip(voxel, size, strict=True))
            yield tuple(min(max(0, b), most - n) for b, n, most in zip(begins, size, shape, strict=True))

    def objects(self, facts: CropFacts) -> Iterator[ObjectDraws]:
        """How often its objects were seen."""
        for i, found in enumerate(facts.classes):
            if (found.objects or 0) < 2 or found.objects is None:
                continue
            if self._whole is None:
                times = [n for value, n in self._seen[i].items() if value > 0]
            else:
                ids, _, seen = self._numbers[i]
                times = seen[ids > 0].tolist()
            seen_at_all = [n for n in times if n]
            never = max(0, found.objects - len(seen_at_all))
            median = float(np.median([*seen_at_all, *[0] * never]))
            yield ObjectDraws(facts.name, found.name, found.objects, never, median)

    def _read(self, box: tuple[slice, ...] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Ids, [C, Z, Y, X], and where they are annotated, [1 or C, Z, Y, X], of a box, by default of all."""
        gt = self._source.gt
        part = self._source.read(gt.roi if box is None else gt.roi_of(box))
        labels = np.asarray(as_labels(part.gt.data))
        labels = labels if part.gt.channel_dims else labels[None]
        if part.mask is None:
            return labels, np.ones((1, *labels.shape[1:]), bool)
        known = np.asarray(part.mask.data) != 0
        return labels, known if part.mask.channel_dims else known[None]


def _settled(weights: np.ndarray) -> int:
    """The first step, from 1, after which weights, [steps, 2], stay near the last."""
    near = np.all(np.abs(weights - weights[-1]) <= SETTLED * weights[-1], axis=1)
    far = np.flatnonzero(~near)
    return int(far[-1]) + 2 if len(far) else 1
