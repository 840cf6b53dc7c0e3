"""NIfTI files of medical imaging, 1 and 2, compressed or not."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.core.about import About
from predictor_inspector.data.formats.axes import Axis, Described
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind, optional_module
from predictor_inspector.data.formats.unreadable import Unreadable, attempt, refuse_other_than_voxels
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.lazy import Box, LazyArray

_USUAL_UNIT = "mm"  # where the header says none
_OBLIQUE = 1e-3  # of a voxel's size: below it, what an axis has of the directions of others is noise of rotations


@dataclass(frozen=True)
class NiftiVolume(LazyArray):
    """A volume that is opened for each read; only the needed parts are read, where it isn't compressed.

    Its axes are those of the file in the order in which they are stored, the slowest first; `flipped` ones run the other way.
    """

    file: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    flipped: tuple[bool, ...]
    squeezed: tuple[int, ...] = ()
    """Axes of the file of one position, that are left out."""

    def read(self, box: Box) -> np.ndarray:
        turned = [
            slice(n - part.stop, n - part.start) if flip else part
            for part, n, flip in zip(box, self.shape, self.flipped, strict=True)
        ]
        stored: list[slice | int] = list(reversed(turned))
        for axis in self.squeezed:
            stored.insert(axis, 0)
        try:
            values = np.asarray(_load(self.file).dataobj[tuple(stored)])
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise ValueError(f"{self.file} is damaged: its values can't be read ({error})") from error
        back = tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flipped)
        return np.ascontiguousarray(values.T[back], dtype=self.dtype)


class NiftiFiles(Format):
    """NIfTI files, each with one array."""

    suffixes = (".nii", ".nii.gz")

    def takes(self, path: Path) -> bool:
        return path.name.lower().endswith(self.suffixes) and path.is_file()

    def arrays(self, container: Path, location: str = "") -> list[StoredArray | Unreadable]:
        image = _load(container)
        return [attempt("", str(container), lambda: _stored(container, image))]


def _load(path: Path) -> Any:
    nibabel = optional_module("nibabel", "nifti", f"reading {path}")
    try:
        return nibabel.load(path)
    except (nibabel.filebasedimages.ImageFileError, OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} can't be opened as NIfTI: {error}") from error


def _stored(path: Path, image: Any) -> StoredArray:
    header, source = image.header, str(path)
    shape = tuple(int(n) for n in image.shape)
    stored = np.dtype(header.get_data_dtype())
    scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
    dtype = np.dtype(np.float64) if scaled and stored.kind in "iuf" else stored.newbyteorder("=")
    refuse_other_than_voxels("", shape, dtype, source)
    axes, flipped, doubts = _axes(image, shape, source)
    # Time of one moment is left out, and so are other axes that are there only to come before a further one.
    squeezed = tuple(axis for axis in range(3, len(shape)) if shape[axis] == 1)
    kept = [axis for axis in reversed(range(len(shape))) if axis not in squeezed]
    data = NiftiVolume(path, tuple(shape[i] for i in kept), dtype, tuple(flipped[i] for i in kept), squeezed)
    about = About(doubts=tuple(doubts))
    described = Described(data, {"affine": [axes[i] for i in kept]}, source, place="centre", about=about)
    stem = path.name.split(".")[0].replace("_", " ")
    return StoredArray("", described.array(), guess_kind(stem, dtype), described=described)


def _axes(image: Any, shape: tuple[int, ...], source: str) -> tuple[list[Axis], list[bool], list[str]]:
    """Per axis of the file: what is said of it, and whether it runs against its direction in space; doubts."""
    header, doubts = image.header, []
    unit = header.get_xyzt_units()[0]
    if unit == "unknown":
        doubts.append(f"its voxel sizes are without a unit, read as {_USUAL_UNIT}")
        unit = _USUAL_UNIT
    affine = np.asarray(image.affine, np.float64)
    columns = affine[:3, :3]
    sizes = np.linalg.norm(columns, axis=0)
    along = np.abs(columns).argmax(axis=0)
    others = np.abs(columns).sum(axis=0) - np.abs(columns).max(axis=0)
    if not np.isfinite(affine).all() or (sizes <= 0).any():
        raise ValueError(f"{source}: its affine is damaged: {affine.tolist()}")
    if sorted(along) != [0, 1, 2] or (others > _OBLIQUE * sizes).any():
        raise ValueError(
            f"{source}: its axes are oblique, and only scale, translation and flips can be read; resample it along its axes "
            "first"
        )
    placed = bool(header["sform_code"]) or bool(header["qform_code"])
    zooms = header.get_zooms()
    axes, flipped = [], []
    for axis in range(min(3, len(shape))):
        world, size = along[axis], exact(np.float32(sizes[axis]))
        if np.isclose(zooms[axis], sizes[axis], rtol=1e-5):
            size = exact(np.float32(zooms[axis]))  # free of the noise of a rotation
        against = bool(placed and columns[world, axis] < 0)
        # The place of the first voxel after the flip.
        origin = exact(np.float32(affine[world, 3])) - (size * (shape[axis] - 1) if against else 0)
        axes.append(Axis("xyz"[world], "space", size, unit, origin if placed else Fraction(0)))
        flipped.append(against)
    # Time, and whatever a header means by further axes.
    axes += [Axis("t", "time") if axis == 3 else Axis("c", "channel") for axis in range(3, len(shape))]
    return axes, flipped + [False] * (len(shape) - len(flipped)), doubts


NIFTI = NiftiFiles()
