"""Predictors, their parameters, arrays and channels as text."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from inspect import getdoc
from textwrap import wrap
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import (
    config_of,
    config_to_yaml,
    kind_of,
    predictor_class,
    predictor_from_config,
    predictor_to_yaml,
)
from predictor_inspector.core.networks import NETWORKS, NetworkConfig
from predictor_inspector.core.parameters import Parameter, parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.registry import ExtensionError, Extensions
from predictor_inspector.core.text import format_bytes, format_shape, format_table, format_value, listed
from predictor_inspector.data import list_contents
from predictor_inspector.data.classes import classes_in
from predictor_inspector.inspection.engine.network import NetworkFacts
from predictor_inspector.inspection.engine.statistics import STATISTICS, ChannelStatistics
from predictor_inspector.inspection.roundtrip import DECODERS

WIDTH = 100  # of a terminal, in characters
_TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text", NoneType: "null", Any: "anything"}
_UNITS = {"length": "in the data's unit of length", "voxels": "in voxels"}


def describe_kinds(kinds: Sequence[str]) -> str:
    """A line for each kind of predictor: its name and what it computes, or why it can't be loaded."""
    rows = []
    for kind in kinds:
        try:
            rows.append((kind, _summary(predictor_class(kind))))
        except ExtensionError as error:
            rows.append((kind, f"{error}."))
    return format_table(rows)


def describe_arrays(path: str | os.PathLike[str]) -> str:
    """A line for each array at or below `path`, with a header, and for all that can't be read; errors as `list_contents`."""
    contents = contents_to_json(path)
    rows = [("NAME", "HOLDS", "AXES", "SHAPE", "TYPE", "VOXEL SIZE", "OFFSET", "UNIT", "LEVELS")]
    for found in contents["arrays"]:
        rows.append(
            (
                found["name"],
                found["holds"],
                " ".join(found["axes"]),
                format_shape(found["shape"]),
                found["type"],
                format_shape(found["voxel_size"]) + (" ?" if found["doubts"] else ""),
                ", ".join(f"{o:.12g}" for o in found["offset"]),
                found["unit"],
                str(max(1, len(found["levels"]))),
            )
        )
    shown = [format_table(rows, right=[8]) if len(rows) > 1 else f"{path} holds no arrays."]
    known = [
        f"{found['name']}: {text}." for found in contents["arrays"] for text in (*found["doubts"], *found["notes"])
    ]
    shown += ["", *known] if known else []
    if left_out := contents["unreadable"]:
        shown += ["", format_table([("CAN'T BE READ", "WHY"), *((one["name"], one["reason"]) for one in left_out)])]
    classes = classes_in(path)
    if len(classes) > 1:
        shown += [
            "",
            f"Classes: {listed(classes, 12)}; --classes, or open_classes, makes channels of one array of them.",
        ]
    return "\n".join(shown)


def contents_to_json(path: str | os.PathLike[str]) -> dict[str, list[dict[str, Any]]]:
    """The same for programs: ``arrays`` and ``unreadable``, a dict for each; lengths are in its ``unit``."""
    arrays, left_out = list_contents(path)
    return {
        "arrays": [
            {
                "name": found.name,
                "holds": found.kind,
                "axes": [axis.removesuffix("^") for axis in found.array.axis_names],
                "shape": [int(n) for n in found.array.shape],
                "type": np.dtype(found.array.dtype).name,
                "voxel_size": list(found.array.physical_voxel_size),
                "offset": list(found.array.physical_offset),
                "unit": found.array.unit,
                "levels": list(found.levels),
                "doubts": list(found.array.about.doubts),
                "notes": list(found.array.about.notes),
            }
            for found in arrays
        ],
        "unreadable": [{"name": one.name, "reason": one.reason} for one in left_out],
    }


