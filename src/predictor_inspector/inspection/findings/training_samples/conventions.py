"""Conventions of targets: which of them makes a predictor's target equal another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import amount, counted, format_value, listed, readable
from predictor_inspector.inspection.findings.finding import Cure
from predictor_inspector.inspection.findings.training_samples.compared import AGREE, ComparedSample, Made

_SAME = 2e-3  # of the range of values: half precision is as good as that
_LINEAR = 0.995  # |tanh| up to which a distance can be told from a float


@dataclass(frozen=True)
class Convention:
    """A way in which a target may differ from ours and mean the same.

    `make` gives the target that it makes for a sample; with a `cure`, the predictor can follow it by its parameters. `text`
    completes “their target is made with …”; it is empty for our own convention.
    """

    text: str
    make: Callable[[ComparedSample], Made]
    cure: Cure | None = None
    predictor: Predictor | None = None  # that follows it


@dataclass(frozen=True)
class Match:
    """How a target follows from another: ``scale · other + shift``, for a share of the values."""

    share: float
    scale: float = 1.0
    shift: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether they are the same, but for scale and shift."""
        return self.share >= AGREE

    @property
    def text(self) -> str:
        """Scale and shift in words; empty where there are none."""
        named = _SCALES.get((self.scale, self.shift))
        return f"values that are {amount(self.scale, 3)} times ours" if named is None else named


_SCALES = {
    (1.0, 0.0): "",
    (-1.0, 1.0): "1 − our values, so 1 marks a boundary",
    (255.0, 0.0): "values of 0 to 255 instead of 0 to 1",
    (-255.0, 255.0): "255 − 255 times our values, so 255 marks a boundary",
    (-1.0, 0.0): "the opposite sign",
    (0.5, 0.5): "values of 0 to 1 instead of −1 to 1",
    (2.0, -1.0): "values of −1 to 1 instead of 0 to 1",
}


def match(theirs: np.ndarray, ours: np.ndarray, where: np.ndarray) -> Match:
    """Whether two targets of one shape are the same where `where` is True, directly, scaled, or as `_SCALES` says."""
    where = np.broadcast_to(where, theirs.shape)
    a, b = theirs[where].astype(np.float64), ours[where].astype(np.float64)
    best = Match(_share(a, b, 1.0, 0.0))
    if best.agrees or b.size == 0 or b.std() < 1e-6:
        return best  # what is the same everywhere is any other such thing, scaled
    finite = np.isfinite(a)
    scale = float((a[finite] @ b[finite]) / max(float(b[finite] @ b[finite]), 1e-12))
    for pair in (*_SCALES, (scale, 0.0)):
        found = Match(_share(a, b, *pair), *pair)
        if found.agrees and abs(found.scale) > 1e-3:
            return found
    return best


def own(predictor: Predictor) -> Convention:
    """Our own convention."""
    return _by(predictor, "")


def conventions(sample: ComparedSample) -> Iterator[Convention]:
    """Other conventions that make as many channels as a sample's target has, beginning with those that have a parameter."""
    predictor = sample.predictor
    assert predictor is not None
    for text, title, parameters in _variants(predictor, sample):
        try:
            yield _by(replace(predictor, **parameters), text, Cure(title, parameters))  # type: ignore[type-var]
        except ValueError:
            continue  # the parameters don't fit each other
    if any(channel.is_distance for channel in predictor.describe_channels()):
        yield from _distances(predictor, sample)
    yield from _orders(predictor, sample)


def _by(predictor: Predictor, text: str, cure: Cure | None = None) -> Convention:
    return Convention(text, lambda sample: sample.made(predictor, sample.block), cure, predictor)


