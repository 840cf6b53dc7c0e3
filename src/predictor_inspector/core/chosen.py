"""A command's predictor: from a kind, a preset, a file and single values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import (
    parsed_values,
    predictor_class,
    predictor_from_config,
    predictor_kinds,
    text_of,
)
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.registry import nearest
from predictor_inspector.core.tools import Grid, Reading, read_configuration


@dataclass(frozen=True)
class Choice:
    """A predictor, the parameters whose values had to be assumed, and notes on what was read."""

    predictor: Predictor
    assumed: Mapping[str, Any]
    notes: tuple[str, ...]


def chosen_predictor(
    gt: Array,
    kind: str | None = None,
    config_file: str | Path | None = None,
    preset: str | None = None,
    values: Sequence[str] = (),
) -> Choice:
    """A command's predictor, from a preset, a file and single values, later ones winning.

    The file, ours or another tool's (see `read_configuration`), may have the kind too. `values` are ``key=value`` each, the
    value in YAML. Required parameters that aren't given are assumed to be the predictor's starting values for `gt`.

    Raises
    ------
    FileNotFoundError
        If `config_file` isn't a file.
    ValueError
        If kind, preset, a parameter or a value is unknown or doesn't fit, or the file's kind is another than `kind`.
    """
    read = Reading({}, "") if config_file is None else read_configuration_file(config_file, gt, kind)
    config = dict(read.config or {})
    in_file = config.pop("kind", None)
    if kind is not None and in_file is not None and kind != in_file:
        raise ValueError(f"{config_file} is for the predictor {in_file!r}, but {kind!r} was asked for")
    if kind is None and in_file is None:
        raise ValueError(f"a predictor is needed, one of {', '.join(predictor_kinds())}")
    kind = str(in_file if kind is None else kind)
    cls = predictor_class(kind)
    given = {**_preset(cls, kind, preset), **config, **parsed_values(values)}
    start = cls.starting_values(gt)
    assumed = {
        p.name: start[p.name] for p in parameters_of(cls) if p.required and p.name in start and p.name not in given
    }
    return Choice(predictor_from_config({"kind": kind, **assumed, **given}), assumed, read.told(str(config_file)))


def read_configuration_file(file: str | Path, gt: Array | None = None, kind: str | None = None) -> Reading:
    """What a configuration file holds, see `read_configuration`; ``FileNotFoundError`` if there is none."""
    return read_configuration(text_of(Path(file)), str(file), None if gt is None else grid_of(gt), kind)


def grid_of(gt: Array, name: str = "target") -> Grid:
    """The voxels of ground truth, as configurations of other tools need to know them."""
    return Grid(tuple(map(float, gt.physical_voxel_size)), gt.unit, name)


def _preset(cls: type[Predictor], kind: str, name: str | None) -> Mapping[str, Any]:
    if name is None:
        return {}
    if name not in cls.presets:
        raise ValueError(f"{kind} has no preset {name!r}{nearest(name, cls.presets or ['none'])}")
    return cls.presets[name]
