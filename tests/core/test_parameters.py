"""Parameters: the plainest value, and what is refused."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any, Literal

import pytest

from predictor_inspector.core.parameters import NAMES, OFFSETS, Parameter

LENGTH = Parameter("x", float, 3.0, unit="length", minimum=0.0, exclusive=True)


@pytest.mark.parametrize("value", [None, "many", float("nan"), float("inf"), -1.0, 0])
def test_a_number_refuses_what_is_no_number_within_its_bounds(value: Any) -> None:
    with pytest.raises(ValueError, match="x"):
        LENGTH.check("the form", LENGTH.convert(value))


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, 2.5, r"x: input should be a valid integer, .*, got 2\.5"),
        (NAMES, "mito", "x: input should be a valid tuple"),
        (NAMES, [1], r"x\[0\]: input should be a valid string"),
        (OFFSETS, [1, 2], r"x\[0\]: input should be a valid tuple"),
        (OFFSETS, [(0.5, 1)], r"x\[0\]\[0\]: input should be a valid integer"),
        (Literal["valid", "same"], "full", "x: input should be 'valid' or 'same', got 'full'"),
    ],
)
def test_a_value_of_another_type_is_refused(annotation: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Parameter("x", annotation, None).convert(value)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (Parameter("n", int, 5), 5),
        (Parameter("n", int, MISSING, minimum=1, maximum=1024), 1),
        (Parameter("n", int, MISSING, minimum=3), 3),
        (Parameter("x", float, MISSING, minimum=0.0, maximum=1.0), 0.5),
        (Parameter("x", float, MISSING, minimum=2.0, exclusive=True), 3.0),
        (Parameter("b", bool, MISSING), False),
        (Parameter("s", str, MISSING), ""),
        (Parameter("c", Literal["p", "q"], MISSING), "p"),
        (Parameter("names", tuple[str, ...], MISSING), ()),
        (Parameter("o", tuple[tuple[int, ...], ...], MISSING), ((1, 0, 0), (0, 1, 0), (0, 0, 1))),
        (Parameter("any", dict[str, int], MISSING), None),
    ],
    ids=lambda value: f"{value.name}, {value.bounds}" if isinstance(value, Parameter) else str(value),
)
def test_a_required_parameter_begins_with_the_plainest_value(parameter: Parameter, expected: Any) -> None:
    assert parameter.plainest_value() == expected
