"""`Session`: everything about an inspection but the data themselves, as a YAML file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import yaml
from funlib.geometry import Roi
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import config_from_file, made_from_config, predictor_from_config
from predictor_inspector.core.networks import network_from_config
from predictor_inspector.core.text import validation_problem
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.source import Source, open_input
from predictor_inspector.data.stores.path import is_url, shown_path
from predictor_inspector.data.units import unit_factor
from predictor_inspector.inspection.engine.network import measure
from predictor_inspector.inspection.engine.regions import Outside
from predictor_inspector.inspection.engine.run import BalanceOver, Request
from predictor_inspector.inspection.findings.review import Verdict
from predictor_inspector.inspection.loss import LOSSES, Loss
from predictor_inspector.inspection.models import model_of_any_kind
from predictor_inspector.inspection.roundtrip import DECODERS, Decoder, Imperfection

VERSION = 1
"""Of what is written; another one whenever older readers would misread it."""


class _Part(BaseModel):
    """A part of a session: nothing unknown, nothing of the wrong type, and no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Origin(_Part):
    """Where an array comes from: `path` of a file or container, and its `name` in that; `layer` is the one that showed it.

    Data that never were in a file have no path. `axes` are those that it was opened with, if not with what the file says.
    """

    path: str | None = None
    name: str | None = None
    layer: str | None = None
    axes: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Origin:
        if self.path is None and self.layer is None:
            raise ValueError("needs a path, or the name of a layer")
        return self

    def opened(self, role: str) -> Array:
        """The array; a ``ValueError`` that names its role if it never was in a file."""
        if self.path is None:
            raise ValueError(
                f"the {role} was the layer {self.layer!r}, which never was in a file; open it in napari, then load the session"
            )
        return open_input(self.path, self.name, self.axes)


class AxesReading(_Part):
    """How many of an array's axes are spatial, and whether the first is time."""

    spatial: int = Field(ge=1)
    time: bool = False


class Data(_Part):
    """What was inspected: ids, where they are annotated, and what the network sees; no mask for everywhere.

    `others` were shown with them, the lowest first. `index` has positions on further axes, ``{"t": 3}``; `axes` are given
    where the file doesn't say.
    """

    ground_truth: Origin
    mask: Origin | None = None
    raw: Origin | None = None
    others: tuple[Origin, ...] | None = None
    index: dict[str, int] = Field(default_factory=dict)
    axes: AxesReading | None = None


class Region(_Part):
    """Where it was inspected: corners of the last region, in `unit`, and its thickness in slices.

    `position` is the number of the training position that was shown, if one was; `follows_slice`: whether a box moves along
    to the slice that is shown.
    """

    mode: Literal["view", "box", "layer"] = "layer"
    begin: tuple[float, ...] | None = None
    end: tuple[float, ...] | None = None
    unit: str = "nm"
    thickness: int = Field(default=1, ge=1)
    follows_slice: bool | None = None
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

        A ``ValueError`` if it has another number of axes, can't be converted, or lies outside the data.
        """
        if self.begin is None or self.end is None:
            return None
        if len(self.begin) != grid.dims:
            raise ValueError(f"the region has {len(self.begin)} axes, but the ground truth has {grid.dims}")
        factor = unit_factor(self.unit, grid.unit, "region") * grid.subdivision
        slices = []
        for corners, first, voxel, n in zip(
            zip(self.begin, self.end, strict=True), grid.offset, grid.voxel_size, grid.spatial_shape, strict=True
        ):
            # In data of another voxel size than before, the nearest faces are taken.
            low, high = (round((exact(corner) * factor - first) / voxel) for corner in corners)
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
    outside: Outside = "clip"
    balance_over: BalanceOver = "roi"


class Camera(_Part):
    """The viewer's camera."""

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
    """How it was shown: `point` is where the viewer's sliders were, and `layers` has looks by the layers' names.

    `view` is the result on the canvas, "off" for none; nothing is said of it by the first sessions that showed none.
    """

    view: Literal["off", "target", "weight", "target RGB"] | None = None
    drawn_as: Literal["boundaries", "loss"] | None = None
    opacity: float | None = Field(default=None, ge=0, le=1)
    colour_bars: bool | None = None
    panes: bool | None = None
    network_boxes: bool | None = None
    channel: int = Field(default=0, ge=0)
    ndisplay: Literal[2, 3] = 2
    point: tuple[float, ...] = ()
    camera: Camera | None = None
    layers: dict[str, Look] = Field(default_factory=dict)


class Judgement(_Part):
    """How networks are judged: predictions, the loss, and decoder and imperfection of round trips, as configurations.

    `logits` says whether predictions are before the sigmoid; `versus` is the one that `prediction` is compared with. `models`
    has, in place of either, a trained model: its path and those of its parameters that were set.
    """

    prediction: Origin | None = None
    versus: Origin | None = None
    models: dict[Literal["prediction", "versus"], dict[str, Any]] | None = None
    logits: bool = False
    loss: dict[str, Any] | None = None
    decoder: dict[str, Any] | None = None
    imperfection: dict[str, float] | None = None

    def check(self) -> None:
        """Raise a ``ValueError`` if a configuration is wrong. Nothing is opened, no model run."""
        for model in (self.models or {}).values():
            model_of_any_kind(model)
        self.made_loss()
        self.made_decoder()
        self.made_imperfection()

    def made_loss(self) -> Loss | None:
        """The loss, if one is given."""
        return None if self.loss is None else made_from_config(LOSSES, self.loss)

    def made_decoder(self) -> Decoder | None:
        """The decoder, if one is given."""
        return None if self.decoder is None else made_from_config(DECODERS, self.decoder)

    def made_imperfection(self) -> Imperfection:
        """What is done to a target before it is decoded; the seed as a whole number."""
        values: dict[str, Any] = self.imperfection or {}
        return Imperfection(**{name: int(value) if name == "seed" else value for name, value in values.items()})


