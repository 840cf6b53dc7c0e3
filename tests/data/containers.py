"""Containers in which not everything is ground truth, written without any reader's own writer where that is possible."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile

IDS = np.zeros((6, 20, 32), np.uint32)
IDS[:, 3:9, 3:9] = 1
GRID = {"resolution": [40, 8, 4], "offset": [0, 0, 0]}

_ENDINGS = {"i": "int", "u": "uint", "f": "float", "c": "complex"}


def put_json(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def zarr_group(folder: Path, zarr_format: int, **attributes: Any) -> Path:
    """A group, version 2 or 3."""
    if zarr_format == 3:
        put_json(folder / "zarr.json", {"zarr_format": 3, "node_type": "group", "attributes": attributes})
    else:
        put_json(folder / ".zgroup", {"zarr_format": 2})
        put_json(folder / ".zattrs", attributes)
    return folder


def zarr_array(
    folder: Path,
    zarr_format: int,
    data: np.ndarray = IDS,
    changes: dict[str, Any] | None = None,
    **attributes: Any,
) -> Path:
    """An array of one chunk, not compressed; `changes` replace parts of its metadata."""
    shape = list(data.shape)
    chunk = [max(1, n) for n in shape]
    if zarr_format == 3:
        metadata = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": f"{_ENDINGS[data.dtype.kind]}{8 * data.dtype.itemsize}",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": [0.0, 0.0] if data.dtype.kind == "c" else 0,
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "attributes": attributes,
        }
        put_json(folder / "zarr.json", metadata | (changes or {}))
        file = folder.joinpath("c", *("0" for _ in shape))
    else:
        metadata = {
            "zarr_format": 2,
            "shape": shape,
            "chunks": chunk,
            "dtype": data.dtype.str,
            "compressor": None,
            "fill_value": 0,
            "order": "C",
            "filters": None,
        }
        put_json(folder / ".zarray", metadata | (changes or {}))
        put_json(folder / ".zattrs", attributes)
        file = folder / (".".join("0" for _ in shape) or "0")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.tobytes())
    return folder


def ome_image(
    folder: Path, zarr_format: int, version: str, axes: Any = "zyx", data: np.ndarray = IDS, **more: Any
) -> Path:
    """An image of one level, as its version describes it; `more` goes into the description."""
    before_sizes = version in ("0.1", "0.2", "0.3")
    if axes is not None and not before_sizes:
        types = {"t": "time", "c": "channel"}
        axes = [{"name": axis, "type": types.get(axis, "space")} for axis in axes]
    sizes = [{"type": "scale", "scale": [1.0] * data.ndim}]
    level = {"path": "0"} if before_sizes else {"path": "0", "coordinateTransformations": sizes}
    image: dict[str, Any] = {"datasets": [level], **({} if axes is None else {"axes": list(axes)}), **more}
    if zarr_format == 3:
        zarr_group(folder, 3, ome={"version": version, "multiscales": [image]})
    else:
        zarr_group(folder, 2, multiscales=[image | {"version": version}])
    zarr_array(folder / "0", zarr_format, data)
    return folder


@dataclass(frozen=True)
class Made:
    """A container: what can be read in it, what can't be and why, and what is opened without a name."""

    make: Callable[[Path], object]
    readable: tuple[str, ...]
    unreadable: dict[str, str] = field(default_factory=dict)
    default: str | None = "labels"
    ending: str = ".zarr"


def _beside(zarr_format: int, name: str, data: np.ndarray = IDS, **changes: Any) -> Callable[[Path], None]:
    """Labels, and an array with such metadata beside them."""

    def make(path: Path) -> None:
        zarr_group(path, zarr_format)
        zarr_array(path / "labels", zarr_format, **GRID)
        zarr_array(path / name, zarr_format, data, changes)

    return make


def _damaged_neighbour(path: Path) -> None:
    _beside(3, "raw")(path)
    put_json(path / "raw" / "zarr.json", "{ not json")


def _damaged_root(path: Path) -> None:
    _beside(2, "bare")(path)
    put_json(path / ".zattrs", "{ not json")


def _links(path: Path) -> None:
    _beside(2, "raw", IDS.astype(np.uint8))(path)
    (path / "again").symlink_to(path)
    (path / "a_copy").symlink_to(path / "labels")
    (path / "gone").symlink_to(path / "nowhere")


