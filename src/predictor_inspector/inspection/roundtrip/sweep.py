"""Sweep of one parameter: the scores of a round trip for each of its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from predictor_inspector.core.config import config_from_yaml
from predictor_inspector.core.parameters import Parameter, parameters_of
from predictor_inspector.core.registry import nearest
from predictor_inspector.core.result_cache import ResultCache
from predictor_inspector.core.text import amount, format_error
from predictor_inspector.inspection.engine.run import Inspection, Progress, Request, run
from predictor_inspector.inspection.roundtrip.decoder import Decoder
from predictor_inspector.inspection.roundtrip.degrade import Imperfection
from predictor_inspector.inspection.roundtrip.round_trip import PERFECT, round_trip
from predictor_inspector.inspection.roundtrip.scores import Scores

Owner = Literal["predictor", "decoder", "imperfection"]


@dataclass(frozen=True)
class SweepPoint:
    """One value of the parameter, in words too, and the scores against ids; none, and why, if it isn't possible."""

    value: Any
    label: str
    scores: Scores | None
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        scores = None if self.scores is None else self.scores.as_dict()
        return {"value": self.value, "label": self.label, "scores": scores, "problem": self.problem}


@dataclass(frozen=True)
class SweepPlan:
    """A parameter of the predictor, the decoder or the imperfection, and the values to try in order."""

    owner: Owner
    parameter: Parameter
    values: tuple[Any, ...]


def planned_sweep(text: str, request: Request, decoder: Decoder, imperfection: Imperfection = PERFECT) -> SweepPlan:
    """The sweep that a text means: ``scale_factor=20:200:7`` for seven values from 20 to 200, or ``bias=0.3,0.5,0.9``.

    Whole numbers are rounded, and tried once each. Of a parameter that holds offsets, its name alone means its first offset,
    its first two, and so on. A ``ValueError`` if there is no such parameter or value, or the target doesn't depend on it.
    """
    name, equals, values = (part.strip() for part in text.partition("="))
    owners: dict[Owner, Any] = {"predictor": request.predictor, "decoder": decoder, "imperfection": imperfection}
    for owner, thing in owners.items():
        for parameter in parameters_of(type(thing)):
            if parameter.name != name:
                continue
            if parameter.affects != "target":
                raise ValueError(f"the target doesn't depend on {name}; sweep a parameter that it depends on")
            if not equals and parameter.holds_offsets:
                offsets = getattr(thing, name)
                return SweepPlan(owner, parameter, tuple(offsets[: k + 1] for k in range(len(offsets))))
            return SweepPlan(owner, parameter, _values(values, parameter))
    known = [p.name for thing in owners.values() for p in parameters_of(type(thing))]
    raise ValueError(f"there is no parameter {name!r} to sweep{nearest(name, known)}")


def sweep(
    inspection: Inspection,
    decoder: Decoder,
    plan: SweepPlan,
    imperfection: Imperfection = PERFECT,
    progress: Progress | None = None,
) -> Iterator[SweepPoint]:
    """Make a round trip for each value; the target is computed anew only where it depends on the parameter.

    `progress` is as in `round_trip`. Yields each point as soon as it is known.
    """
    cache = ResultCache()
    for value in plan.values:
        change: dict[str, Any] = {plan.parameter.name: value}
        try:
            here, used, degraded = inspection, decoder, imperfection
            if plan.owner == "predictor":
                predictor: Any = inspection.request.predictor
                here = run(replace(inspection.request, predictor=replace(predictor, **change)), progress, cache)
            elif plan.owner == "decoder":
                used = replace(decoder, **change)  # type: ignore[type-var]
            else:
                degraded = replace(imperfection, **change)
            scores = round_trip(here, used, degraded, progress).scores
        except ValueError as error:
            yield SweepPoint(value, _label(value), None, format_error(error))
        else:
            yield SweepPoint(value, _label(value), scores)


def _values(text: str, parameter: Parameter) -> tuple[Any, ...]:
    example = f"such as {parameter.name}=1:5:3 (first, last and number of values) or {parameter.name}=1,2,4"
    if not text:
        raise ValueError(f"a sweep needs values, {example}")
    parts = text.split(":")
    if len(parts) == 3:
        try:
            first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
        except ValueError:
            raise ValueError(f"a sweep's range is made of numbers, {example}; got {text!r}") from None
        if not 2 <= count <= 1000:
            raise ValueError(f"a sweep has 2 to 1,000 values, got {count}")
        found: Sequence[Any] = [float(f"{v:.6g}") for v in np.linspace(first, last, count)]
        if parameter.plain_type is int:
            found = [round(v) for v in found]
    elif len(parts) == 1:
        found = config_from_yaml(f"values: [{text}]", f"the values of {parameter.name}, {text!r},")["values"]
    else:
        raise ValueError(f"a sweep's values can't be understood, {example}; got {text!r}")
    return tuple(dict.fromkeys(parameter.convert(value) for value in found))


def _label(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return f"{len(value)} offsets, the last {list(value[-1])}" if len(value) > 1 else f"only {list(value[0])}"
    return amount(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
