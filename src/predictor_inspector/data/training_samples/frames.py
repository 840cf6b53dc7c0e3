"""Frames between the process of a pipeline and this one: a header in JSON, then values."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.training_samples.sample import TrainingSample

_LENGTH = struct.Struct("<4sI")
_MAGIC = b"PIS1"


def write_frame(out: BinaryIO, header: dict[str, Any]) -> None:
    """Write a header and send it off."""
    text = json.dumps(header).encode()
    out.write(_LENGTH.pack(_MAGIC, len(text)) + text)
    out.flush()


def write_sample(out: BinaryIO, sample: TrainingSample) -> None:
    """Write a sample: what its arrays are, then their values."""
    arrays = {role: (array, np.ascontiguousarray(array.numpy())) for role, array in sample.arrays.items()}
    told = {
        role: {
            "dtype": values.dtype.str,
            "shape": values.shape,
            "voxel_size": [int(n) for n in array.voxel_size],
            "offset": [int(n) for n in array.offset],
            "axis_names": array.axis_names,
            "unit": array.unit,
            "subdivision": array.subdivision,
        }
        for role, (array, values) in arrays.items()
    }
    write_frame(out, {"kind": "sample", "arrays": told})
    for _, values in arrays.values():
        out.write(values.data.cast("B"))
    out.flush()


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], TrainingSample | None] | None:
    """A header, and the sample that follows if it is of one; None at the end of the stream.

    ``ValueError`` if something else was written into it.
    """
    begin = stream.read(_LENGTH.size)
    if not begin:
        return None
    magic, length = _LENGTH.unpack(begin) if len(begin) == _LENGTH.size else (b"", 0)
    if magic != _MAGIC:
        raise ValueError("the pipeline has written into what belongs to its samples")
    header = json.loads(_exactly(stream, length))
    if header["kind"] != "sample":
        return header, None
    arrays = {}
    for role, about in header["arrays"].items():
        dtype, shape = np.dtype(about.pop("dtype")), about.pop("shape")
        # A copy of its own, which may be written to, as torch wants it.
        values = np.frombuffer(bytearray(_exactly(stream, int(np.prod(shape)) * dtype.itemsize)), dtype).reshape(shape)
        arrays[role] = Array(values, **about)
    return header, TrainingSample(**arrays)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found