def _old_images(path: Path) -> None:
    zarr_group(path, 2)
    zarr_array(path / "labels", 2, **GRID)
    ome_image(path / "named", 2, "0.3", "yx", IDS[0].astype(np.uint8))
    ome_image(path / "five", 2, "0.2", None, IDS[None, None].astype(np.uint8))
    ome_image(path / "first", 2, "0.1", None, IDS[None, None].astype(np.uint8))
    ome_image(path / "three", 2, "0.1", None, IDS.astype(np.uint8))
    ome_image(path / "future", 2, "0.6", "zyx")


def _broken_images(path: Path) -> None:
    """Groups whose description of an image isn't what it should be, in any way."""
    zarr_group(path, 2)
    zarr_array(path / "labels", 2, **GRID)
    for name, image in (("nothing", None), ("bare", {"datasets": [None]}), ("text", {"axes": "zyx", "datasets": "0"})):
        zarr_array(zarr_group(path / name, 2, multiscales=[image]) / "0", 2)


def _spatialdata(zarr_format: int, version: str) -> Callable[[Path], None]:
    unit = {"type": "space", "unit": "unit"}

    def system(axes: str, **transformation: Any) -> dict[str, Any]:
        named = [{"name": axis, **({"type": "channel"} if axis == "c" else unit)} for axis in axes]
        return {"input": {"name": axes, "axes": named}, "output": {"name": "global", "axes": named}, **transformation}

    def make(path: Path) -> None:
        zarr_group(path, zarr_format, spatialdata_attrs={"version": "0.2", "spatialdata_software_version": "0.6"})
        for group in ("images", "labels", "points", "shapes", "tables"):
            zarr_group(path / group, zarr_format)
        affine = system("cyx", type="affine", affine=[[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 1, 0]])
        ome_image(
            path / "images/he",
            zarr_format,
            version,
            "cyx",
            IDS[:3].astype(np.uint8),
            coordinateTransformations=[affine],
        )
        identity = system("yx", type="sequence", transformations=[system("yx", type="identity")])
        ome_image(path / "labels/cells", zarr_format, version, "yx", IDS[0], coordinateTransformations=[identity])
        points = {"axes": ["x", "y"], "encoding-type": "ngff:points", "coordinateTransformations": []}
        zarr_group(path / "points/transcripts", zarr_format, **points, spatialdata_attrs={"version": "0.1"})
        (path / "points/transcripts/points.parquet").mkdir()
        (path / "points/transcripts/points.parquet/part.0.parquet").write_bytes(b"PAR1")
        zarr_group(path / "shapes/circles", zarr_format, **(points | {"encoding-type": "ngff:shapes"}))
        (path / "shapes/circles/shapes.parquet").write_bytes(b"PAR1")
        _anndata(path / "tables/table", zarr_format)

    return make


def _anndata(folder: Path, zarr_format: int, **attributes: Any) -> None:
    zarr_group(folder, zarr_format, **{"encoding-type": "anndata", "encoding-version": "0.1.0", **attributes})
    zarr_group(folder / "obs", zarr_format, **{"encoding-type": "dataframe", "_index": "cell"})
    zarr_array(folder / "obs/area", zarr_format, np.arange(5, dtype=np.int64))
    zarr_array(folder / "X", zarr_format, np.ones((5, 3), np.float32))


def _plate(path: Path) -> None:
    """As Fractal writes it."""
    zarr_group(path, 2, plate={"wells": [{"path": "B/03"}], "rows": [{"name": "B"}], "columns": [{"name": "03"}]})
    zarr_group(path / "B", 2)
    zarr_group(path / "B/03", 2, well={"images": [{"path": "0"}]})
    image = ome_image(path / "B/03/0", 2, "0.4", "czyx", IDS[None].astype(np.uint16))
    zarr_group(image / "labels", 2, labels=["nuclei"])
    ome_image(image / "labels/nuclei", 2, "0.4", "zyx", IDS)
    zarr_group(image / "tables", 2, tables=["FOV_ROI_table", "nuclei"])
    _anndata(image / "tables/FOV_ROI_table", 2, type="roi_table", fractal_table_version="1")
    zarr_group(image / "tables/nuclei", 2, type="feature_table", backend="csv", table_version="1")


