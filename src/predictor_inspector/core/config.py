"""Predictors by name: configurations as dictionaries and YAML, and other people's predictors through entry points."""

from __future__ import annotations

import dataclasses
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from predictor_inspector.core.parameters import Parameter, parameters_of
from predictor_inspector.core.predictor import Predictor

ENTRY_POINT_GROUP = "predictor_inspector.predictors"

_BUILT_IN = {
    "affinities": "predictor_inspector.core.predictors.affinities:AffinitiesPredictor",
    "distance": "predictor_inspector.core.predictors.distance:DistancePredictor",
    "hot_distance": "predictor_inspector.core.predictors.hot_distance:HotDistancePredictor",
    "inner_distance": "predictor_inspector.core.predictors.inner_distance:InnerDistancePredictor",
    "one_hot": "predictor_inspector.core.predictors.one_hot:OneHotPredictor",
    "dummy": "predictor_inspector.core.predictors.dummy:DummyPredictor",
}


def predictor_kinds() -> tuple[str, ...]:
    """The names of all predictors that can be made: the built-in ones first, then installed packages' by name."""
    others = sorted(e.name for e in entry_points(group=ENTRY_POINT_GROUP) if e.name not in _BUILT_IN)
    return (*_BUILT_IN, *others)


def predictor_class(kind: str) -> type[Predictor]:
    """The predictor class called `kind`.

    Raises
    ------
    ValueError
        If there is none; the message suggests the nearest name.
    TypeError
        If an installed package registers something that isn't a predictor dataclass.
    """
    if kind in _BUILT_IN:
        module, name = _BUILT_IN[kind].split(":")
        cls: type[Predictor] = getattr(import_module(module), name)
        return cls
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        if entry_point.name == kind:
            found = entry_point.load()
            if not (isinstance(found, type) and issubclass(found, Predictor) and dataclasses.is_dataclass(found)):
                raise TypeError(
                    f"predictor {kind!r} is registered as {entry_point.value}, which is not a dataclass derived from Predictor"
                )
            return found
    raise ValueError(f"unknown predictor kind {kind!r}{_suggest(kind, predictor_kinds())}")


def kind_of(predictor: Predictor) -> str:
    """The name under which `predictor`'s class is registered."""
    cls = type(predictor)
    for kind in _BUILT_IN:
        if predictor_class(kind) is cls:
            return kind
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        # Only what may be it is loaded: one broken package doesn't stand in another's way.
        if entry_point.attr == cls.__qualname__ and predictor_class(entry_point.name) is cls:
            return entry_point.name
    raise ValueError(
        f"{cls.__name__} is not registered as a predictor; add it to the entry-point group {ENTRY_POINT_GROUP!r}"
    )


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
            raise ValueError(f"{kind} has no parameter {name!r}{_suggest(str(name), parameters)}")
    missing = [p.name for p in parameters.values() if p.required and p.name not in values]
    if missing:
        raise ValueError(
            f"{kind} needs a value for {' and '.join(missing)}; got {', '.join(values) or 'no parameters'}"
        )
    return cls(**{name: _converted(kind, parameters[name], value) for name, value in values.items()})


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


def _converted(kind: str, parameter: Parameter, value: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(parameter.annotation).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{step}]" for step in first["loc"])
        raise ValueError(f"{kind}: {parameter.name}{where}: {first['msg'].lower()}, got {first['input']!r}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value


def _suggest(name: str, known: Any) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
