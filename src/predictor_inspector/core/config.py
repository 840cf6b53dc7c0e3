"""Predictor configurations from and to dictionaries, YAML and Python; single values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.registry import Extensions, derived_from, nearest

T = TypeVar("T")

CONFIG_FILES = (".yaml", ".yml", ".json")
"""Endings of what `config_from_file` reads, where a kind or a preset may be named instead."""

_LINE_LENGTH = 88  # of Python snippets, as most formatters have it

PREDICTORS: Extensions[type[Predictor]] = derived_from(
    Predictor,
    noun="predictor",
    group="predictor_inspector.predictors",
    built_in={
        "affinities": "predictor_inspector.core.predictors.affinities:AffinitiesPredictor",
        "distance": "predictor_inspector.core.predictors.distance:DistancePredictor",
        "hot_distance": "predictor_inspector.core.predictors.hot_distance:HotDistancePredictor",
        "inner_distance": "predictor_inspector.core.predictors.inner_distance:InnerDistancePredictor",
        "boundary": "predictor_inspector.core.predictors.boundary:BoundaryPredictor",
        "cellpose_flows": "predictor_inspector.core.predictors.cellpose_flows:CellposeFlowsPredictor",
        "stardist": "predictor_inspector.core.predictors.stardist:StarDistPredictor",
        "one_hot": "predictor_inspector.core.predictors.one_hot:OneHotPredictor",
        "dummy": "predictor_inspector.core.predictors.dummy:DummyPredictor",
    },
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
    """The predictor for a configuration such as ``{"kind": "affinities", "neighborhood": [[0, 1], [1, 0]], …}``.

    Parameters left out keep their defaults.

    Raises
    ------
    ValueError
        If the kind or a parameter is unknown (the message suggests the nearest), a required one is missing, or a value is
        not of the right type or out of bounds.
    """
    return made_from_config(PREDICTORS, config)


def predictor_to_config(predictor: Predictor) -> dict[str, Any]:
    """The configuration that describes `predictor`, of plain lists, numbers and strings: fit for YAML and JSON."""
    return config_of(PREDICTORS, predictor)


def made_from_config(extensions: Extensions[type[T]], config: object) -> T:
    """What a configuration describes, of one kind of extensions that are dataclasses; errors as `predictor_from_config`."""
    noun = extensions.noun
    if not isinstance(config, dict) or not isinstance(kind := config.get("kind"), str):
        raise ValueError(
            f"a {noun}'s configuration needs the key 'kind', one of {', '.join(extensions.names())}; got {config!r}"
        )
    values = {key: value for key, value in config.items() if key != "kind"}
    cls = extensions.load(kind)
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


def config_of(extensions: Extensions[type[T]], thing: T) -> dict[str, Any]:
    """The configuration that describes an instance of one of the extensions, see `predictor_to_config`."""
    cls = type(thing)
    return {"kind": extensions.name_of(cls), **{p.name: _plain(getattr(thing, p.name)) for p in parameters_of(cls)}}


def predictor_from_yaml(text: str) -> Predictor:
    """The predictor that a YAML (or JSON) document describes; errors as `predictor_from_config`, and for broken YAML."""
    return predictor_from_config(config_from_yaml(text))


def predictor_to_yaml(predictor: Predictor) -> str:
    """`predictor`'s configuration as YAML, with short lists on one line."""
    return config_to_yaml(predictor_to_config(predictor))


def predictor_to_python(predictor: Predictor) -> str:
    """Python that makes `predictor`: an import and an assignment that names what differs from its default."""
    cls = type(predictor)
    core = __name__.rpartition(".")[0]
    module = core if cls.__module__.startswith(f"{core}.") else cls.__module__
    arguments = [
        f"{p.name}={getattr(predictor, p.name)!r}"
        for p in parameters_of(cls)
        if p.required or getattr(predictor, p.name) != p.default
    ]
    call = f"predictor = {cls.__name__}({', '.join(arguments)})"
    if len(call) > _LINE_LENGTH:
        call = f"predictor = {cls.__name__}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    return f"from {module} import {cls.__name__}\n\n{call}\n"


def config_to_yaml(config: Mapping[str, Any]) -> str:
    """A configuration as YAML, with short lists on one line."""
    import yaml

    # Of numbers and names alone, yaml would make one line.
    flow = None if any(isinstance(value, (list, dict)) for value in config.values()) else False
    return str(yaml.safe_dump(dict(config), sort_keys=False, default_flow_style=flow, width=110))


def config_from_yaml(text: str, source: str = "the configuration") -> dict[str, Any]:
    """A configuration dictionary from YAML or JSON; ``ValueError`` if it is broken, with line and column, or no mapping."""
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


def config_from_file(file: Path, noun: str = "configuration") -> dict[str, Any]:
    """A dictionary from a YAML or JSON file; errors as `config_from_yaml`, and a ``FileNotFoundError``."""
    return config_from_yaml(text_of(file, noun), str(file))


def text_of(file: Path, noun: str = "configuration") -> str:
    """What a file of text says; ``FileNotFoundError`` if there is none, ``ValueError`` if it isn't text."""
    file = file.expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"the {noun} {file} is {'no file' if file.exists() else 'not there'}")
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not valid YAML: it is not text in UTF-8") from error


def parsed_values(texts: Sequence[str], kind_option: str = "--predictor") -> dict[str, Any]:
    """``["lsds=false", "channels=[a, b]"]`` as a dictionary, later ones winning; ``ValueError`` for anything else.

    The kind isn't set so: the message names the option or argument that does.
    """
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ValueError(f"a value is set with key=value, such as lsds=false, got {text!r}")
        if key == "kind":
            raise ValueError(f"the kind is not a parameter; choose it with {kind_option}")
        # In a document of its own an empty value would be no mapping, and an error's column would be another.
        values[key] = config_from_yaml(f"value: {value}", f"the value of {key}, {value!r},")["value"]
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
