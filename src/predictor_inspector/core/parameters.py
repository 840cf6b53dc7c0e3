"""Parameters of predictors, defined once for forms, command line, YAML and checks.

A predictor is a frozen dataclass whose fields are made by `parameter`, which keeps unit, bounds and a description beside
the default. Everything that shows or reads parameters asks `parameters_of`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, dataclass
from functools import cache
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from predictor_inspector.core.text import format_value

NAMES = tuple[str, ...]
OFFSETS = tuple[tuple[int, ...], ...]
SLIDER_SPAN = 30.0
"""A logarithmic slider reaches from 1/30 to 30 times its starting value."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a predictor, as forms, tables and errors show it.

    Attributes
    ----------
    default : object
        ``dataclasses.MISSING`` for a parameter that must be given.
    doc : str
        One or two sentences: what it does.
    unit : str
        ``"length"`` (in the data's unit), ``"voxels"``, or ``""`` for a plain number.
    minimum, maximum : float or None
        Bounds of a number, inclusive unless `exclusive`.
    advanced : bool
        Whether a form may hide it at first.
    affects : str
        ``"target"``, or ``"weight"`` or ``"model"`` for a parameter that the target doesn't depend on.
    widget : str
        A hint for forms: ``"offsets"`` for a table of voxel offsets, ``"names"`` for a list of names, or ``""``.
    """

    name: str
    annotation: Any
    default: Any = MISSING
    doc: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool = False
    advanced: bool = False
    affects: str = "target"
    widget: str = ""

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is MISSING

    @property
    def holds_names(self) -> bool:
        """Whether the value is a list of names."""
        return self.annotation == NAMES or self.widget == "names"

    @property
    def holds_offsets(self) -> bool:
        """Whether the value is a list of voxel offsets."""
        return self.annotation == OFFSETS or self.widget == "offsets"

    def plainest_value(self, dims: int = 3) -> Any:
        """The default, or for a required parameter the plainest value that its type and bounds allow.

        Offsets are to the next voxel along each of the data's `dims` spatial axes.
        """
        if self.default is not MISSING:
            return self.default
        if self.holds_offsets:
            return tuple(tuple(int(a == axis) for a in range(dims)) for axis in range(dims))
        if self.holds_names:
            return ()
        if self.annotation in (int, float):
            return self._plainest_number()
        choices = get_args(self.annotation) if get_origin(self.annotation) is Literal else ()
        return choices[0] if choices else {bool: False, str: ""}.get(self.annotation)

    def _plainest_number(self) -> float:
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and self.annotation is float:
            return (low + high) / 2
        low = -inf if low is None else low + self.exclusive
        high = inf if high is None else high - self.exclusive
        number: float = self.annotation(min(max(1, low), high))
        return number

    @property
    def optional(self) -> bool:
        """Whether ``None`` is a value."""
        return type(None) in get_args(self.annotation)

    @property
    def plain_type(self) -> Any:
        """The type of a value that isn't None: ``float`` for ``float | None``."""
        others = [a for a in get_args(self.annotation) if a is not type(None)]
        return others[0] if self.optional and len(others) == 1 else self.annotation

    @property
    def bounds(self) -> str:
        """The bounds in words: ``"> 0"``, ``"0 … 1"``, or an empty string."""
        less, more = ("<", ">") if self.exclusive else ("≤", "≥")
        if self.minimum is not None and self.maximum is not None:
            between = "< … <" if self.exclusive else "…"
            return f"{self.minimum:g} {between} {self.maximum:g}"
        if self.minimum is not None:
            return f"{more} {self.minimum:g}"
        return f"{less} {self.maximum:g}" if self.maximum is not None else ""

    @property
    def slides(self) -> Literal["", "linear", "logarithmic"]:
        """Along which scale dragging makes sense: between two bounds, or for positive lengths and voxels around a value."""
        if self.plain_type is float and self.minimum is not None and self.maximum is not None:
            return "linear"  # whole numbers have bounds of another sort
        positive = self.minimum is not None and (self.minimum > 0 or (self.minimum == 0 and self.exclusive))
        number = self.plain_type in (int, float)
        return "logarithmic" if number and positive and self.unit in ("length", "voxels") else ""

    def slider_range(self, start: float) -> tuple[float, float]:
        """Where a slider begins and ends whose starting value is `start`."""
        low, high = self.minimum, self.maximum
        if self.slides == "logarithmic":
            low, high = (max(low or 0.0, start / SLIDER_SPAN), min(inf if high is None else high, start * SLIDER_SPAN))
        return min(-inf if low is None else low, start), max(inf if high is None else high, start)

    def check(self, owner: str, value: Any) -> None:
        """Raise a ``ValueError`` that names `owner` and this parameter if `value` is out of bounds or no number."""
        if self.annotation is bool and not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{owner}: {self.name} must be True or False, got {value!r}")
        if (self.minimum is None and self.maximum is None) or (value is None and self.optional):
            return
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            raise ValueError(f"{owner}: {self.name} must be a number {self.bounds}, got {value!r}")
        low, high, number = self.minimum, self.maximum, float(value)
        excluded = self.exclusive and number in (low, high)
        if excluded or (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(f"{owner}: {self.name} must be {self.bounds}, got {value}")
        if self.annotation is int and not isinstance(value, Integral):
            raise ValueError(f"{owner}: {self.name} must be a whole number, got {value}")

    def convert(self, value: Any) -> Any:
        """`value` as this parameter's type, as far as pydantic knows that; ``ValueError`` names the parameter."""
        from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

        try:
            return TypeAdapter(self.annotation).validate_python(value)
        except PydanticSchemaGenerationError:
            return value
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f"[{step}]" for step in first["loc"])
            raise ValueError(f"{self.name}{where}: {first['msg'].lower()}, got {first['input']!r}") from error


def parameter(
    default: Any = MISSING,
    *,
    doc: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    exclusive: bool = False,
    advanced: bool = False,
    affects: str = "target",
    widget: str = "",
) -> Any:
    """A dataclass field that carries its own description; arguments as in `Parameter`."""
    details = {name: value for name, value in locals().items() if name != "default"}
    return dataclasses.field(default=default, metadata={"parameter": details})


def parameter_rows(owner: Any, unit: str = "") -> list[tuple[str, str, str]]:
    """For tables: the name of each parameter, its value with the unit, `unit` where that is the data's, and what it does."""
    units = {"length": f" {unit}".rstrip(), "voxels": " voxels"}
    parameters = parameters_of(type(owner)) if dataclasses.is_dataclass(owner) else ()
    return [(p.name, f"{format_value(getattr(owner, p.name))}{units.get(p.unit, '')}", p.doc) for p in parameters]


def parameters_of(cls: type) -> tuple[Parameter, ...]:
    """The parameters of a predictor class, in order.

    Plain dataclass fields, not made by `parameter`, have their name, type and default only.
    """
    hints = _type_hints(cls)

    def default(f: dataclasses.Field[Any]) -> Any:
        return f.default_factory() if f.default_factory is not MISSING else f.default

    return tuple(
        Parameter(f.name, hints.get(f.name, Any), default(f), **f.metadata.get("parameter", {}))
        for f in dataclasses.fields(cls)
        if f.init
    )


@cache
def _type_hints(cls: type) -> dict[str, Any]:
    """The types of fields; to evaluate them takes most of the time in which a predictor is made."""
    return get_type_hints(cls)
