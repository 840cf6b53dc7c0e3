"""Regions of images in TIFF files: only the strips and tiles that they need are decoded."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.data.lazy import Box

_JPEG = {6, 7, 34892, 33007}  # their strips and tiles share tables


def read_series(file: Path, index: int, box: Box) -> np.ndarray:
    """The values of one of a file's images in a box of its shape; a ``ValueError`` names a damaged file."""
    import tifffile

    try:
        with tifffile.TiffFile(file) as tiff:
            series = tiff.series[index]
            if series.dataoffset is not None:
                stored = series.dtype.newbyteorder(tiff.byteorder)
                mapped = np.memmap(file, stored, "r", series.dataoffset, series.shape)
                return np.array(mapped[box], dtype=series.dtype)
            return _read_pages(series, box)
    except Exception as error:  # each codec has errors of its own
        raise ValueError(f"{file} is damaged: image {index} can't be read ({error})") from error


@contextmanager
def opened_whole(file: Path) -> Iterator[Any]:
    """The file as a `tifffile.TiffFile`; a ``ValueError`` at the end if its pages can't all be found."""
    import tifffile

    logger, said = logging.getLogger("tifffile"), _Said()
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(said)
    try:
        with tifffile.TiffFile(file) as tiff:
            yield tiff
    except tifffile.TiffFileError as error:
        raise ValueError(f"{file} can't be opened as TIFF: {error}") from error
    finally:
        logger.removeHandler(said)
        logger.propagate = propagates
    if said.damage:
        raise ValueError(f"{file} is damaged, cut off perhaps: {said.damage[0]}")


class _Said(logging.Handler):
    """What tifffile logs of damage, for which it reads fewer pages than there should be."""

    _DAMAGE = re.compile("invalid page offset|invalid value offset|corrupt|failed to reshape")

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.damage: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = re.sub(r"<tifffile[^>]*> ?", "", record.getMessage())
        if self._DAMAGE.search(text):
            self.damage.append(text)


def check_codec(page: Any, source: str) -> None:
    """Raise ``ValueError`` if a page is compressed in a way that nothing installed can decode."""
    from tifffile import TIFF

    for table, code in ((TIFF.DECOMPRESSORS, page.compression), (TIFF.UNPREDICTORS, page.predictor)):
        try:
            table[code]
        except KeyError as error:
            raise ValueError(
                f"{source}: its compression needs imagecodecs ({error.args[0]}): pip install imagecodecs"
            ) from error


def _read_pages(series: Any, box: Box) -> np.ndarray:
    """Pages lie along the leading axes of an image, one after the other."""
    within = series.keyframe.shape
    leading = series.shape[: len(series.shape) - len(within)]
    if series.shape[len(leading) :] != within or prod(leading) != len(series.pages):
        return np.asarray(series.asarray()[box], dtype=series.dtype)
    values = np.empty([part.stop - part.start for part in box], series.dtype)
    for place in product(*(range(part.start, part.stop) for part in box[: len(leading)])):
        number = int(np.ravel_multi_index(place, leading)) if leading else 0
        page = series.pages[number]
        if page is None:
            raise ValueError(f"page {number} is missing")
        inside = tuple(at - part.start for at, part in zip(place, box, strict=False))
        values[inside] = _read_page(page, box[len(leading) :])
    return values


def _read_page(page: Any, box: Box) -> np.ndarray:
    keyframe = page.keyframe
    count, size, ndim = keyframe.chunked, keyframe.chunks, keyframe.ndim
    size = (1,) * (ndim - len(size)) + size  # a strip or tile may have no depth
    if len(count) != ndim or len(size) != ndim:
        return np.asarray(page.asarray()[box])
    values = np.full([part.stop - part.start for part in box], keyframe.nodata, keyframe.dtype)
    places = (range(part.start // n, -(-part.stop // n)) for part, n in zip(box, size, strict=True))
    for place in product(*places):
        begins = [at * n for at, n in zip(place, size, strict=True)]
        segment = _decoded(page, int(np.ravel_multi_index(place, count)), ndim)
        if segment is None:
            continue  # left out by who wrote it
        ends = [begin + n for begin, n in zip(begins, segment.shape, strict=True)]
        spans = [(max(a, p.start), min(b, p.stop)) for a, b, p in zip(begins, ends, box, strict=True)]
        to = tuple(slice(a - p.start, b - p.start) for (a, b), p in zip(spans, box, strict=True))
        values[to] = segment[tuple(slice(a - begin, b - begin) for (a, b), begin in zip(spans, begins, strict=True))]
    return values


def _decoded(page: Any, index: int, ndim: int) -> np.ndarray | None:
    """A strip or tile without its axis of samples; None if it isn't in the file."""
    length = page.databytecounts[index]
    if not length:
        return None
    handle, keyframe = page.parent.filehandle, page.keyframe
    handle.seek(page.dataoffsets[index])
    data = handle.read(length)
    if len(data) < length:
        raise ValueError(f"it ends within page {page.index}")
    tables = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader} if keyframe.compression in _JPEG else {}
    segment, _, shape = keyframe.decode(data, index, **tables)
    return None if segment is None else np.reshape(segment, shape[:3][-ndim:])
