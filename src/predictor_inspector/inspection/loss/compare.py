"""`compare_losses`: which of two predictions is better, where, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import amount, format_table, percent
from predictor_inspector.data.roi_text import roi_to_text
from predictor_inspector.inspection.findings.finding import plain
from predictor_inspector.inspection.loss.loss_map import LossMap, peaks, place_of

_BLOCK, _MOST_BLOCKS = 16, 4  # voxels that a part of the region has along an axis at least, and parts along it at most
_WORTH_TELLING = 0.01  # share of the higher loss that a difference is at least
_MOST = 6  # objects and regions in the text


@dataclass(frozen=True)
class LossPart:
    """What a part of the values adds to the loss of A and of B."""

    name: str
    a: float
    b: float

    @property
    def gain(self) -> float:
        """By how much B is better; negative where A is."""
        return self.a - self.b

    @property
    def better(self) -> str:
        """``"A"`` or ``"B"``; empty where they are the same."""
        return "B" if self.gain > 0 else "A" if self.gain < 0 else ""


@dataclass(frozen=True)
class DifferingPlace:
    """A voxel where one prediction is better than the other by most, and the channel in which it is most so.

    `a` and `b` are the losses of all of its channels, `position` and `voxel` as of a `WorstPlace`.
    """

    position: tuple[float, ...]
    voxel: tuple[int, ...]
    better: str
    channel: str
    a: float
    b: float
    prediction_a: float
    prediction_b: float
    target: float
    weight: float


@dataclass(frozen=True, eq=False)
class LossComparison:
    """The losses of two predictions of one target, A and B.

    Attributes
    ----------
    a, b : LossMap
        Of one inspection, and of one loss.
    difference : Array
        What each value adds to B's loss less what it adds to A's: float32, [C, …]; negative where B is better.
    """

    a: LossMap
    b: LossMap
    difference: Array

    @property
    def whole(self) -> LossPart:
        """Both losses."""
        return LossPart("loss", self.a.total, self.b.total)

    @cached_property
    def channels(self) -> tuple[LossPart, ...]:
        """Per channel, in order."""
        return tuple(LossPart(name, loss, self.b.by_channel[name]) for name, loss in self.a.by_channel.items())

    @cached_property
    def classes(self) -> tuple[LossPart, ...]:
        """Per channel and class: first the negative, then the positive."""
        return tuple(
            LossPart(f"{name} ({which} class)", a, b)
            for name, losses in self.a.by_class.items()
            for which, a, b in zip(("negative", "positive"), losses, self.b.by_class[name], strict=True)
        )

    @cached_property
    def objects(self) -> dict[int, LossPart]:
        """By the ids of the ground truth's first channel, where the losses differ most first; 0 is background."""
        parts = {
            i: LossPart(f"id {i}" if i else "background", loss, self.b.by_object[i])
            for i, loss in self.a.by_object.items()
        }
        return dict(sorted(parts.items(), key=lambda item: -abs(item[1].gain)))

    @cached_property
    def regions(self) -> tuple[tuple[Roi, LossPart], ...]:
        """Boxes that the region falls into, where the losses differ most first; named as ``--roi`` takes them."""
        gt, target = self.a.inspection.request.source.gt, self.a.inspection.target
        cuts = [
            np.linspace(0, n, min(_MOST_BLOCKS, max(1, n // _BLOCK)) + 1).round().astype(int)
            for n in target.spatial_shape
        ]
        found = []
        for spans in product(*map(pairwise, cuts)):
            box = tuple(slice(int(low), int(high)) for low, high in spans)
            roi = target.roi_of(box)
            losses = (float(one.by_voxel[box].sum()) for one in (self.a, self.b))
            found.append((roi, LossPart(roi_to_text(roi, gt), *losses)))
        return tuple(sorted(found, key=lambda each: -abs(each[1].gain)))

    def places(self, better: str, count: int = 10) -> tuple[DifferingPlace, ...]:
        """Where ``"A"`` or ``"B"`` is better by most, apart from each other as of `LossMap.worst`."""
        sign, inspection = {"A": 1, "B": -1}[better], self.a.inspection
        values = sign * self.difference.numpy()
        arrays = self.a.prediction, self.b.prediction, inspection.target, inspection.weight
        found = []
        for at in peaks(values.sum(0, dtype=np.float64), count):
            channel = max(range(len(values)), key=lambda c, at=at: float(values[c][at]))  # type: ignore[misc]
            numbers = (float(array.numpy()[(channel, *at)]) for array in arrays)
            losses = (float(one.by_voxel[at]) for one in (self.a, self.b))
            name = inspection.channel_names[channel]
            found.append(DifferingPlace(*place_of(inspection, at), better, name, *losses, *numbers))
        return tuple(found)

    def summary(self) -> str:
        """Which is better, by how much and where, in a sentence or two."""
        whole, worse = self.whole, max(self.a.total, self.b.total)
        told = [f"A and B have the same loss, {amount(self.a.total)}"]
        if whole.better:
            most, least = amount(worse), amount(min(self.a.total, self.b.total))
            share = percent(abs(whole.gain) / worse)
            told = [f"{whole.better} is better by {share}, {least} against {most}{self._mostly(whole.better, ': ')}"]
        for other in "AB":
            mostly = self._mostly(other, " in ") if other != whole.better else ""
            told += [f"{other} is better{mostly}"] if mostly else []
        return ". ".join(told) + "."

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, without arrays: the sentence, both maps, and parts; of objects the 100 that differ most."""
        told: dict[str, Any] = {
            "summary": self.summary(),
            "a": self.a.as_dict(),
            "b": self.b.as_dict(),
            "channels": _told(self.channels),
            "classes": _told(self.classes),
            "objects": [{"id": i} | _one(part) for i, part in list(self.objects.items())[:100]],
            "regions": _told(part for _, part in self.regions),
            "places": [vars(place) for better in "AB" for place in self.places(better)],
        }
        result: dict[str, Any] = plain(told)
        return result

    def channel_rows(self) -> list[tuple[str, ...]]:
        """A row per channel, and one of the whole loss; the titles first."""
        return _rows("channel", [*self.channels, self.whole])

    def describe(self) -> str:
        """The sentence, tables of parts, and the places where one is better by most, as text."""
        gt = self.a.inspection.request.source.gt
        differing = [part for part in self.objects.values() if part.better][:_MOST]
        regions = [part for _, part in self.regions if part.better][:_MOST] if len(self.regions) > 1 else []
        lines = [self.summary(), "", format_table(self.channel_rows(), right=(1, 2, 4))]
        for title, parts in (("object", differing), ("--roi", regions)):
            lines += ["", format_table(_rows(title, parts), right=(1, 2, 4))] if parts else []
        for better in "BA":
            places = self.places(better, _MOST)
            lines += ["", f"{better} is better by most at"] if places else []
            lines += [
                f"{abs(place.a - place.b):.3g}  {place.channel}: A {place.prediction_a:.3g}, B {place.prediction_b:.3g} "
                f"where {place.target:.3g} is right, weight {place.weight:.3g}  "
                f"--roi {roi_to_text(gt.roi_of([slice(i, i + 1) for i in place.voxel]), gt)}"
                for place in places
            ]
        return "\n".join(lines)

    def _mostly(self, better: str, lead: str) -> str:
        """Where one is better by most: in a class of a channel, and in an object."""
        parts, least = (self.classes, tuple(self.objects.values())), _WORTH_TELLING * max(self.a.total, self.b.total)
        best = [max((p for p in each if p.better == better), key=lambda p: abs(p.gain), default=None) for each in parts]
        names = [part.name for part in best if part is not None and abs(part.gain) >= least]
        mostly = "mostly in " if lead == ": " else ""
        return f"{lead}{mostly}{' and in '.join(names)}" if names else ""


def compare_losses(a: LossMap, b: LossMap) -> LossComparison:
    """Which of two predictions is better, and where.

    Raises
    ------
    ValueError
        Unless both are of one inspection and one loss.
    """
    if a.inspection is not b.inspection or a.loss != b.loss:
        raise ValueError("losses can be compared for one inspection and one loss only")
    difference = b.values.numpy() - a.values.numpy()
    return LossComparison(a, b, a.values.like(difference, a.values.axis_names))


def _told(parts: Iterable[LossPart]) -> list[dict[str, Any]]:
    return [{"name": part.name} | _one(part) for part in parts]


def _one(part: LossPart) -> dict[str, Any]:
    return {"a": part.a, "b": part.b, "better": part.better}


def _rows(title: str, parts: Sequence[LossPart]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [(title, "A", "B", "better", "by")]
    for part in parts:
        worse = max(part.a, part.b)
        by = percent(abs(part.gain) / worse) if worse else "0 %"
        rows.append((part.name, f"{part.a:.4g}", f"{part.b:.4g}", part.better, by))
    return rows
