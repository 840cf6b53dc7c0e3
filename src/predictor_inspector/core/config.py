"""Predictors by name: configurations as dictionaries and YAML, and other people's predictors through entry points."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.registry import Extensions, nearest

PREDICTORS: Extensions[type[Predictor]] = Extensions(
    noun="predictor",
    group="predictor_inspector.predictors",
    built_in={
        "affinities": "predictor_inspector.core.predictors.affinities:AffinitiesPredictor",
        "distance": "predictor_inspector.core.predictors.distance:DistancePredictor",
        "hot_distance": "predictor_inspector.core.predictors.hot_distance:HotDistancePredictor",
        "inner_distance": "predictor_inspector.core.predictors.inner_distance:InnerDistancePredictor",
        "one_hot": "predictor_inspector.core.predictors.one_hot:OneHotPredictor",
        "dummy": "predictor_inspector.core.predictors.dummy:DummyPredictor",
    },
    is_valid=lambda found: isinstance(found, type) and issubclass(found, Predictor) and dataclasses.is_dataclass(found),
    requirement="a dataclass derived from Predictor",
)


def predictor_kinds() -> tuple[str, ...]:
    """The names of all predictors that can be made: the built-in ones first, then installed packages' by name."""
    return PREDICTORS.names()


def predictor_class(kind: str) -> type[Predictor]:
    """The predictor class called `kind`; errors as `Extensions.load`."""
    return PREDICTORS.load(kind)


def kind_of(predictor: Predictor) -> str:
    """The name under which `predictor`'s class is registered; ``ValueError`` if it isn't."""
    return PREDICTORS.name_of(type(predictor))


def predictor_from_config(config: dict[str, Any]) -> Predictor:
    """The predictor that a configuration describes.

    Parameters
    ----------
    config : dict
        ``{"kind": "affinities", "neighborhood": [[0, 1], [1, 0]], …}``; parameters left out keep their defaults.

    Raises
    ------
    ValueError
        If the kind or a parameter is unknown (the message suggests the nearest), a required one is missing, or a value is
        not of the right type or out of bounds.
    """
    if not isinstance(config, dict) or "kind" not in config:
        raise ValueError(
            f"a predictor's configuration needs the key 'kind', one of {', '.join(predictor_kinds())}; got {config!r}"
        )
    values = {key: value for key, value in config.items() if key != "kind"}
    kind = config["kind"]
    if not isinstance(kind, str):
        raise ValueError(f"kind must be one of {', '.join(predictor_kinds())}; got {kind!r}")
    cls = predictor_class(kind)
    parameters = {p.name: p for p in parameters_of(cls)}
    for name in values:
        if name not in parameters:
            raise ValueError(f"{kind} has no parameter {name!r}{nearest(str(name), parameters)}")
    missing = [p.name for p in parameters.values() if p.required and p.name not in values]
    if missing:
        raise ValueError(
            f"{kind} needs a value for {' and '.join(missing)}; got {', '.join(values) or 'no parameters'}"
        )
    try:
        converted = {name: parameters[name].convert(value) for name, value in values.items()}
    except ValueError as error:
        raise ValueError(f"{kind}: {error}") from error
    return cls(**converted)


def predictor_to_config(predictor: Predictor) -> dict[str, Any]:
    """The configuration that describes `predictor`, of plain lists, numbers and strings: fit for YAML and JSON."""
    values = {p.name: _plain(getattr(predictor, p.name)) for p in parameters_of(type(predictor))}
    return {"kind": kind_of(predictor), **values}


def predictor_from_yaml(text: str) -> Predictor:
    """The predictor that a YAML (or JSON) document describes; errors as `predictor_from_config`, and for broken YAML."""
    return predictor_from_config(config_from_yaml(text))


def predictor_to_yaml(predictor: Predictor) -> str:
    """`predictor`'s configuration as YAML, with short lists on one line."""
    import yaml

    return str(yaml.safe_dump(predictor_to_config(predictor), sort_keys=False, default_flow_style=None, width=110))


def config_from_yaml(text: str, source: str = "the configuration") -> dict[str, Any]:
    """A configuration dictionary from YAML or JSON.

    Raises
    ------
    ValueError
        If the text is not YAML, with line and column, or not a mapping.
    """
    import yaml

    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"{source} is not valid YAML{where}: {getattr(error, 'problem', error)}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{source} must be a mapping of parameter names to values, got {type(config).__name__}")
    return config


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
