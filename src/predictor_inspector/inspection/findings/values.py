"""Checks of values: unusable labels and masks, ids that casts change, non-finite results."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from predictor_inspector.core.text import counted, listed, percent
from predictor_inspector.data.repair import (
    Repair,
    as_binary,
    as_whole_numbers,
    is_at_least,
    is_negative,
    is_not_finite,
    masking,
    numbered_anew,
)
from predictor_inspector.inspection.findings import Cure, Finding, Inputs, Kind, Subject, check
from predictor_inspector.inspection.findings.subject import either

_INT64_END = 1 << 63
_FLOAT32_EXACT = 1 << 24  # whole numbers up to here are exact in float32

FLOAT_LABELS = Kind(
    "float-labels",
    "The ground truth is of a floating-point type: ids are whole numbers, and predictors refuse anything else.",
    "Write the labels as integers of a type that holds them all, such as uint32; where there are fractions, labels were "
    "interpolated, so resample them from the original with nearest neighbours.",
)
NOT_FINITE = Kind(
    "not-finite",
    "Some values are NaN or infinite, in the ground truth, the mask, the target or the weights.",
    "Find out what wrote them; one such voxel makes the loss, and then the whole network, NaN.",
)
NEGATIVE_IDS = Kind(
    "negative-ids",
    "The ground truth holds negative ids: 0 is background and objects are positive, so predictors refuse them.",
    "If they mark what isn't annotated, make them 0 and exclude them with a mask.",
)
LABEL_OVERFLOW = Kind(
    "label-overflow",
    "Some ids are too large for a type that a training framework would cast them to: 64-bit or 32-bit integers, or "
    "32-bit floats. They become negative, which is background, or equal to other ids.",
    "Number the ids anew from 1; exclude what the largest 64-bit numbers mark with a mask.",
)
IGNORE_ID = Kind(
    "ignore-id",
    "The largest number of an unsigned type is an id: as a rule it marks what isn't annotated, such as 255 among a few "
    "classes, but it would be trained as an object.",
    "Make it 0, and exclude it with a mask; if it is an object, ignore it.",
)
MASK_NOT_BINARY = Kind(
    "mask-not-binary",
    "The mask holds other values than 0 and 1. Here any non-zero value counts as 1; DaCapo multiplies weights by it.",
    "Write the mask as 0 and 1.",
)


@check(FLOAT_LABELS, of="inputs")
def float_labels(inputs: Inputs) -> Iterator[Finding]:
    """An error whatever the values are; where there are fractions, which no object has as its id, it says so."""
    values = inputs.gt_values
    if values.dtype.kind not in "fc":
        return
    broken = np.isfinite(values) & (values != np.rint(values))
    count = int(np.count_nonzero(broken))
    what = "though its values are whole numbers, predictors refuse it"
    if count:
        share = f"{counted(count, 'voxel')} ({percent(count / values.size)})"
        what = f"{share} hold fractions, which no object has as its id"
    message = f"The ground truth is of type {values.dtype}: {what}."
    cure = None if count else Cure("Convert to whole numbers", repair=Repair(as_whole_numbers))
    yield inputs.finding(FLOAT_LABELS, "error", message, where=broken, numbers={"fractions": count}, cure=cure)


@check(NOT_FINITE, of="inputs")
def not_finite_inputs(inputs: Inputs) -> Iterator[Finding]:
    """An error from the first voxel on, in the ground truth and in the mask."""
    for array, values, what, zero in (
        (inputs.gt, inputs.gt_values, "ground truth", "background"),
        (inputs.mask, inputs.mask_values, "mask", "not annotated"),
    ):
        if values is None or values.dtype.kind not in "fc":
            continue
        broken = ~np.isfinite(values)
        count = int(np.count_nonzero(broken))
        if count:
            message = f"The {what} is NaN or infinite in {counted(count, 'voxel')}."
            advice = f"Find out what wrote them, and replace them by 0 if that is what they mean: {zero}."
            numbers = {"nan": int(np.isnan(values).sum()), "infinite": int(np.isinf(values).sum())}
            cure = Cure("Make them 0", repair=Repair(mask=as_binary))
            if what == "ground truth":
                cure = Cure("Mask them", repair=masking(is_not_finite))
            yield inputs.finding(NOT_FINITE, "error", message, advice, broken, numbers, array, cure)


@check(NEGATIVE_IDS, of="inputs")
def negative_ids(inputs: Inputs) -> Iterator[Finding]:
    """An error from the first voxel on; minus infinity is `not-finite`."""
    values = inputs.gt_values
    if values.dtype.kind not in "if":
        return
    negative = values < 0
    if values.dtype.kind == "f":
        negative &= np.isfinite(values)
    count = int(np.count_nonzero(negative))
    if count:
        lowest, has = values[negative].min(), either(count, "has", "have")
        message = f"{counted(count, 'voxel')} of the ground truth {has} a negative id, down to {lowest:.12g}."
        numbers, cure = {"count": count, "lowest": lowest}, Cure("Mask them", repair=masking(is_negative))
        yield inputs.finding(NEGATIVE_IDS, "error", message, where=negative, numbers=numbers, cure=cure)


@check(LABEL_OVERFLOW, of="inputs")
def label_overflow(inputs: Inputs) -> Iterator[Finding]:
    """Depends on what the cast would do.

    An error from 2⁶³ on: no signed type holds such ids, so every framework makes them negative, and as a rule they aren't
    objects but markers of what is unknown. A warning if a cast to 32-bit integers would make two ids equal or an object
    background. Info if only a cast to float32 would make two ids equal; predictors here hold ids in 64 bits and aren't
    affected. Silent if every cast keeps ids apart.
    """
    values = inputs.gt_values
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 4 or not values.size:
        return
    highest = int(values.max())
    if highest <= _FLOAT32_EXACT:
        return
    report = partial(inputs.finding, LABEL_OVERFLOW)
    if highest >= _INT64_END:
        huge = values >= np.uint64(_INT64_END)
        count, ids = int(np.count_nonzero(huge)), np.unique(values[huge])
        yield report(
            "error",
            f"{counted(count, 'voxel')} {either(count, 'has', 'have')} an id of 2⁶³ or more ({listed(ids, 3)}), which no "
            "signed integer holds; such ids usually mark what is unknown, but would be trained as an object, or as background.",
            "Make them 0 and exclude them with a mask; if they are objects, number the ids anew.",
            huge,
            {"highest": highest, "ids": len(ids), "voxels": count},
            cure=Cure("Mask them", repair=masking(partial(is_at_least, _INT64_END))),
        )
    ids = _unique(values)
    ids = ids[ids < np.uint64(_INT64_END)].astype(np.int64)
    as_int32, as_float32 = ids.astype(np.int32).astype(np.int64), ids.astype(np.float32)
    lost = _merged(ids, as_int32) | ((as_int32 <= 0) & (ids > 0))
    changed = lost if lost.any() else _merged(ids, as_float32)
    if not changed.any():
        return
    where, count = np.isin(values, ids[changed].astype(values.dtype)), int(changed.sum())
    message = (
        f"Ids reach {highest:,}: as 32-bit floats {count:,} of them would equal others. Predictors here hold ids in 64 bits, "
        "so nothing is lost yet."
    )
    advice = (
        "Number the ids anew from 1 if anything on the way to the predictor makes them floats, as augmentations do."
    )
    if lost.any():
        message = (
            f"A cast to 32-bit integers would make {counted(count, 'id')} ({listed(ids[lost], 3)}) background or equal to "
            "others."
        )
        advice = (
            "Number the ids anew from 1, or make sure that nothing on the way to the predictor holds them in 32 bits."
        )
    numbers, cure = {"highest": highest, "ids": count}, Cure("Number the ids anew", repair=Repair(numbered_anew))
    yield report("warning" if lost.any() else "info", message, advice, where, numbers, cure=cure)


@check(IGNORE_ID, of="inputs")
def ignore_id(inputs: Inputs) -> Iterator[Finding]:
    """A warning if the largest number of 8, 16 or 32 bits is an id of an unsigned type, and all others are far below it.

    Far is half of it; and there must be others, since a binary picture may have 0 and 255. Larger ones are `label-overflow`.
    """
    values = inputs.gt_values
    if values.dtype.kind != "u" or values.dtype.itemsize > 4 or not values.size:
        return
    # A narrower type may have been made wider on the way.
    highest = int(values.max())
    if highest not in (0xFF, 0xFFFF, 0xFFFFFFFF) or highest in inputs.ignored:
        return
    marked = values == highest
    next_id = int(values.max(initial=0, where=~marked))
    if 0 < next_id <= highest // 2:
        count = int(np.count_nonzero(marked))
        message = (
            f"{counted(count, 'voxel')} {either(count, 'has', 'have')} the id {highest}, the largest of "
            f"{highest.bit_length()} bits, which usually marks what isn't annotated; it is trained as an object."
        )
        numbers, cure = {"id": highest, "voxels": count}, Cure("Mask it", repair=masking(partial(is_at_least, highest)))
        yield inputs.finding(IGNORE_ID, "warning", message, where=marked, numbers=numbers, cure=cure)


@check(MASK_NOT_BINARY, of="inputs")
def mask_not_binary(inputs: Inputs) -> Iterator[Finding]:
    """A warning from the first voxel on whose value is finite and neither 0 nor 1."""
    values = inputs.mask_values
    if values is None or values.dtype.kind == "b":
        return
    other = (values != 0) & (values != 1)
    if values.dtype.kind in "fc":
        other &= np.isfinite(values)
    count = int(np.count_nonzero(other))
    if count:
        found = np.unique(values[other])
        message = (
            f"The mask holds {listed([f'{v:.6g}' for v in found], 4)} beside 0 and 1, in {counted(count, 'voxel')}: here any "
            "non-zero value counts as 1, but DaCapo multiplies weights by it."
        )
        numbers = {"values": [float(v) for v in found[:10]], "voxels": count}
        cure = Cure("Make it 0 and 1", repair=Repair(mask=as_binary))
        yield inputs.finding(MASK_NOT_BINARY, "warning", message, "", other, numbers, inputs.mask, cure)


@check(NOT_FINITE)
def not_finite_results(subject: Subject) -> Iterator[Finding]:
    """An error from the first voxel on, in the target and in the weights."""
    for values, what, members in (
        (subject.target, "target", ("minimum", "mean", "maximum")),
        (subject.weight, "weights", ("negative_weight", "positive_weight", "positive_share")),
    ):
        # One NaN or infinity shows in the statistics, so that hardly ever each value must be looked at.
        bad = [i for i, s in enumerate(subject.statistics) if not np.isfinite([getattr(s, m) for m in members]).all()]
        flags = {i: ~np.isfinite(values[i]) for i in bad}
        names = [subject.channels[i].name for i in bad if flags[i].any()]
        if names:
            where = np.logical_or.reduce(list(flags.values()))
            count, are = int(np.count_nonzero(where)), "is" if what == "target" else "are"
            message = f"The {what} of {listed(names)} {are} NaN or infinite in {counted(count, 'voxel')}."
            advice = f"Look for a division by zero where {type(subject.predictor).__name__} makes the {what}."
            yield subject.finding(NOT_FINITE, "error", message, advice, names, where, {"voxels": count})


def _unique(values: np.ndarray) -> np.ndarray:
    """The ids; equal neighbours are dropped first, so that there is little to sort."""
    flat = values.reshape(-1)
    first = np.ones(flat.shape, dtype=bool)
    np.not_equal(flat[1:], flat[:-1], out=first[1:])
    return np.unique(flat[first])


def _merged(ids: np.ndarray, cast: np.ndarray) -> np.ndarray:
    """Which ids a cast changes and makes equal to others: boolean, [L]."""
    _, inverse, counts = np.unique(cast, return_inverse=True, return_counts=True)
    return np.asarray((counts[inverse.reshape(-1)] > 1) & (cast != ids))
