"""Checks of sections: labels that jump from one to the next, and sections that were copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import hypot
from typing import NamedTuple

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import counted, listed, percent, signed
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.inspection.findings import Finding, Kind, Severity, Subject, VoxelSet, check
from predictor_inspector.inspection.findings.label_shapes import section_axis
from predictor_inspector.inspection.findings.subject import each_or_all

LEAST = 500  # voxels of objects in two sections, from which on they are compared
OTHERS = 8  # pairs of sections, from which on one is compared with the others
AROUND = 4  # pairs before one and after it, whose median is what changes there as a rule, if it is more than elsewhere


class _Criterion(NamedTuple):
    """From when on a change is a jump: so often what changes as a rule, and so many of its spreads beyond that."""

    times: float
    spreads: float
    shift: float  # voxels of the best shift, at least
    mended: float  # of what changes more than as a rule, that it does away with


SHIFTED = (_Criterion(2.0, 8.0, 1.0, 0.5), _Criterion(1.5, 4.0, 5.0, 0.75))
UNEXPLAINED = _Criterion(3.0, 8.0, 0.0, 0.0)
CHANGED = 300  # voxels, at least
ONE_PAIR = 0.5  # of them from one id to one other, from which on an object ends, or moves
OTHER_IDS = 0.5  # of them from ids that end to ids that begin, from which on objects go on under other ids
REACH = 24  # voxels of a shift, at most
BESIDE = 0.5  # of what changes as a rule, just before and after a copy
CHANGING = 50  # voxels that change from one section to the next as a rule, at least, where some are said to be copies

JUMP_BETWEEN_SECTIONS = Kind(
    "jump-between-sections",
    "Objects overlap far less from one section to the next than elsewhere: labels are shifted there, sections missing, or ids "
    "others.",
    "Align the sections, or their labels; leave them out of the training until then.",
)
REPEATED_SECTION = Kind(
    "repeated-section",
    "A section is the same as the one before, voxel by voxel: a missing one was filled with a copy.",
    "Mask the copies out, or annotate them; nothing in them is true.",
)


class _Jump(NamedTuple):
    """From one section to the next: the share of voxels whose id changes, what is usual, and why."""

    section: int  # that after the jump, in the region
    changed: float
    usual: float
    shift: tuple[int, ...] | None  # along the other axes; None if no shift mends it
    raw: str  # what raw data do there, if there are any
    other_ids: bool = False  # whether objects only have other ids


@check(JUMP_BETWEEN_SECTIONS, REPEATED_SECTION, slow=True)
def sections(subject: Subject) -> Iterator[Finding]:
    """Sections lie along the axis with voxels at least twice as long as along the others; if there is none, along each axis.

    *Jump*: a warning where far more of the voxels of objects than usual have another id, or none, in the next section. Usual
    is the median over all pairs of sections, or that over the eight around if it is more. With a shift of up to 24 voxels that
    takes away half of what is too much, the share must be twice that, and lie above it by 8 times the spread, which is the
    median of all deviations; with one of 5 voxels or more that takes away three quarters, 1.5 times and 4 times the spread;
    without any, three times and 8 times. *Other ids* are told where half of it is in objects that go on under an id that
    begins there. Else not more than half may go from one id to one other. At least 300 voxels change, pairs with fewer than
    500 voxels of objects don't count, and there must be more than 8 others. Shifts of 6 voxels are found in 9 of 10 volumes of
    real neurites of 96 voxels a side or more, in half of smaller ones, and in one of 5 where sections are four times as thick,
    where they change that much anyway; there clean labels of few sections may be told, too.

    *Repeated*: labels or raw data of two sections are identical, though there are several values in them.
    At least 50 voxels change as a rule, the median, and half as many just before and after the copies.
    A warning if only the labels are, or there are no raw data; info if raw data are, so that nothing can be done but to mask
    them. Raw data count if their voxels are no longer than those of the labels along that axis.
    """
    if not subject.has_objects:
        return
    for stack in _stacks(subject):
        yield from _all_jumps(stack)
        yield from _all_repeats(stack)


def _all_jumps(stack: _Stack) -> Iterator[Finding]:
    jumps = list(_jumps(stack))
    returns = [
        (a, b)
        for a, b in pairwise(jumps)
        if b.section == a.section + 1 and a.shift and b.shift and np.abs(np.add(a.shift, b.shift)).max() <= 1
    ]
    back = {b.section for _, b in returns}
    single = {a.section for a, _ in returns}
    told = [jump for jump in jumps if jump.section not in back]
    yield from each_or_all(told, partial(_jumping, stack, single))


def _all_repeats(stack: _Stack) -> Iterator[Finding]:
    same_labels = _repeats(stack.ids)
    same_raw = np.zeros_like(same_labels) if stack.raw is None else _repeats(stack.raw)
    copied = np.flatnonzero(same_labels & same_raw) + 1
    only_labels, only_raw = np.flatnonzero(same_labels & ~same_raw) + 1, np.flatnonzero(same_raw & ~same_labels) + 1
    for what, found in (("Labels", only_labels), ("Raw data", only_raw), ("Labels and raw data", copied)):
        if len(found):
            yield _repeated(stack, what, found)


@dataclass(frozen=True, eq=False)
class _Stack:
    """Labels and raw data of the region, section by section."""

    subject: Subject
    axis: int
    ids: np.ndarray  # [sections, …], 0 where it isn't annotated
    known: np.ndarray  # boolean, alike
    raw: np.ndarray | None

    @property
    def name(self) -> str:
        return self.subject.inspection.gt.spatial_axes[self.axis]

    @property
    def first(self) -> int:
        """The section that the region begins with, in all of the ground truth."""
        return int(self.subject.inspection.request.source.gt.to_slices(self.subject.roi)[self.axis].start)

    def place(self, sections: Sequence[int]) -> VoxelSet | None:
        """Some sections of the region."""
        flags = np.zeros(self.ids.shape, bool)
        flags[list(sections)] = True
        return VoxelSet.of(np.moveaxis(flags, 0, self.axis), self.subject.inspection.gt, self.subject.roi.begin)


def _stacks(subject: Subject) -> Iterator[_Stack]:
    """The region as sections: along the axis with long voxels, or each way."""
    inside = subject.roi.intersect(subject.inspection.regions.data)
    if inside != subject.roi or len(subject.kept) < 3:
        return
    ids = subject.labels[0][subject.kept].astype(np.int64)
    known = np.broadcast_to(np.asarray(subject.known.all(0))[subject.kept], ids.shape)
    ids = ids * known
    coarse = section_axis(subject.voxel_size)
    raw, gt = subject.inspection.request.source.raw_picture, subject.inspection.request.source.gt
    values = None
    if raw is not None and raw.dims == gt.dims:
        values = np.asarray(read_on_grid(raw, subject.roi, gt).numpy())
    for axis in range(3) if coarse is None else [coarse]:
        if ids.shape[axis] > OTHERS:
            fine = values is not None and raw is not None and _as_fine(raw, gt, axis)
            sections = None if values is None or not fine else np.moveaxis(values, axis, 0)
            yield _Stack(subject, axis, np.moveaxis(ids, axis, 0), np.moveaxis(known, axis, 0), sections)


def _as_fine(raw: Array, gt: Array, axis: int) -> bool:
    return raw.physical_voxel_size[axis] <= 1.01 * gt.physical_voxel_size[axis]


def _jumps(stack: _Stack) -> Iterator[_Jump]:
    ids = stack.ids
    either = [((a > 0) | (b > 0)) & k & m for (a, b), (k, m) in zip(pairwise(ids), pairwise(stack.known), strict=True)]
    counts = np.array([np.count_nonzero(flags) for flags in either])
    changed = np.array([np.count_nonzero((a != b) & f) for (a, b), f in zip(pairwise(ids), either, strict=True)])
    judged = counts >= LEAST
    if judged.sum() <= OTHERS:
        return
    share = changed / counts.clip(1)
    usual = float(np.median(share[judged]))
    spread = float(np.median(np.abs(share[judged] - usual)))
    for k in np.flatnonzero(judged & (changed >= CHANGED) & (share > usual)).tolist():
        # Where objects lie aslant, more changes, but from section to section.
        near = [n for n in range(max(0, k - AROUND), min(len(share), k + AROUND + 1)) if n != k and judged[n]]
        here = max(usual, float(np.median(share[near]))) if near else usual
        reached = [c for c in (*SHIFTED, UNEXPLAINED) if share[k] > max(c.times * here, here + c.spreads * spread)]
        if not reached:
            continue
        of_one_pair, of_other_ids = _handed_over(ids[k], ids[k + 1], either[k])
        found = _Jump(k + 1, float(share[k]), here, None, "", of_other_ids >= OTHER_IDS)
        if found.other_ids and UNEXPLAINED in reached:
            yield found
        elif of_one_pair <= ONE_PAIR:
            shift, left = _shift(ids[k : k + 2], stack.known[k : k + 2])
            size, mended = hypot(*shift), (share[k] - left) / (share[k] - here)
            if any(c in SHIFTED and size >= c.shift and mended >= c.mended for c in reached):
                raw = "" if stack.raw is None else _raw_there(stack.raw[k], stack.raw[k + 1], shift)
                yield found._replace(shift=shift, raw=raw)
            elif UNEXPLAINED in reached:
                yield found


def _handed_over(before: np.ndarray, after: np.ndarray, flags: np.ndarray) -> tuple[float, float]:
    """Shares of the voxels that change: from one id to one other, at most, and in objects that go on under another id.

    The latter are those of ids that end, each in more than half of an id that begins, and the other way round.
    """
    at = flags & (before != after)
    pairs, voxels = np.unique(np.stack([before[at], after[at]]), axis=1, return_counts=True)
    most = voxels > np.maximum(_sizes(before, pairs[0]), _sizes(after, pairs[1])) / 2
    handed = most & ~np.isin(pairs[0], after) & ~np.isin(pairs[1], before)
    return float(voxels.max() / voxels.sum()), float(voxels[handed].sum() / voxels.sum())


def _sizes(section: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The voxels of some of the ids in a section."""
    found, counts = np.unique(section, return_counts=True)
    return np.asarray(counts[np.searchsorted(found, ids)])


