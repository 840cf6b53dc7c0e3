"""What zarr 3 has for making arrays, for tests that run with zarr 2: written through tensorstore."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr


def install() -> None:
    """Give zarr what its version 2 doesn't have."""
    original_group, original_array = zarr.open_group, zarr.open_array

    def open_group(path: Any, mode: str = "a", zarr_format: int | None = None, **options: Any) -> Any:
        if zarr_format is not None:
            return create_group(path, zarr_format=zarr_format)
        return original_group(str(path), mode, **options)

    def open_array(path: Any, mode: str = "a", **options: Any) -> Any:
        if not (Path(path) / "zarr.json").exists():
            return original_array(str(path), mode, **options)
        return _opened(Path(path), {"driver": "zarr3", "open": True}, 3)

    def consolidate_metadata(store: Any, **options: Any) -> None:
        pytest.skip("zarr 2 keeps metadata together in its own format only")

    zarr.create_group, zarr.create_array = create_group, create_array
    zarr.consolidate_metadata = consolidate_metadata
    zarr.open_group, zarr.open_array = open_group, open_array
    zarr.save_array = lambda path, data: create_array(path, data=data)


class _Attributes(MutableMapping[str, Any]):
    """The attributes of a group or array, in their file."""

    def __init__(self, folder: Path, zarr_format: int) -> None:
        self._inside = zarr_format == 3
        self._file = folder / ("zarr.json" if self._inside else ".zattrs")

    def _read(self) -> dict[str, Any]:
        return json.loads(self._file.read_text()) if self._file.exists() else {}

    def _all(self) -> dict[str, Any]:
        return self._read().get("attributes", {}) if self._inside else self._read()

    def _put(self, attributes: dict[str, Any]) -> None:
        self._file.write_text(json.dumps(self._read() | {"attributes": attributes} if self._inside else attributes))

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(self._all() | {key: value})

    def __delitem__(self, key: str) -> None:
        self._put({k: v for k, v in self._all().items() if k != key})

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class _Group:
    def __init__(self, folder: Path, zarr_format: int) -> None:
        self._folder, self._format = folder, zarr_format
        self.attrs = _Attributes(folder, zarr_format)

    def create_group(self, name: str, attributes: Any = None) -> _Group:
        self._make_parents(name)
        return create_group(self._folder / name, zarr_format=self._format, attributes=attributes)

    def create_array(self, name: str, **options: Any) -> _Array:
        self._make_parents(name)
        return create_array(self._folder / name, zarr_format=self._format, **options)

    def __delitem__(self, name: str) -> None:
        shutil.rmtree(self._folder / name)

    def _make_parents(self, name: str) -> None:
        for end in range(1, len(parts := name.split("/"))):
            if not (self._folder / "/".join(parts[:end])).exists():
                create_group(self._folder / "/".join(parts[:end]), zarr_format=self._format)


class _Array:
    def __init__(self, stored: Any, attrs: _Attributes) -> None:
        self._stored, self.attrs = stored, attrs

    def __setitem__(self, key: Any, value: Any) -> None:
        self._stored[key] = np.asarray(value, self._stored.dtype.numpy_dtype)

    def __getitem__(self, key: Any) -> np.ndarray:
        return self._stored[key].read().result()


def create_group(path: Any, *, zarr_format: int = 3, attributes: Any = None, overwrite: bool = False) -> _Group:
    """A group, as zarr 3 makes it."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"zarr_format": zarr_format} | ({"node_type": "group"} if zarr_format == 3 else {})
    (folder / ("zarr.json" if zarr_format == 3 else ".zgroup")).write_text(json.dumps(about))
    group = _Group(folder, zarr_format)
    group.attrs.update(_plain(attributes))
    return group


def create_array(
    path: Any,
    *,
    data: np.ndarray | None = None,
    shape: Any = None,
    dtype: Any = None,
    chunks: Any = None,
    zarr_format: int = 3,
    attributes: Any = None,
    dimension_names: Any = None,
    fill_value: Any = None,
    **others: Any,
) -> _Array:
    """An array, as zarr 3 makes it; tests that ask for more than this are left out."""
    if others:
        pytest.skip(f"zarr 2 has no {', '.join(others)}")
    values = None if data is None else np.asarray(data)
    shape = values.shape if values is not None else tuple(np.atleast_1d(shape)) if shape != () else ()
    dtype = np.dtype(values.dtype if dtype is None else dtype)
    if dtype.kind not in "biuf":
        pytest.skip(f"tensorstore writes no {dtype}")
    chunks = [max(1, int(n)) for n in chunks or shape]
    folder = Path(path)
    spec: dict[str, Any] = {"create": True, "open": True}
    if zarr_format == 3:
        metadata: dict[str, Any] = {
            "shape": [int(n) for n in shape],
            "data_type": dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
        }
        if dimension_names is not None:
            metadata["dimension_names"] = list(dimension_names)
        spec |= {"driver": "zarr3", "metadata": metadata}
    else:
        compressor = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1}
        kind = dtype.str if dtype.itemsize > 1 else f"|{dtype.str[1:]}"
        spec |= {
            "driver": "zarr",
            "metadata": {"shape": shape, "chunks": chunks, "dtype": kind, "compressor": compressor},
        }
    if fill_value is not None:
        spec["metadata"]["fill_value"] = fill_value
    array = _opened(folder, spec, zarr_format)
    array.attrs.update(_plain(attributes))
    if values is not None:
        array[...] = values
    return array


def _opened(folder: Path, spec: dict[str, Any], zarr_format: int) -> _Array:
    import tensorstore as ts

    stored = ts.open({"kvstore": {"driver": "file", "path": f"{folder}/"}, **spec}).result()
    return _Array(stored, _Attributes(folder, zarr_format))


def _plain(attributes: Any) -> dict[str, Any]:
    return json.loads(json.dumps(dict(attributes or {})))
