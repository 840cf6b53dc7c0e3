"""MRC and CCP4 files of electron microscopy and tomography, as MRC2014 and IMOD define them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.core.about import About
from predictor_inspector.data.formats.axes import Axis, Described
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind, optional_module
from predictor_inspector.data.formats.unreadable import Unreadable, attempt, refuse_other_than_voxels
from predictor_inspector.data.geometry import exact, simplest_decimal
from predictor_inspector.data.lazy import Box, LazyArray

# In the header of files of IMOD and others: flags follow it.
_IMOD, _SIGNED_BYTES, _STANDARD_ORIGIN = 1146047817, 1, 4

_ATOL = 1e-3  # degrees by which angles of a cell may differ from right ones


@dataclass(frozen=True)
class MrcVolume(LazyArray):
    """A volume that is mapped into memory for each read, which touches only the pages that it needs."""

    file: Path
    begin: int
    stored: np.dtype[Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, box: Box) -> np.ndarray:
        try:
            mapped = np.memmap(self.file, self.stored, "r", self.begin, self.shape)
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.file} is damaged: its values can't be read ({error})") from error
        return np.array(mapped[box], dtype=self.dtype)


class MrcFiles(Format):
    """MRC files, each with one array, whose axes are sections, rows and columns."""

    suffixes = (".mrc", ".mrcs", ".rec", ".st", ".ali", ".map", ".ccp4")

    def arrays(self, container: Path, location: str = "") -> list[StoredArray | Unreadable]:
        mrcfile = optional_module("mrcfile", "mrc", f"reading {container}")
        try:
            with warnings.catch_warnings():
                # What isn't to the letter of the standard is read all the same; the sizes are checked here.
                warnings.simplefilter("ignore")
                with mrcfile.open(container, permissive=True, header_only=True) as opened:
                    header = opened.header
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f"{container} can't be opened as MRC: {error}") from error
        return [attempt("", str(container), lambda: _stored(container, mrcfile, header))]


def _stored(path: Path, mrcfile: Any, header: Any) -> StoredArray:
    source = str(path)
    flags = _imod_flags(header)
    try:
        stored = np.dtype(mrcfile.utils.data_dtype_from_header(header))
    except ValueError as error:
        raise ValueError(f"{source}: its values are of mode {int(header.mode)}, which can't be read") from error
    if stored.kind == "i" and stored.itemsize == 1 and flags is not None and not flags & _SIGNED_BYTES:
        stored = np.dtype(np.uint8)
    shape = tuple(mrcfile.utils.data_shape_from_header(header))
    refuse_other_than_voxels("", shape, stored, source)
    begin = header.nbytes + int(header.nsymbt)
    needed, there = begin + stored.itemsize * int(np.prod(shape, dtype=np.int64)), path.stat().st_size
    if there < needed:
        raise ValueError(f"{source} is damaged: it has {there} bytes, but its header promises {needed}")
    data = MrcVolume(path, begin, stored, shape, stored.newbyteorder("="))
    axes, doubts = _axes(header, flags, source)
    leading = [Axis("c", "channel") for _ in range(len(shape) - 3)]
    about = About(doubts=tuple(doubts))
    described = Described(
        data, {"header": [*leading, *axes[-min(3, len(shape)) :]]}, source, place="centre", about=about
    )
    return StoredArray("", described.array(), guess_kind(path.stem.replace("_", " "), data.dtype), described=described)


def _axes(header: Any, flags: int | None, source: str) -> tuple[list[Axis], list[str]]:
    """Sections, rows and columns, which are z, y and x unless the header says otherwise, and doubts about them."""
    angles = [float(header.cellb[name]) for name in ("alpha", "beta", "gamma")]
    if any(angle and abs(angle - 90) > _ATOL for angle in angles):
        raise ValueError(
            f"{source}: its cell has angles of {', '.join(f'{a:g}' for a in angles)}°, only 90° can be read"
        )
    doubts = []
    order = [int(header[name]) for name in ("maps", "mapr", "mapc")]
    if sorted(order) != [1, 2, 3]:
        if any(order):
            doubts.append(f"its header gives sections, rows and columns the axes {order}; read as z, y, x")
        order = [3, 2, 1]
    letters = ["xyz"[which - 1] for which in order]
    sizes = {a: _voxel_size(header.cella[a], int(header[f"m{a}"])) for a in "xyz"}
    if all(size == 1 for size in sizes.values()):
        doubts.append("its voxel size is 1 Å, which is what programs write that know none")
    # Starts count along columns, rows and sections, whatever axes these are.
    starts = dict(zip(reversed(letters), (int(header[f"n{a}start"]) for a in "xyz"), strict=True))
    origins = _origins(header, flags, starts, sizes, doubts) if any(sizes.values()) else {}
    return [Axis(a, "space", sizes[a], "angstrom", origins.get(a)) for a in letters], doubts


def _voxel_size(length: np.float32, voxels: int) -> Fraction | None:
    """The decimal number that the length of a cell, of few digits, may have been made of; None where there is none."""
    if not (np.isfinite(length) and length > 0 and voxels > 0):
        return None
    half = exact(np.spacing(length)) / 2
    return simplest_decimal((Fraction(float(length)) - half) / voxels, (Fraction(float(length)) + half) / voxels)


def _origins(
    header: Any, flags: int | None, starts: Mapping[str, int], sizes: Mapping[str, Fraction | None], doubts: list[str]
) -> dict[str, Fraction]:
    """Where the first voxel lies along each axis, in Å."""
    # IMOD gives the place of the world's origin in the volume, the standard that of the volume in the world.
    sign = -1 if flags is not None and not flags & _STANDARD_ORIGIN else 1
    origins = {a: sign * exact(header.origin[a]) for a in "xyz" if np.isfinite(header.origin[a])}
    started = {a: start * (sizes[a] or Fraction(0)) for a, start in starts.items()}
    if not any(origins.values()):
        return started
    if any(started.values()) and started != origins:
        doubts.append("its header has an origin and a start, which differ; the origin is taken")
    return origins


def _imod_flags(header: Any) -> int | None:
    """IMOD's flags; None in files of programs that don't write them."""
    order = ">" if header.mode.dtype.byteorder == ">" else "<"
    stamp, flags = np.frombuffer(header.extra2.tobytes(), f"{order}i4", 2, 40)
    return int(flags) if stamp == _IMOD else None


MRC = MrcFiles()
