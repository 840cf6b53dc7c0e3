"""Crop the ground truth in tests/data/files from the volumes that it comes from.

scripts/crop_test_data.py FOLDER   (with medulla.ome.zarr, crop_fractional.ome.zarr and the four nuclei*.tif)
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import tifffile
import zarr
from numcodecs import Blosc

FILES = Path(__file__).resolve().parents[1] / "tests" / "data" / "files"

# name -> labels, first voxel and shape of the crop, chunks of the labels; all even, so that every level can be cropped
VOLUMES = {
    "medulla.ome.zarr": (("neurons",), (60, 60, 20), (80, 112, 112), (40, 56, 56)),
    "crop_fractional.ome.zarr": (("neurons", "annotated"), (12, 16, 16), (56, 96, 96), (56, 96, 96)),
}
NUCLEI = {"nuclei2d": (slice(160, 352), slice(160, 352)), "nuclei3d": (slice(None),) * 3}


def crop_image(source: Path, target: Path, begin: tuple[int, ...], shape: tuple[int, ...], chunks: tuple[int, ...]):
    """Crop all levels of one OME-Zarr image (version 0.4) and move its translations."""
    attributes = json.loads((source / ".zattrs").read_text())
    group = zarr.create_group(target, zarr_format=2)
    for level, dataset in enumerate(attributes["multiscales"][0]["datasets"]):
        step = 2**level
        part = tuple(slice(b // step, (b + n) // step) for b, n in zip(begin, shape, strict=True))
        values = zarr.open_array(source / dataset["path"], mode="r")[part]
        array = group.create_array(
            dataset["path"],
            shape=values.shape,
            dtype=values.dtype,
            chunks=tuple(min(c, n) for c, n in zip(chunks, values.shape, strict=True)),
            compressors=Blosc("zstd", 9, Blosc.SHUFFLE),
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )
        array[...] = values
        scale, translation = dataset["coordinateTransformations"]
        moved = np.array(translation["translation"]) + np.array(scale["scale"]) / step * begin
        translation["translation"] = moved.round(6).tolist()
    (target / ".zattrs").write_text(json.dumps(attributes, indent=1) + "\n")


def crop_volume(source: Path, target: Path) -> None:
    """Crop an image and its labels."""
    labels, begin, shape, chunks = VOLUMES[source.name]
    shutil.rmtree(target, ignore_errors=True)
    crop_image(source, target, begin, shape, shape)
    zarr.create_group(target / "labels", zarr_format=2, attributes={"labels": list(labels)})
    for name in labels:
        crop_image(source / "labels" / name, target / "labels" / name, begin, shape, chunks)


def main(folder: Path) -> None:
    for name in VOLUMES:
        crop_volume(folder / name, FILES / name)
    for name, part in NUCLEI.items():
        for kind in ("image", "masks"):
            file = f"{name}_{kind}.tif"
            tifffile.imwrite(FILES / file, tifffile.imread(folder / file)[part], compression="zlib")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
