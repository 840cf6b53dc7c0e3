"""The picture of nuclei with faults to be found, as they come up in real data sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from predictor_inspector.data.geometry import pixel_array
from predictor_inspector.data.samples.cells import cells_2d
from predictor_inspector.data.samples.sample import Sample

_SHAPE = (160, 192)


def faulty_cells() -> dict[str, Sample]:
    """Seven pictures of nuclei, ``"A"`` to ``"G"``, each with another fault in its raw data, labels or mask.

    What was done to them is in the functions of this module, in the same order.
    """
    faults: tuple[Callable[[Sample], Sample], ...] = (
        _shifted,
        _stitched,
        _unfinished,
        _with_holes,
        _masked_by_255,
        _marked_unknown,
        _with_slivers,
    )
    return {
        name: fault(cells_2d(_SHAPE, seed)) for seed, (name, fault) in enumerate(zip("ABCDEFG", faults, strict=True))
    }


def _shifted(sample: Sample) -> Sample:
    """Raw data 3 pixels to the right: registered to another channel."""
    raw = np.pad(sample.raw.numpy(), ((0, 0), (3, 0)), mode="edge")[:, :-3]
    return replace(sample, raw=pixel_array(raw, 2))


def _stitched(sample: Sample) -> Sample:
    """Annotated in two parts, in each of which ids begin at 1."""
    ids = sample.labels.numpy()
    half = int(ids.max()) // 2
    return replace(sample, labels=pixel_array(np.where(ids > half, ids - half, ids), 2))


def _unfinished(sample: Sample) -> Sample:
    """Nobody annotated the right half, and no mask says so."""
    ids = sample.labels.numpy().copy()
    ids[:, 96:] = 0
    return replace(sample, labels=pixel_array(ids, 2))


def _with_holes(sample: Sample) -> Sample:
    """Dark places within nuclei fell below a threshold."""
    ids = sample.labels.numpy().copy()
    rng = np.random.default_rng(0)
    rows, columns = np.indices(ids.shape)
    for number in rng.choice(np.arange(1, ids.max() + 1), 6, replace=False):
        y, x = np.argwhere(ids == number).mean(0)
        ids[np.hypot(rows - y, columns - x) < 3] = 0
    return replace(sample, labels=pixel_array(ids, 2))


def _masked_by_255(sample: Sample) -> Sample:
    """The mask of what is annotated is a picture: 0 and 255."""
    mask = np.full(_SHAPE, 255, np.uint8)
    mask[:, :40] = 0
    return replace(sample, annotated=pixel_array(mask, 2))


def _marked_unknown(sample: Sample) -> Sample:
    """What nobody was sure of has the largest id there is."""
    ids = sample.labels.numpy().copy()
    ids[100:130, 60:110] = 65535
    return replace(sample, labels=pixel_array(ids, 2))


def _with_slivers(sample: Sample) -> Sample:
    """A split nucleus was joined again, but for the seam."""
    ids = sample.labels.numpy().copy()
    for new, number in enumerate((3, 8, 12), int(ids.max()) + 1):
        rows = np.flatnonzero((ids == number).any(1))
        row = ids[int(rows.mean())]
        row[row == number] = new
    return replace(sample, labels=pixel_array(ids, 2))
