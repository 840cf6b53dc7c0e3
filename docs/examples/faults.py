"""The sample volume with three faults: raw data that are shifted, two objects that are one, and one that is two."""

from __future__ import annotations

import numpy as np

from predictor_inspector.core import Array
from predictor_inspector.data import neurites, write_ome_zarr


def faults() -> tuple[Array, Array, Array, Array]:
    """Raw data as they belong and shifted, labels with faults, and where these are annotated."""
    sample = neurites()
    ids = sample.labels.numpy()
    ids = np.where(ids == 241, 201, ids)  # a membrane inside 201
    ids = np.where((ids == 375) & (np.arange(ids.shape[2]) >= 110), 999, ids)  # none between 375 and 999
    shifted = np.roll(sample.raw.numpy(), 3, axis=1)  # by 3 voxels along y
    return sample.raw, sample.raw.like(shifted), sample.labels.like(ids), sample.annotated


if __name__ == "__main__":
    raw, shifted, labels, annotated = faults()
    write_ome_zarr("faults.zarr/raw", raw, "raw")
    write_ome_zarr("faults.zarr/raw_shifted", shifted, "raw_shifted")
    write_ome_zarr("faults.zarr/labels/neurons", labels, "neurons")
    write_ome_zarr("faults.zarr/labels/annotated", annotated, "annotated")
