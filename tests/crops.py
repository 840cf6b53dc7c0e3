"""Small data sets in CellMap's layout, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr

INSTANCES = {"type": "instance_segmentation", "encoding": {"absent": 0}}
WITH_UNKNOWN = {"type": "semantic_segmentation", "encoding": {"absent": 0, "present": 1, "unknown": 255}}


def write(
    place: Path,
    values: np.ndarray,
    voxel: Sequence[float] = (8, 8, 8),
    begin: Sequence[float] = (0, 0, 0),
    annotation: Mapping[str, Any] | None = None,
) -> None:
    """A multiscale group of OME-Zarr 0.4 of one level, `s0`; `begin` is the corner of its first voxel."""
    group = zarr.open_group(place, mode="w", zarr_format=2)
    array = group.create_array("s0", shape=values.shape, dtype=values.dtype, chunks=values.shape)
    array[...] = values
    steps = [
        {"type": "scale", "scale": [float(v) for v in voxel]},
        {"type": "translation", "translation": [b + v / 2 for b, v in zip(begin, voxel, strict=True)]},
    ]
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"[3 - len(voxel) :]]
    entry = {"version": "0.4", "axes": axes, "datasets": [{"path": "s0", "coordinateTransformations": steps}]}
    attributes: dict[str, Any] = {"multiscales": [entry]}
    if annotation is not None:
        attributes["cellmap"] = {"annotation": {"class_name": place.name, "annotation_type": dict(annotation)}}
    group.attrs.update(attributes)


def objects(side: int = 16, ids: int = 3) -> np.ndarray:
    """Some cubes on background."""
    values = np.zeros((side,) * 3, np.uint8)
    for number in range(1, ids + 1):
        values[2 : side // 2, 2 : side - 2, 4 * number - 3 : 4 * number] = number
    return values


class Folder:
    """A volume with crops: `crop` writes one, `datasplit` a list of all that were written."""

    def __init__(self, folder: Path, volume: str = "jrc_x") -> None:
        self.folder, self.volume = folder, volume
        self.recon = folder / volume / f"{volume}.zarr" / "recon-1"
        zarr.open_group(self.recon.parent, mode="w", zarr_format=2)
        write(self.recon / "em" / "fibsem-uint8", np.zeros((4, 4, 4), np.uint8))
        self.rows: list[str] = []

    def place(self, number: int) -> Path:
        return self.recon / "labels" / "groundtruth" / f"crop{number}"

    def crop(
        self,
        number: int,
        classes: Mapping[str, tuple[np.ndarray, Mapping[str, Any] | None]] | None = None,
        split: str = "train",
        voxel: Sequence[float] = (8, 8, 8),
        begin: Sequence[float] | None = None,
        listed: Sequence[str] = (),
    ) -> Path:
        """Write a crop, by default of one class; they lie side by side along x."""
        contents = classes or {"mito": (objects(), INSTANCES)}
        for name, (values, annotation) in contents.items():
            write(self.place(number) / name, values, voxel, begin or (0, 0, 400 * number), annotation)
        container = self.recon.parent
        names = ",".join(listed or contents)
        gt = f"recon-1/labels/groundtruth/crop{number}/[{names}]"
        self.rows.append(f'"{split}","{container}","recon-1/em/fibsem-uint8","{container}","{gt}"')
        return self.place(number)

    def datasplit(self) -> Path:
        path = self.folder / "datasplit.csv"
        path.write_text("".join(f"{row}\n" for row in self.rows))
        return path


def damage(group: Path) -> None:
    """Cut the metadata of a group's array."""
    file = group / "s0" / ".zarray"
    file.write_text(json.dumps(json.loads(file.read_text()))[:-20])
