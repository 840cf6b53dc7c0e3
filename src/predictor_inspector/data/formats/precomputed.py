"""Neuroglancer's precomputed volumes: lengths in nanometres, x first."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from predictor_inspector.data.formats.axes import Axis, Described
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.unreadable import Unreadable, attempt
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.lazy import Transposed
from predictor_inspector.data.stores.chunks import StoreArray
from predictor_inspector.data.stores.path import StorePath, kvstore_of, read_json

_INFO = "info"
_ONE_CHANNEL = {"input_rank": 3, "output": [*({"input_dimension": axis} for axis in range(3)), {"offset": 0}]}


class PrecomputedVolumes(Format):
    """Volumes of images or ids with an ``info`` file; a scale is opened by its key, as ``"8_8_40"``."""

    suffixes = (".precomputed",)
    metadata_names = (_INFO,)
    reads_stores = True

    def takes(self, path: Path | StorePath) -> bool:
        if not (path / _INFO).is_file():
            return False
        try:
            return "scales" in (read_json(path / _INFO) or {})
        except ValueError:
            return path.suffix in self.suffixes

    def arrays(self, container: Path | StorePath, location: str = "") -> list[StoredArray | Unreadable]:
        info = read_json(container / _INFO) or {}
        scales = info.get("scales")
        if not (isinstance(scales, list) and scales and all(isinstance(s, dict) and "key" in s for s in scales)):
            raise ValueError(f"{container / _INFO} is damaged: it needs a list of scales, each with a key")
        keys = tuple(str(scale["key"]) for scale in scales)
        index = keys.index(location) if location in keys else None if location else 0
        if index is None:
            return []
        return [attempt(location, str(container), partial(_stored, container, location, info, index, keys))]


def _stored(
    container: Path | StorePath, location: str, info: dict[str, Any], index: int, keys: tuple[str, ...]
) -> StoredArray:
    scale, source = info["scales"][index], f"{container}, scale {keys[index]}"
    spec = {"driver": "neuroglancer_precomputed", "kvstore": kvstore_of(container), "scale_index": index}
    single = info.get("num_channels", 1) == 1
    stored = StoreArray({**spec, "transform": _ONE_CHANNEL} if single else spec)
    try:
        sizes = [exact(size) for size in scale["resolution"]]
        origins = [size * int(o) for size, o in zip(sizes, scale.get("voxel_offset") or (0, 0, 0), strict=True)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{source} is damaged: its resolution and voxel_offset must have three numbers") from error
    space = [Axis(n, "space", size, "nm", o) for n, size, o in zip("xyz", sizes, origins, strict=True)]
    axes = [*space, *([] if single else [Axis("c", "channel")])]
    data = Transposed(stored, tuple(reversed(range(stored.ndim))))
    said = Described(data, {_INFO: axes[::-1]}, source)
    is_labels = info.get("type") == "segmentation"
    kind = guess_kind(container.name, stored.dtype, True) if is_labels else "image"
    return StoredArray(location, said.array(), kind, keys, described=said)


PRECOMPUTED = PrecomputedVolumes()
