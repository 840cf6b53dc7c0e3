"""A predictor from what a person chose: a preset, a file, single values, and what suits the data for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import config_from_yaml, predictor_class, predictor_from_config, predictor_kinds
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor


def chosen_predictor(
    gt: Array,
    kind: str | None = None,
    config_file: str | Path | None = None,
    preset: str | None = None,
    values: Sequence[str] = (),
) -> tuple[Predictor, dict[str, Any]]:
    """The predictor that somebody asked for in words.

    Parameters
    ----------
    gt : Array
        Required parameters that aren't given take the predictor's starting values for it.
    kind : str, optional
        The predictor's kind; may be left out where the file has it.
    config_file : path, optional
        A YAML or JSON file of parameters, which may have the ``kind`` too; overrides the preset.
    preset : str, optional
        One of the kind's presets.
    values : sequence of str
        ``key=value``, the value in YAML; overrides the file.

    Returns
    -------
    predictor : Predictor
        With these parameters.
    assumed : dict
        The required parameters that were not given, and the values they took.

    Raises
    ------
    FileNotFoundError
        If `config_file` isn't a file.
    ValueError
        If kind, preset, a parameter or a value is of no use, or the file's kind is another than `kind`.
    """
    config = {} if config_file is None else config_from_yaml(_text(Path(config_file)), str(config_file))
    kind = _kind(kind, config.pop("kind", None), config_file)
    cls = predictor_class(kind)
    given = {**_preset(cls, kind, preset), **config, **parsed_values(values)}
    start = cls.starting_values(gt)
    assumed = {
        p.name: start[p.name] for p in parameters_of(cls) if p.required and p.name in start and p.name not in given
    }
    return predictor_from_config({"kind": kind, **assumed, **given}), assumed


def parsed_values(texts: Sequence[str]) -> dict[str, Any]:
    """``["lsds=false", "channels=[a, b]"]`` as a dictionary; later ones win.

    Raises
    ------
    ValueError
        If one isn't ``key=value``, or its value is not YAML.
    """
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ValueError(f"a value is set with key=value, such as lsds=false, got {text!r}")
        if key == "kind":
            raise ValueError("the kind is no parameter that can be set; choose it with --predictor")
        # In a document of its own an empty value would be no mapping, and an error's column would be another.
        values[key] = config_from_yaml(f"value: {value}", f"the value of {key}, {value!r},")["value"]
    return values


def _text(file: Path) -> str:
    if not file.is_file():
        raise FileNotFoundError(f"the configuration {file} is {'no file' if file.exists() else 'not there'}")
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not valid YAML: it is not text in UTF-8") from error


def _kind(asked: str | None, in_file: Any, file: str | Path | None) -> str:
    if asked is not None and in_file is not None and asked != in_file:
        raise ValueError(f"{file} is for the predictor {in_file!r}, but {asked!r} was asked for")
    kind = asked if asked is not None else in_file
    if kind is None:
        raise ValueError(f"a predictor is needed, one of {', '.join(predictor_kinds())}")
    return str(kind)


def _preset(cls: type[Predictor], kind: str, name: str | None) -> Mapping[str, Any]:
    if name is None:
        return {}
    if name not in cls.presets:
        near = get_close_matches(name, cls.presets, n=1, cutoff=0.4)
        known = ", ".join(repr(p) for p in cls.presets) or "none"
        hint = f"did you mean {near[0]!r}?" if near else f"it has {known}"
        raise ValueError(f"{kind} has no preset {name!r}; {hint}")
    return cls.presets[name]
