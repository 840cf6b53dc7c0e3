"""Frames between a process of ours and its parent: a header in JSON, then arrays."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from math import prod
from typing import Any, BinaryIO

import numpy as np

_LENGTH = struct.Struct("<4sI")
_MAGIC = b"PIF1"

Frame = tuple[dict[str, Any], list[np.ndarray]]


def write_frame(out: BinaryIO, header: dict[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
    """Write a header, which JSON can hold, and arrays, and send them off."""
    contiguous = [np.ascontiguousarray(array) for array in arrays]
    told = {**header, "arrays": [(array.dtype.str, array.shape) for array in contiguous]}
    text = json.dumps(told).encode()
    out.write(_LENGTH.pack(_MAGIC, len(text)) + text)
    for array in contiguous:
        out.write(array.reshape(-1).view(np.uint8).data)
    out.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """A header, and arrays that may be written to; None at the end of the stream.

    ``ValueError`` if something else was written into it, ``EOFError`` if it ends within a frame.
    """
    begin = stream.read(_LENGTH.size)
    if not begin:
        return None
    magic, length = _LENGTH.unpack(begin) if len(begin) == _LENGTH.size else (b"", 0)
    if magic != _MAGIC:
        raise ValueError("it has written into what belongs to its results")
    header = json.loads(_exactly(stream, length))
    arrays = []
    for name, shape in header.pop("arrays"):
        dtype = np.dtype(name)
        values = bytearray(_exactly(stream, prod(shape) * dtype.itemsize))
        arrays.append(np.frombuffer(values, dtype).reshape(shape))
    return header, arrays


def _exactly(stream: BinaryIO, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found
