"""`Session`: everything that makes up an inspection but the data themselves, kept in a YAML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

from funlib.geometry import Roi
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import config_from_yaml, predictor_from_config
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.data.lengths import exact
from predictor_inspector.data.source import Source, open_input
from predictor_inspector.data.units import unit_factor
from predictor_inspector.inspection.engine.run import Request

VERSION = 1
"""Of what is written; another one whenever older readers would misread it."""

ViewName = Literal["target", "weight", "target RGB"]


class _Part(BaseModel):
    """A part of a session: nothing unknown, nothing of the wrong type, and no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


class Origin(_Part):
    """Where an array comes from.

    Attributes
    ----------
    path : str or None
        A file or container; None for data that never were in one.
    name : str or None
        The array in it.
    layer : str or None
        What the layer was called that showed it.
    """

    path: str | None = None
    name: str | None = None
    layer: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Origin:
        if self.path is None and self.layer is None:
            raise ValueError("needs a path, or the name of a layer")
        return self


class Data(_Part):
    """What was inspected.

    Attributes
    ----------
    ground_truth, mask : Origin
        Ids, and where they are known; no mask for everywhere.
    index : dict of str to int
        Positions on further axes: ``{"t": 3}``.
    axes : dict or None
        How many axes are spatial, and whether the first is time, where the file doesn't tell.
    """

    ground_truth: Origin
    mask: Origin | None = None
    index: dict[str, int] = Field(default_factory=dict)
    axes: Axes | None = None


class Axes(_Part):
    """A reading of an array's axes."""

    spatial: int = Field(ge=1)
    time: bool = False


class Region(_Part):
    """Where it was inspected; coordinates are in `unit`, and `begin` and `end` are corners.

    Attributes
    ----------
    mode : str
        ``"view"``, ``"box"`` or ``"layer"``.
    begin, end : tuple of float or None
        The region that was inspected last.
    unit : str
        Of all coordinates.
    thickness : int
        In slices.
    position : int or None
        Which of the training positions was looked at.
    """

    mode: Literal["view", "box", "layer"] = "layer"
    begin: tuple[float, ...] | None = None
    end: tuple[float, ...] | None = None
    unit: str = "nm"
    thickness: int = Field(default=1, ge=1)
    position: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _is_a_box(self) -> Region:
        if (self.begin is None) != (self.end is None):
            raise ValueError("needs both begin and end, or neither")
        if self.begin is not None and self.end is not None:
            if len(self.begin) != len(self.end):
                raise ValueError(f"begin has {len(self.begin)} numbers, but end has {len(self.end)}")
            if any(b >= e for b, e in zip(self.begin, self.end, strict=True)):
                raise ValueError(f"end must lie beyond begin on every axis, got {self.begin} and {self.end}")
        return self

    @classmethod
    def of(cls, roi: Roi, grid: Array, **other: Any) -> Region:
        """A region in the counts of `grid` as one in its unit."""
        begin, end = (tuple(float(n / grid.subdivision) for n in corner) for corner in (roi.begin, roi.end))
        return cls(begin=begin, end=end, unit=grid.unit, **other)

    def roi(self, grid: Array) -> Roi | None:
        """The region on the voxels of `grid`, exactly; None where none is given.

        Raises
        ------
        ValueError
            If it has another number of axes, can't be converted, or lies outside the data.
        """
        if self.begin is None or self.end is None:
            return None
        if len(self.begin) != grid.dims:
            raise ValueError(f"the region has {len(self.begin)} axes, but the ground truth has {grid.dims}")
        factor = unit_factor(self.unit, grid.unit, "region") * grid.subdivision
        begin, end = ([exact(n) * factor for n in corner] for corner in (self.begin, self.end))
        slices = []
        for axis, n in enumerate(grid.spatial_shape):
            # Data of another voxel size than then have their faces elsewhere: the nearest are taken.
            low, high = (round((e - grid.offset[axis]) / grid.voxel_size[axis]) for e in (begin[axis], end[axis]))
            slices.append(slice(max(0, low), min(n, max(high, low + 1))))
        if any(s.start >= s.stop for s in slices):
            raise ValueError(
                f"the region {self.begin} to {self.end} {self.unit} lies outside the ground truth; its data are others than "
                "those that the session was saved with"
            )
        return grid.roi_of(slices)


class Compute(_Part):
    """How it was computed; as `Request` has it."""

    device: str = "auto"
    outside: Literal["clip", "zero"] = "clip"
    balance_over: Literal["roi", "context"] = "roi"


class Camera(_Part):
    """What the viewer's camera looked at."""

    center: tuple[float, ...]
    zoom: float = Field(gt=0)
    angles: tuple[float, float, float] = (0.0, 0.0, 90.0)


class Look(_Part):
    """How a layer was shown."""

    visible: bool = True
    opacity: float = Field(default=1.0, ge=0, le=1)
    contrast_limits: tuple[float, float] | None = None
    gamma: float | None = Field(default=None, gt=0)
    colormap: str | None = None


