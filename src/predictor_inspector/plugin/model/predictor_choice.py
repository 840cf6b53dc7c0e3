"""Chosen kind and parameters of a predictor, and those that follow the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, replace
from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import predictor_class, predictor_from_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.registry import nearest

DEFAULTS = "defaults"  # the preset that every kind has


@dataclass(frozen=True)
class PredictorChoice:
    """A kind of predictor, and the parameters chosen for every kind, by kind and name; others follow the data."""

    kind: str
    by_kind: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def chosen(self) -> Mapping[str, Any]:
        """The chosen parameters of this kind."""
        return self.by_kind.get(self.kind, {})

    def of_kind(self, kind: str) -> PredictorChoice:
        """Another kind, with what was last chosen for it; ``ValueError`` if it is unknown or can't be loaded."""
        predictor_class(kind)
        return replace(self, kind=kind)

    def with_chosen(self, values: Mapping[str, Any]) -> PredictorChoice:
        """These and no other parameters of this kind chosen; ``ValueError`` if one is unknown or not of its type."""
        parameters = {p.name: p for p in parameters_of(predictor_class(self.kind))}
        for name in values.keys() - parameters.keys():
            raise ValueError(f"{self.kind} has no parameter {name!r}{nearest(name, parameters)}")
        chosen = {name: parameters[name].convert(value) for name, value in values.items()}
        return replace(self, by_kind={**self.by_kind, self.kind: chosen})


@dataclass(frozen=True)
class Start:
    """Every parameter's value, by name, where none was chosen.

    `complaint` says why the kind can't be used with the data; it is empty if it can.
    """

    values: Mapping[str, Any]
    complaint: str = ""


def start_for(kind: str, gt: Array | None) -> Start:
    """What suits the ground truth, else defaults, else the plainest value."""
    cls = predictor_class(kind)
    suited, complaint = {}, ""
    try:
        suited = cls.starting_values(gt) if gt is not None else {}
    except ValueError as error:
        complaint = str(error)
    dims = 3 if gt is None else gt.dims
    values = {
        p.name: p.convert(suited[p.name]) if p.name in suited else p.plainest_value(dims) for p in parameters_of(cls)
    }
    return Start(values, complaint)


def choice_from_config(choice: PredictorChoice, config: Any, gt: Array | None) -> PredictorChoice:
    """`choice` with the kind and parameters of a configuration; ``ValueError`` as `predictor_from_config`.

    Parameters that it leaves out get their default; required ones that it leaves out follow the data.
    """
    missing: dict[str, Any] = {}
    if isinstance(config, dict) and isinstance(kind := config.get("kind"), str):
        required = {p.name for p in parameters_of(predictor_class(kind)) if p.required} - config.keys()
        missing = {name: value for name, value in start_for(kind, gt).values.items() if name in required}
        config = missing | config
    predictor = predictor_from_config(config)
    values = {p.name: getattr(predictor, p.name) for p in parameters_of(type(predictor)) if p.name not in missing}
    return choice.of_kind(config["kind"]).with_chosen(values)


def presets_for(kind: str, gt: Array | None) -> dict[str, dict[str, Any]]:
    """A kind's presets by name: ``"defaults"``, and its own that fit the data's dimensions."""
    cls = predictor_class(kind)
    defaults = {p.name: p.default for p in parameters_of(cls) if p.default is not MISSING}
    return {DEFAULTS: defaults} | {n: values for n, values in cls.presets.items() if _fits(kind, values, gt)}


def _fits(kind: str, values: Mapping[str, Any], gt: Array | None) -> bool:
    """Whether a predictor with these values has an answer for data of such axes: those of offsets, say, may be others."""
    if gt is None:
        return True
    try:
        predictor = predictor_from_config({"kind": kind, **start_for(kind, gt).values, **values})
        predictor.padding(gt.voxel_size, gt.subdivision)
    except ValueError:
        return False
    return True