def describe_kind(kind: str) -> str:
    """Everything about one kind of predictor, network or decoder: what it is, its parameters and its presets."""
    others: tuple[Extensions[Any], ...] = (NETWORKS, DECODERS)
    cls: type[Any] = next((e.load(kind) for e in others if kind in e.names()), None) or predictor_class(kind)
    blocks = [f"{kind}: {getdoc(cls) or cls.__name__}", "Parameters"]
    parameters = parameters_of(cls)
    blocks += [_described(p) for p in parameters] or ["  none"]
    if presets := getattr(cls, "presets", {}):
        presets = [f"  {name}\n" + _indented(_flow(values), 6) for name, values in presets.items()]
        blocks += ["Presets", *presets]
    return "\n\n".join(blocks)


def template(kind: str) -> str:
    """A configuration of a predictor or decoder as commented YAML, to begin from; required parameters hold an example."""
    if kind in DECODERS.names():
        decoder = DECODERS.load(kind)
        return _commented(decoder, config_to_yaml(config_of(DECODERS, decoder())))
    cls = predictor_class(kind)
    example = Array(np.zeros((1, 1, 1), np.uint8), voxel_size=(10, 10, 10))
    start = cls.starting_values(example)
    parameters = parameters_of(cls)
    required = {p.name: start[p.name] for p in parameters if p.required and p.name in start}
    missing = [p.name for p in parameters if p.required and p.name not in start]
    if missing:
        raise ValueError(f"{kind} offers no starting values for {' and '.join(missing)}, so there is no template")
    return _commented(cls, predictor_to_yaml(predictor_from_config({"kind": kind, **required})))


def _commented(cls: type, config: str) -> str:
    """A configuration in YAML, with what it is about and what each parameter does above them."""
    comments = {p.name: p for p in parameters_of(cls)}
    lines = [f"# {line}" for line in wrap(_summary(cls), WIDTH)]
    for line in config.splitlines():
        parameter = comments.get(line.partition(":")[0])
        if parameter is not None:
            about = f"{parameter.doc} ({_facts(parameter, default=False)})".strip()
            lines += ["", *(f"# {text}" for text in wrap(about, WIDTH))]
        lines.append(line)
    return "\n".join(lines)


def describe_networks(networks: Mapping[str, NetworkConfig]) -> str:
    """A line for each network: its name, and the parameters that make it."""
    rows = []
    for name, network in networks.items():
        shown = {
            p.name: getattr(network, p.name)
            for p in parameters_of(type(network))
            if p.name == "input_shape" or getattr(network, p.name) != p.default
        }
        rows.append((name, NETWORKS.name_of(type(network)), _flow(shown)))
    return format_table(rows)


def describe_network(facts: NetworkFacts) -> str:
    """Everything about a network, and a table of valid sizes."""
    rows = [
        ("input → output", f"{format_shape(facts.input_shape)} → {format_shape(facts.output_shape)} voxels"),
        ("channels", f"{facts.in_channels} → {facts.out_channels}"),
    ]
    if any(apart != 1 for apart in facts.apart):
        apart = " × ".join(str(apart) for apart in facts.apart)
        rows.append(("output voxels", f"{apart} of the input's"))
    more, grows = (format_shape(n[side] for n in facts.steps) for side in (0, 1))
    rows.append(("valid inputs", f"{format_shape(facts.smallest)}, then {more} larger each, for {grows} of the output"))
    if facts.field:
        least, most, effective = (
            format_shape(getattr(f, name) for f in facts.field) for name in ("smallest", "largest", "effective")
        )
        before, after = (format_shape(getattr(f, name) for f in facts.field) for name in ("before", "after"))
        rows += [
            ("receptive field", f"{least if least == most else f'{least} to {most}'} voxels of the input"),
            ("any voxel sees", f"{before} voxels before its centre, {after} after it"),
            ("effective field", f"{effective} voxels, which hold half of the gradient along each axis"),
        ]
    else:
        rows.append(("receptive field", f"unknown: {facts.field_unknown}"))
    rows.append(("parameters", f"{facts.parameters:,}"))
    memory, network = facts.memory, facts.network
    if memory is None:
        rows.append(("training step", "unknown: the network can't run without values"))
    else:
        parts = [format_bytes(n) for n in (memory.parameters, memory.activations, memory.passing)]
        how = f"batch of {network.batch_size}, {'16 and 32' if network.mixed_precision else '32'} bits"
        rows += [
            ("training step", f"about {format_bytes(memory.total)} ({how})"),
            ("", f"{parts[0]} for parameters, gradients and Adam, {parts[1]} for activations, {parts[2]} in passing"),
        ]
    sizes = [(format_shape(i), format_shape(o)) for i, o in facts.sizes]
    shown = [format_table(rows)]
    return "\n\n".join([*shown, *([format_table([("INPUT", "OUTPUT"), *sizes])] if sizes else [])])


