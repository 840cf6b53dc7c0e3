"""Samples of a training pipeline as rows of a table, and for programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import amount, counted, format_shape, format_table, percent
from predictor_inspector.inspection.engine.statistics import finite
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample

TITLES = ("SAMPLE", "RAW", "LABELS", "MASK", "TARGET", "WEIGHT", "DIFFERS FROM OURS IN")


def sample_row(sample: ComparedSample) -> tuple[str, ...]:
    """A sample in cells: its number, shape and range of each array, and the share of the target's values that differ."""
    given = sample.sample
    share = sample.differing_share
    differs = ("" if sample.refused else "everything") if share is None else percent(share) if share else "nothing"
    return (
        str(sample.index),
        *(_array(array, ids) for array, ids in ((given.raw, False), (given.labels, True))),
        "" if given.mask is None else f"{percent(float(np.mean(given.mask.numpy() != 0)))} annotated",
        _array(given.target, False),
        "" if given.weight is None else _range(given.weight.numpy()),
        differs,
    )


def describe_samples(samples: list[ComparedSample]) -> str:
    """A line for each sample, with a header; columns of what isn't given are left out."""
    rows = [TITLES, *map(sample_row, samples)]
    kept = [n for n in range(len(TITLES)) if any(row[n] for row in rows[1:])]
    return format_table([[row[n] for n in kept] for row in rows])


def sample_to_json(sample: ComparedSample) -> dict[str, Any]:
    """A sample's number, what is known of each array, and the share of values that differ; null if nothing is compared."""
    arrays = {
        role: {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "voxel_size": list(array.physical_voxel_size),
            "offset": list(array.physical_offset),
            "unit": array.unit,
            "minimum": finite(float(np.nanmin(array.numpy()))),
            "maximum": finite(float(np.nanmax(array.numpy()))),
        }
        for role, array in sample.sample.arrays.items()
    }
    return {
        "sample": sample.index,
        "arrays": arrays,
        "differs": sample.differing_share,
        "not_compared": sample.refused,
    }


def _array(array: Array | None, ids: bool) -> str:
    if array is None:
        return ""
    values = array.numpy()
    about = counted(len(np.setdiff1d(values, [0])), "id") if ids else _range(values)
    return f"{format_shape(array.shape)}, {about}"


def _range(values: np.ndarray) -> str:
    low, high = (float(f(values)) for f in (np.nanmin, np.nanmax))
    return f"{amount(low, 3)} … {amount(high, 3)}"