def _bioformats2raw(path: Path) -> None:
    zarr_group(path, 2, **{"bioformats2raw.layout": 3})
    zarr_group(path / "OME", 2, series=["0", "1"])
    (path / "OME" / "METADATA.ome.xml").write_text("<OME/>")
    for name in ("0", "1"):
        ome_image(path / name, 2, "0.4", "tczyx", IDS[None, None].astype(np.uint8))


def _cremi(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name in ("raw", "labels/neuron_ids"):
            volume = file.create_dataset(f"volumes/{name}", data=IDS.astype("u1" if name == "raw" else "u8"))
            volume.attrs["resolution"] = [40.0, 4.0, 4.0]
        file["annotations/ids"] = np.arange(5, dtype="u8")
        file["annotations/locations"] = np.zeros((5, 3))
        file["annotations/types"] = np.array(["presynaptic_site"] * 5, "S20")
        file["annotations/presynaptic_site/partners"] = np.zeros((2, 2), "u8")
        file["annotations/comments/target_ids"] = np.arange(2, dtype="u8")
        file["annotations/comments/comments"] = ["soma", "unsure"]


def _hdf5_kinds(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["labels"] = IDS
        file["complex"] = IDS.astype(np.complex64)
        file["empty"] = np.zeros((0, 4, 4))
        file["nothing"] = h5py.Empty("f4")
        file["number"] = 3
        file["line"] = np.arange(5)
        file["table"] = np.zeros(5, [("id", "u4"), ("area", "f8")])
        file["text"] = "notes"
        file["pointer"] = file["labels"].ref
        file["type"] = np.dtype("u4")
        parts = h5py.VirtualLayout(IDS.shape, IDS.dtype)
        parts[:] = h5py.VirtualSource("missing.h5", "labels", IDS.shape)
        file.create_virtual_dataset("parts", parts)
        packed = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        packed.set_chunk((6, 20, 32))
        packed.set_filter(32099, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple(IDS.shape)
        h5py.h5d.create(file.id, b"packed", h5py.h5t.NATIVE_UINT8, space, packed)


def _hdf5_links(path: Path) -> None:
    """Links as in NeXus: to what lies below, back up, to other files, to nowhere."""
    other = path.with_name("other.h5")
    with h5py.File(other, "w") as file:
        file["mask"] = IDS.astype(bool)
    with h5py.File(path, "w") as file:
        file["a/again"] = h5py.SoftLink("/a")
        file["a/data"] = h5py.SoftLink("/entry/detector/labels")
        file["entry/detector/labels"] = IDS
        file["entry/same"] = file["entry/detector/labels"]
        file["entry/outside"] = h5py.ExternalLink(other.name, "/mask")
        file["entry/missing"] = h5py.ExternalLink("missing.h5", "/mask")
        file["entry/gone"] = h5py.SoftLink("/nowhere")


def _pictures(path: Path) -> None:
    with tifffile.TiffWriter(path) as file:
        file.write(IDS[0].astype(np.uint32), photometric="minisblack", metadata=None)
        file.write(np.zeros((16, 16, 3), np.uint8), photometric="rgb", metadata=None)


_TEXT_3 = {"name": "fixed_length_utf32", "configuration": {"length_bytes": 20}}

CONTAINERS: dict[str, Made] = {
    "number in zarr 3": Made(_beside(3, "n", np.int32(1).reshape(())), ("labels",), {"n": "a single number"}),
    "number in zarr 2": Made(_beside(2, "n", np.int32(1).reshape(())), ("labels",), {"n": "a single number"}),
    "line": Made(_beside(3, "n", np.arange(5)), ("labels",), {"n": "one axis"}),
    "empty": Made(_beside(3, "n", np.zeros((0, 4, 4), np.uint8)), ("labels",), {"n": "empty"}),
    "complex in zarr 3": Made(_beside(3, "n", IDS.astype(np.complex64)), ("labels",), {"n": "complex"}),
    "complex in zarr 2": Made(
        _beside(2, "n", IDS.astype(np.complex64), fill_value=[0.0, 0.0]), ("labels",), {"n": "complex"}
    ),
    "table in zarr 2": Made(
        _beside(2, "n", IDS, dtype=[["id", "<u4"], ["area", "<f8"]], fill_value=None),
        ("labels",),
        {"n": "a table with the columns id, area"},
    ),
    "text in zarr 2": Made(_beside(2, "n", IDS, dtype="<U5", fill_value=""), ("labels",), {"n": "text"}),
    "text of any length in zarr 2": Made(
        _beside(2, "n", IDS, dtype="|O", filters=[{"id": "vlen-utf8"}], fill_value=""), ("labels",), {"n": "text"}
    ),
    "text in zarr 3": Made(_beside(3, "n", IDS, data_type=_TEXT_3, fill_value=""), ("labels",), {"n": "text"}),
    "dates": Made(_beside(2, "n", IDS, dtype="<M8[ns]"), ("labels",), {"n": "dates"}),
    "unknown codec in zarr 3": Made(
        _beside(3, "n", IDS, codecs=[{"name": "bytes"}, {"name": "no_such_codec"}]), ("labels",), {"n": "no_such_codec"}
    ),
    "unknown codec in zarr 2": Made(
        _beside(2, "n", IDS, compressor={"id": "no_such_codec"}), ("labels",), {"n": "no_such_codec"}
    ),
    "a level with an unknown size": Made(_beside(2, "n", IDS, shape="large"), ("labels",), {"n": "damaged"}),
    "damaged neighbour": Made(_damaged_neighbour, ("labels",), {"raw": "not valid JSON"}),
    "damaged root": Made(_damaged_root, ("labels",), {"/": "not valid JSON"}),
    "links": Made(_links, ("labels", "raw"), {"gone": "a link to what is not there"}),
    "older and newer images": Made(
        _old_images,
        ("first", "five", "labels", "named"),
        {"three": "level '0' has 3 axes, but the metadata name 5", "future": "it is OME-Zarr 0.6"},
    ),
    "broken images": Made(
        _broken_images,
        ("labels",),
        {"nothing": "at least one image", "bare": "datasets.0 has no path", "text": "axes must be a list"},
    ),
    "SpatialData in zarr 2": Made(
        _spatialdata(2, "0.4-dev-spatialdata"),
        ("images/he", "labels/cells"),
        {"points/transcripts": "points", "shapes/circles": "shapes", "tables/table": "a table"},
        "labels/cells",
    ),
    "SpatialData in zarr 3": Made(
        _spatialdata(3, "0.5-dev-spatialdata"),
        ("images/he", "labels/cells"),
        {"points/transcripts": "points", "shapes/circles": "shapes", "tables/table": "a table"},
        "labels/cells",
    ),
    "plate": Made(
        _plate,
        ("B/03/0", "B/03/0/labels/nuclei"),
        {"B/03/0/tables/FOV_ROI_table": "a table", "B/03/0/tables/nuclei": "a table"},
        "B/03/0/labels/nuclei",
    ),
    "bioformats2raw": Made(_bioformats2raw, ("0", "1"), {}, None),
    "a folder without an ending": Made(_beside(3, "raw", IDS.astype(np.uint8)), ("labels", "raw"), ending=""),
    "CREMI": Made(
        _cremi,
        ("volumes/labels/neuron_ids", "volumes/raw"),
        {
            "annotations/comments/comments": "text",
            "annotations/comments/target_ids": "CREMI",
            "annotations/ids": "CREMI",
            "annotations/locations": "CREMI",
            "annotations/presynaptic_site/partners": "CREMI",
            "annotations/types": "text",
        },
        "volumes/labels/neuron_ids",
        ".hdf",
    ),
    "kinds of HDF5": Made(
        _hdf5_kinds,
        ("labels",),
        {
            "complex": "complex",
            "empty": "empty",
            "line": "one axis",
            "nothing": "empty",
            "number": "a single number",
            "packed": "filter 32099",
            "parts": "parts of it lie in missing.h5, which is not there",
            "pointer": "objects or text",
            "table": "a table with the columns id, area",
            "text": "text",
        },
        ending=".h5",
    ),
    "links of HDF5": Made(
        _hdf5_links,
        ("entry/detector/labels", "entry/outside"),
        {"entry/gone": "a link to /nowhere, which", "entry/missing": "a link to /mask in missing.h5, which"},
        "entry/detector/labels",
        ".h5",
    ),
    "pictures": Made(_pictures, ("0",), {"1": "colours"}, "0", ".tif"),
}


def made(folder: Path) -> Iterator[tuple[Path, Made]]:
    """All containers, written into `folder`."""
    for name, container in CONTAINERS.items():
        path = folder / (name.replace(" ", "_") + container.ending)
        container.make(path)
        yield path, container
