"""Arrays in temporary files, for results that don't fit into memory."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from predictor_inspector.data.lazy import Box
from predictor_inspector.data.stores import engine
from predictor_inspector.data.stores.chunks import StoreArray

_LASTING = Path("/var/tmp")
"""Where large temporary files go on Linux: /tmp often lies in memory."""


def temporary_folder() -> Path:
    """Where temporary files are made: what TMPDIR (or TEMP, TMP) says, else the system's place for large ones."""
    named = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    if sys.platform == "linux" and not named and os.access(_LASTING, os.W_OK | os.X_OK):
        return _LASTING
    return Path(tempfile.gettempdir())


def temporary_room() -> int:
    """Bytes that are free where temporary files are made."""
    return shutil.disk_usage(temporary_folder()).free


class TemporaryArray(StoreArray):
    """A float32 array in a temporary folder that is gone with it, or with the process; NaN where nothing was written yet.

    May be read in one thread while another writes. Parts of the shape `chunks` are compressed each by itself.
    """

    def __init__(self, shape: Sequence[int], chunks: Sequence[int]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="predictor-inspector-", dir=temporary_folder()))
        weakref.finalize(self, _remove, self.folder, os.getpid())
        metadata = {
            "shape": list(shape),
            "chunks": [max(1, min(c, n)) for c, n in zip(chunks, shape, strict=True)],
            "dtype": "<f4",
            "fill_value": "NaN",
            "compressor": {"id": "blosc", "cname": "lz4", "clevel": 1, "shuffle": 0},
        }
        store = {"driver": "file", "path": f"{self.folder}/", "file_io_sync": False}
        super().__init__({"driver": "zarr", "kvstore": store, "metadata": metadata, "create": True, "open": True})

    def __setitem__(self, box: Box, values: np.ndarray) -> None:
        """Write a box; a full disk is an ``OSError`` that says what to do."""
        try:
            engine.write_box(self._spec, self._token, box, values)
        except OSError as error:
            if error.errno != 28:
                raise
            folder = self.folder.parent
            raise OSError(f"the disk of {folder} is full; set TMPDIR to a folder with more room") from error


def _remove(folder: Path, process: int) -> None:
    # A forked process has a copy of the array, but the folder isn't its own.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