class Session(_Part):
    """Data reference, predictor's configuration, region, display and notes; paths are absolute in memory.

    `compared_with` is the predictor of the result that was kept as A, `network` the one that is trained; `review` has the
    findings that were listed, with what was made of them.
    """

    data: Data
    predictor: dict[str, Any]
    compared_with: dict[str, Any] | None = None
    network: dict[str, Any] | None = None
    region: Region = Field(default_factory=Region)
    compute: Compute = Field(default_factory=Compute)
    judgement: Judgement | None = None
    display: Display = Field(default_factory=Display)
    notes: str = ""
    review: tuple[Verdict, ...] | None = None

    @property
    def inputs(self) -> dict[str, str]:
        """Where ground truth, mask and raw data come from, in words."""
        origins = {"ground truth": self.data.ground_truth, "annotated": self.data.mask, "raw data": self.data.raw}
        return {
            role: " : ".join(part for part in (origin.path, origin.name) if part)
            for role, origin in origins.items()
            if origin is not None
        }

    def opened(self) -> Source:
        """Ground truth, mask and raw data, from their files.

        A ``ValueError`` or ``FileNotFoundError`` if one can't be opened, or never was in a file.
        """
        gt, mask, raw = self.data.ground_truth.opened("ground truth"), self.data.mask, self.data.raw
        beside = (None if o is None else o.opened(role) for o, role in ((mask, "mask"), (raw, "raw data")))
        return Source(gt, *beside).at(self.data.index)

    def request(self) -> Request:
        """What to inspect, and how; errors as `opened`. A network is measured, unless that would run other people's code."""
        source, c = self.opened(), self.compute
        roi = None if self.region.mode == "layer" else self.region.roi(source.gt)
        predictor = predictor_from_config(self.predictor)
        network = None if self.network is None else network_from_config(self.network)
        # Code that somebody else's session names isn't run.
        facts = None if network is None or network.runs_code else measure(network, predictor)
        return Request(predictor, source, roi, c.device, c.outside, c.balance_over, network=facts)


def save_session(path: str | os.PathLike[str], session: Session) -> Path:
    """Write a session; paths below the same folder as `path` become relative to it.

    Raises
    ------
    OSError
        If it can't be written; what was there stays.
    """
    path = Path(path).expanduser().absolute()

    def relative(p: str) -> str:
        full = shown_path(p)
        if is_url(full):
            return full
        with suppress(ValueError):  # on another drive
            if os.path.commonpath([full, path.parent]) not in (path.anchor, str(Path.home())):
                return Path(os.path.relpath(full, path.parent)).as_posix()
        return full

    content = {"version": VERSION, **session.model_dump(mode="json", exclude_none=True, exclude={"review"})}
    _change_paths(content, relative)
    text = _as_yaml(content, width=110)
    if session.review:
        # Last, and a line for each, however many there are.
        text += "review:\n"
        for verdict in session.review:
            text += "- " + _as_yaml(_Line(verdict.model_dump(mode="json", exclude_defaults=True)), width=1 << 20)
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
    path = Path(path).expanduser().absolute()
    content = config_from_file(path, "session")
    version = content.pop("version", None)
    if not isinstance(version, int) or "data" not in content:
        raise ValueError(f"{path} is no saved session: it needs a version and the keys data and predictor")
    if version > VERSION:
        raise ValueError(f"{path} is of version {version}; this program reads up to {VERSION}: a newer one is needed")
    _change_paths(content, lambda p: shown_path(p if is_url(p) else path.parent / p))
    try:
        session = Session.model_validate(content)
        for config in filter(None, (session.predictor, session.compared_with)):
            predictor_from_config(config)
        if session.judgement is not None:
            session.judgement.check()
        if session.network is not None:
            network_from_config(session.network)  # which imports nothing
    except ValueError as error:
        raise ValueError(
            f"{path}: {validation_problem(error) if isinstance(error, ValidationError) else error}"
        ) from error
    return session


def _change_paths(content: dict[str, Any], change: Callable[[str], str]) -> None:
    """Change the paths of a session's content in place; of a file that may hold anything, those that are text."""
    data = content["data"] if isinstance(content["data"], dict) else {}
    others = data.get("others")
    judgement = content["judgement"] if isinstance(content.get("judgement"), dict) else {}
    origins = [
        judgement.get("prediction"),
        judgement.get("versus"),
        data.get("ground_truth"),
        data.get("mask"),
        data.get("raw"),
        *(others if isinstance(others, list) else ()),
    ]
    models = judgement.get("models")
    origins += (
        [] if not isinstance(models, dict) else [m for m in models.values() if isinstance(m, dict) and _in_file(m)]
    )
    for origin in origins:
        if isinstance(origin, dict) and isinstance(origin.get("path"), str):
            origin["path"] = change(origin["path"])


def _in_file(model: dict[str, Any]) -> bool:
    """Whether a model's path leads to a file, not to a module that is found by its name."""
    path = str(model.get("path"))
    return ":" not in path[2:] or ".py:" in path


class _Line(dict[str, Any]):
    """What is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes lists on one line, and text of several lines as such."""


def _as_yaml(content: dict[str, Any], width: int) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
    return text


_Dumper.add_representer(list, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, True))
_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)
)
_Dumper.add_representer(
    _Line, lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True)
)
