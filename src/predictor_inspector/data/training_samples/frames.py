"""Samples as frames between the process of a pipeline and this one."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.frames import write_frame
from predictor_inspector.data.training_samples.sample import TrainingSample


def write_sample(out: BinaryIO, sample: TrainingSample) -> None:
    """Write a sample: what its arrays are, then their values."""
    told = {
        role: {
            "voxel_size": [int(n) for n in array.voxel_size],
            "offset": [int(n) for n in array.offset],
            "axis_names": array.axis_names,
            "unit": array.unit,
            "subdivision": array.subdivision,
        }
        for role, array in sample.arrays.items()
    }
    write_frame(out, {"kind": "sample", "about": told}, [array.numpy() for array in sample.arrays.values()])


def sample_in(header: dict[str, Any], values: list[np.ndarray]) -> TrainingSample:
    """The sample of a frame that `write_sample` has written."""
    about = header["about"].items()
    return TrainingSample(**{role: Array(v, **told) for (role, told), v in zip(about, values, strict=True)})