class Display(_Part):
    """How it was shown.

    Attributes
    ----------
    view : str or None
        ``"target"``, ``"weight"`` or ``"target RGB"``.
    channel : int
        The channel shown.
    ndisplay : int
        2 or 3.
    point : tuple of float
        Where the viewer's sliders were.
    camera : Camera or None
        Position, zoom and angles.
    layers : dict of str to Look
        By the layers' names.
    """

    view: ViewName | None = None
    channel: int = Field(default=0, ge=0)
    ndisplay: Literal[2, 3] = 2
    point: tuple[float, ...] = ()
    camera: Camera | None = None
    layers: dict[str, Look] = Field(default_factory=dict)


class Session(_Part):
    """Data reference, predictor, region, display and notes; paths are absolute in memory.

    Attributes
    ----------
    data : Data
        What was inspected.
    predictor : dict
        Its configuration.
    region, compute, display
        Where, how, and how it was shown.
    notes : str
        Free text.
    """

    data: Data
    predictor: dict[str, Any]
    region: Region = Field(default_factory=Region)
    compute: Compute = Field(default_factory=Compute)
    display: Display = Field(default_factory=Display)
    notes: str = ""

    @property
    def inputs(self) -> dict[str, str]:
        """Where ground truth and mask come from, for a person."""
        origins = {"ground truth": self.data.ground_truth, "annotated": self.data.mask}
        return {
            role: " : ".join(part for part in (origin.path, origin.name) if part)
            for role, origin in origins.items()
            if origin is not None
        }

    def opened(self) -> Source:
        """Ground truth and mask, from their files.

        Raises
        ------
        ValueError, FileNotFoundError
            If one can't be opened, or never was in a file.
        """
        gt = _open(self.data.ground_truth, "ground truth")
        mask = None if self.data.mask is None else _open(self.data.mask, "mask")
        return Source(gt, mask).at(self.data.index)

    def request(self) -> Request:
        """What to inspect, and how; errors as `opened`."""
        source, c = self.opened(), self.compute
        roi = None if self.region.mode == "layer" else self.region.roi(source.gt)
        return Request(predictor_from_config(self.predictor), source, roi, c.device, c.outside, c.balance_over)


def save_session(path: str | os.PathLike[str], session: Session) -> Path:
    """Write a session; paths below the same folder as `path` become relative to it.

    Raises
    ------
    OSError
        If it can't be written; what was there stays.
    """
    import yaml

    path = Path(path).absolute()
    content = {"version": VERSION, **_relative(session, path.parent).model_dump(mode="json", exclude_none=True)}
    text = yaml.dump(content, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=110)
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8")
    return path


def load_session(path: str | os.PathLike[str]) -> Session:
    """Read a session; its paths become absolute.

    Raises
    ------
    FileNotFoundError
        If there is no file at `path`.
    ValueError
        If it is no session, or one of a newer version, or something in it is wrong; the message names the file and
        the place in it.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise FileNotFoundError(f"the session {path} is {'no file' if path.exists() else 'not there'}")
    try:
        content = config_from_yaml(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not valid YAML: it is not text in UTF-8") from error
    version = content.pop("version", None)
    if not isinstance(version, int) or "data" not in content:
        raise ValueError(f"{path} is no saved session: it needs a version and the keys data and predictor")
    if version > VERSION:
        raise ValueError(f"{path} is of version {version}; this program reads up to {VERSION}: a newer one is needed")
    try:
        session = Session.model_validate(content)
        predictor_from_config(session.predictor)
    except ValidationError as error:
        raise ValueError(f"{path}: {_sentence(error)}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return _with_paths(session, lambda p: os.path.normpath(path.parent / p))


def _open(source: Origin, role: str) -> Array:
    if source.path is None:
        raise ValueError(
            f"the {role} was the layer {source.layer!r}, which never was in a file; open it in napari, then load the session"
        )
    return open_input(source.path, source.name)


def _relative(session: Session, folder: Path) -> Session:
    def relative(path: str) -> str:
        full = os.path.abspath(path)
        with suppress(ValueError):  # on another drive
            if os.path.commonpath([full, folder]) not in (folder.anchor, str(Path.home())):
                return Path(os.path.relpath(full, folder)).as_posix()
        return full

    return _with_paths(session, relative)


S = TypeVar("S", Origin, Origin | None)


def _with_paths(session: Session, change: Any) -> Session:
    def changed(source: S) -> S:
        if source is None or source.path is None:
            return source
        return source.model_copy(update={"path": change(source.path)})

    data = session.data
    new = {"ground_truth": changed(data.ground_truth), "mask": changed(data.mask)}
    return session.model_copy(update={"data": data.model_copy(update=new)})


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"there is nothing called {place}"
    if first["type"] == "missing":
        return f"{place} is missing"
    got = "" if isinstance(first["input"], Mapping) else f", got {first['input']!r}"
    return f"{place}: {message[:1].lower()}{message[1:]}{got}"


def _dumper() -> Any:
    """Short lists on one line, text of several lines as such."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    def sequence(dumper: Any, value: list[Any]) -> Any:
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)

    Dumper.add_representer(str, text)
    Dumper.add_representer(list, sequence)
    return Dumper