def _shift(ids: np.ndarray, known: np.ndarray) -> tuple[tuple[int, ...], float]:
    """The shift that brings most ids of two sections together, and the share of voxels that change all the same.

    Each id is a random number on the unit circle, so that in a correlation equal ids add up and others cancel out.
    """
    reach = [min(REACH, n // 4) for n in ids.shape[1:]]
    found, number = np.unique(ids, return_inverse=True)
    phases = np.exp(2j * np.pi * np.random.default_rng(0).random(len(found))) * (found > 0)
    same = _correlated(phases[number.reshape(ids.shape)], reach)
    (before, after), (here, there) = ids > 0, known
    pairs = ((before, there), (here, after), (before, after))
    first, second, both = (_correlated(np.stack(pair), reach) for pair in pairs)
    either = first + second - both
    share = np.where(either >= LEAST, same / np.maximum(either, 1), -1.0)
    best = np.unravel_index(np.argmax(share), share.shape)
    return tuple(int(b) - r for b, r in zip(best, reach, strict=True)), 1 - float(share[best])


def _correlated(two: np.ndarray, reach: Sequence[int]) -> np.ndarray:
    """Sums of the products of two sections, the second moved back by each shift within reach."""
    shape = [n + r for n, r in zip(two.shape[1:], reach, strict=True)]
    first, second = np.fft.fft2(two, shape)
    sums = np.fft.ifft2(first.conj() * second).real
    for axis, most in enumerate(reach):
        sums = np.roll(sums, most, axis).take(range(2 * most + 1), axis)
    return sums


def _raw_there(before: np.ndarray, after: np.ndarray, shift: Sequence[int]) -> str:
    """Whether raw data go on smoothly where labels are shifted: they are alike without the shift, or with it."""
    with_shift = [
        (slice(max(0, -s), n - max(0, s)), slice(max(0, s), n + min(0, s)))
        for s, n in zip(shift, before.shape, strict=True)
    ]
    here, there = (tuple(spans[side] for spans in with_shift) for side in (0, 1))
    moved, still = _alike(before[here], after[there]), _alike(before, after)
    return "the raw data, too" if moved > still else "the raw data aren't"


def _alike(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (np.asarray(v, float) - float(np.mean(v)) for v in (first, second))
    return float((a * b).mean() / max(float(a.std() * b.std()), 1e-12))


def _jumping(stack: _Stack, single: set[int], jumps: Sequence[_Jump]) -> Finding:
    gt, name, first = stack.subject.inspection.gt, stack.name, stack.first
    sections = [jump.section + first for jump in jumps]
    axes = [axis for axis in gt.spatial_axes if axis != name]
    if len(jumps) == 1:
        (jump,) = jumps
        more = f"{percent(jump.changed)} of the voxels have another id than in the section before"
        more += f", elsewhere {percent(jump.usual)}"
        if jump.other_ids:
            message = f"From {name} {sections[0]} on objects have other ids: {more}."
        elif jump.shift is None:
            message = f"At {name} {sections[0]} {more}. No shift explains it: sections may be missing, or out of order."
        else:
            by = ", ".join(f"{a} {signed(n)}" for a, n in zip(axes, jump.shift, strict=True) if n)
            which = (
                f"Labels of section {name} {sections[0]}"
                if jump.section in single
                else f"From {name} {sections[0]} on labels"
            )
            message = f"{which} are shifted by {by} voxels{f', {jump.raw}' if jump.raw else ''}: {more}."
    else:
        message = f"Labels jump {len(jumps)} times along {name}: at {listed(sections)}."
    numbers = {
        "axis": name,
        "sections": sections[:100],
        "shift_voxels": [jump.shift for jump in jumps][:100],
        "changed": [jump.changed for jump in jumps][:100],
        "other_ids": [jump.other_ids for jump in jumps][:100],
        "usual": jumps[0].usual,
    }
    where = stack.place([k for jump in jumps for k in (jump.section - 1, jump.section)])
    advice = "Give objects that go on there one id: the two sides seem to have been labelled one by one."
    advice = advice if all(jump.other_ids for jump in jumps) else ""
    return stack.subject.finding(JUMP_BETWEEN_SECTIONS, "warning", message, advice, where=where, numbers=numbers)


def _repeats(sections: np.ndarray) -> np.ndarray:
    """Which sections are followed by a copy, where that isn't usual: boolean, one fewer than sections."""
    changes: np.ndarray = np.array([np.count_nonzero(a != b) for a, b in pairwise(sections)])
    varied: np.ndarray = np.array([bool((section != section.flat[0]).any()) for section in sections[:-1]])
    changing = np.flatnonzero(changes)
    if len(changing) < OTHERS or (usual := float(np.median(changes[changing]))) < CHANGING:
        return np.zeros(len(changes), bool)
    # Objects whose outline hardly changes there anyway are no copies.
    nearest = np.searchsorted(changing, np.arange(len(changes)))
    around = [changes[changing[n.clip(0, len(changing) - 1)]] for n in (nearest - 1, nearest)]
    return np.asarray((changes == 0) & varied & (np.minimum(*around) >= BESIDE * usual))


def _repeated(stack: _Stack, what: str, sections: np.ndarray) -> Finding:
    told = [int(k) + stack.first for k in sections]
    section = (
        f"section {stack.name} {told[0]} are"
        if len(told) == 1
        else f"{counted(len(told), 'section')} along {stack.name} are"
    )
    before = "the same as in the section before"
    message = f"{what} of {section} {before}{f': {listed(told)}' if len(told) > 1 else ''}."
    if len(told) >= len(stack.ids) / 2:
        message += " Each is repeated: they were made larger by copying."
    severity: Severity = "warning" if what == "Labels" else "info"
    numbers = {"axis": stack.name, "sections": told[:100], "of": what.lower()}
    where = stack.place([int(k) for k in sections])
    return stack.subject.finding(REPEATED_SECTION, severity, message, where=where, numbers=numbers)