def name_of(predictor: Predictor) -> str:
    """A predictor's kind in words: ``"hot distance"``."""
    return kind_of(predictor).replace("_", " ")


def parameters_text(predictor: Predictor) -> str:
    """The parameters that say what is computed: required ones, those that differ from their defaults, and switches."""
    shown = []
    for parameter in parameters_of(type(predictor)):
        value = getattr(predictor, parameter.name)
        if parameter.required or value != parameter.default or isinstance(value, bool):
            shown.append(f"{parameter.name} = {format_value(value)}")
    return ", ".join(shown)


def statistics_table(statistics: Sequence[ChannelStatistics]) -> list[list[str]]:
    """Titles, and a row of cells for each channel of an inspection."""
    titles = ["channel", *(name.removeprefix("target ") for name in STATISTICS)]
    rows = ([s.name, *(f"{getattr(s, name):{form}}" for name, form in STATISTICS.values())] for s in statistics)
    return [titles, *rows]


def describe_channels(statistics: Sequence[ChannelStatistics]) -> str:
    """A line for each channel of an inspection, with a header."""
    titles, *rows = statistics_table(statistics)
    return format_table([[title.upper() for title in titles], *rows], right=range(1, len(titles)))


def type_name(annotation: Any) -> str:
    """A parameter's type as its YAML looks: ``"[[whole number, …], …]"``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (tuple, list) or (origin is not None and isinstance(origin, type) and issubclass(origin, Sequence)):
        if origin is tuple and arguments[-1] is not Ellipsis:
            return "[" + ", ".join(type_name(a) for a in arguments) + "]"
        return f"[{type_name(arguments[0])}, …]"
    if origin in (Union, UnionType):
        return " or ".join(type_name(a) for a in arguments)
    if origin is Literal:
        return " or ".join(repr(a) for a in arguments)
    return _TYPES.get(annotation) or str(getattr(annotation, "__name__", annotation))


def _described(parameter: Parameter) -> str:
    about = (_indented(text, 6) for text in (_facts(parameter), parameter.doc) if text)
    return "\n".join([f"  {parameter.name}", *about])


def _facts(parameter: Parameter, default: bool = True) -> str:
    facts = [type_name(parameter.annotation), _UNITS.get(parameter.unit, parameter.unit), parameter.bounds]
    if parameter.required:
        facts.append("required")
    elif default:
        facts.append(f"default {_flow(parameter.default)}")
    return ", ".join(fact for fact in facts if fact)


def _flow(value: Any) -> str:
    """A value as one line of YAML."""
    import yaml

    if isinstance(value, dict):
        return ", ".join(f"{key}: {_flow(v)}" for key, v in value.items())
    if dataclasses.is_dataclass(value) or not isinstance(value, (bool, int, float, str, list, tuple, NoneType)):
        return repr(value)
    plain = list(value) if isinstance(value, tuple) else value
    return str(yaml.safe_dump(plain, default_flow_style=True, width=10**6)).removesuffix("\n...\n").strip()


def _indented(text: str, by: int) -> str:
    return "\n".join(wrap(text, WIDTH, initial_indent=" " * by, subsequent_indent=" " * by))


def _summary(cls: type) -> str:
    """The first sentence or paragraph of a class's docstring."""
    return " ".join((getdoc(cls) or cls.__name__).split("\n\n")[0].split())