def _variants(predictor: Predictor, sample: ComparedSample) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Other values of parameters: what they mean, the title of a button, and they themselves."""
    roles: dict[str, str] = {}
    for channel in predictor.describe_channels():
        roles = {**channel.roles, **roles}
    if "offsets" in roles:
        name = roles["offsets"]
        offsets = getattr(predictor, name)
        negated = tuple(tuple(-o for o in offset) for offset in offsets)
        for text, title, other in (
            ("offsets of the opposite sign", "Negate the offsets", negated),
            ("offsets in the order x, y, z", "Reverse the offsets' axes", tuple(o[::-1] for o in offsets)),
            (
                "offsets of the opposite sign, in the order x, y, z",
                "Negate the offsets and reverse their axes",
                tuple(o[::-1] for o in negated),
            ),
        ):
            if other != offsets:
                yield text, title, {name: other}
    if "background" in roles:
        name = roles["background"]
        value = not getattr(predictor, name)
        text = "background as an object of its own" if value else "background as no object"
        yield text, f"Turn {readable(name)} {format_value(value)}", {name: value}
    if "erosion" in roles:
        name = roles["erosion"]
        for times in (0, 1, 2):
            if times != getattr(predictor, name):
                yield f"objects eroded by {counted(times, 'voxel')}", f"Set {readable(name)} to {times}", {name: times}
    if "scale" in roles:
        fitted = _fitted_scale(sample, getattr(predictor, roles["scale"]))
        if fitted is not None:
            name = roles["scale"]
            yield f"a scale factor of {amount(fitted)}", f"Set {readable(name)} to {amount(fitted)}", {name: fitted}


def _fitted_scale(sample: ComparedSample, scale: float) -> float | None:
    """The scale factor that makes our distances theirs, as far as there is one."""
    theirs, ours = sample.theirs_in(sample.block), sample.made(_of(sample), sample.block)
    if theirs.shape != ours.target.shape:
        return None
    known = ours.inner & (np.abs(theirs) < _LINEAR) & (np.abs(ours.target) < _LINEAR) & (np.abs(ours.target) > 1e-3)
    if np.count_nonzero(known) < 8:
        return None
    ratio = np.arctanh(np.abs(theirs[known])) / np.arctanh(np.abs(ours.target[known]))
    middle = float(np.median(ratio))
    if middle <= 0 or np.mean(np.abs(ratio - middle) < 0.02 * middle) < 0.95:
        return None
    return float(f"{scale / middle:.4g}")


def _distances(predictor: Predictor, sample: ComparedSample) -> Iterator[Convention]:
    """Distances without tanh, and from voxels' centres."""
    scales = {c.roles["scale"] for c in predictor.describe_channels() if "scale" in c.roles}
    if len(scales) != 1:
        return
    scale = float(getattr(predictor, scales.pop()))

    def plain(sample: ComparedSample) -> Made:
        ours = sample.made(predictor, sample.block)
        target = np.arctanh(np.clip(ours.target, -_LINEAR, _LINEAR)) * scale
        near = np.abs(ours.target) < _LINEAR
        return Made(target, ours.sure & near, ours.inner & near)

    yield Convention("distances as they are, without tanh", plain)

    def between_centres(sample: ComparedSample) -> Made:
        # Beside a boundary, half a voxel becomes a whole one; farther away it depends on the direction.
        made, labels = plain(sample), sample.labels
        assert labels is not None
        beside = np.abs(made.target) <= 0.5 * max(labels.physical_voxel_size) * (1 + 1e-4)
        target = np.tanh(2 * made.target / scale)
        return Made(target.astype(np.float32), made.sure & beside, made.inner & beside)

    yield Convention(
        "distances to the centre of the nearest voxel of another kind, not to the boundary", between_centres
    )


def _orders(predictor: Predictor, sample: ComparedSample) -> Iterator[Convention]:
    """The channels in another order, or not all of them."""
    roi = sample.block
    theirs, ours = sample.theirs_in(roi), sample.made(predictor, roi)
    weighted, order = np.broadcast_to(sample.weighted_in(roi), theirs.shape), []
    for row, where in zip(theirs, weighted, strict=True):
        # A channel that is the same everywhere is like many others.
        found = [
            n
            for n, (mine, sure) in enumerate(zip(ours.target, ours.inner, strict=True))
            if (where & sure).any() and mine[where & sure].std() > 0 and match(row, mine, where & sure).agrees
        ]
        left = [n for n in found if n not in order]
        if not left:
            return
        order.append(left[0])
    if order == list(range(len(ours.target))):
        return
    names = [c.name for c in predictor.describe_channels(sample.theirs.spatial_axes)]

    def ordered(sample: ComparedSample) -> Made:
        return sample.made(predictor, sample.block).of_channels(order)

    what = "only the channels" if len(order) < len(names) else "channels in the order"
    yield Convention(f"{what} {listed([names[n] for n in order], 8)}", ordered)


def _of(sample: ComparedSample) -> Predictor:
    assert sample.predictor is not None
    return sample.predictor


def _share(theirs: np.ndarray, ours: np.ndarray, scale: float, shift: float) -> float:
    """The share of values that are the same."""
    tolerance = _SAME * max(1.0, abs(scale))
    return float(np.mean(np.abs(scale * ours + shift - theirs) <= tolerance)) if theirs.size else 0.0


@dataclass(frozen=True)
class Explained:
    """Which convention explains the samples, and how each follows from it; those that it doesn't explain are left out."""

    convention: Convention
    matches: Mapping[int, Match] = field(default_factory=dict)


def explain(samples: list[ComparedSample]) -> Explained:
    """The convention that explains most of the samples; ours, if no other one explains more."""
    best = Explained(own(_of(samples[0])), {})
    tried: set[str] = set()
    for candidate in _candidates(samples, best.convention):
        if candidate.text in tried:
            continue
        tried.add(candidate.text)
        # What explains more samples explains one of those that are left.
        matches = _explained([s for s in samples if s.index not in best.matches], candidate)
        if matches:
            matches |= _explained([s for s in samples if s.index in best.matches], candidate)
        if len(matches) > len(best.matches):
            best = Explained(candidate, matches)
        if len(best.matches) == len(samples):
            break
    return best


def _explained(samples: list[ComparedSample], convention: Convention) -> dict[int, Match]:
    return {s.index: found for s in samples if (found := _matched(s, convention)) is not None and found.agrees}


def _candidates(samples: list[ComparedSample], ours: Convention) -> Iterator[Convention]:
    yield ours
    for sample in samples:
        yield from sample.once("conventions", partial(_other_conventions, sample))


def _other_conventions(sample: ComparedSample) -> tuple[Convention, ...]:
    return tuple(conventions(sample))


def _matched(sample: ComparedSample, convention: Convention) -> Match | None:
    if not convention.text and sample.is_ours:
        return Match(1.0)

    def find() -> Match | None:
        made, theirs = convention.make(sample), sample.theirs_in(sample.block)
        fits = made.target.shape == theirs.shape
        return match(theirs, made.target, made.inner & sample.weighted_in(sample.block)) if fits else None

    return sample.once(("match", convention.text), find)
