"""Parameters as text."""

from __future__ import annotations

import pytest

from predictor_inspector.inspection.output.text import type_name


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "whole number"),
        (tuple[tuple[int, ...], ...], "[[whole number, …], …]"),
        (tuple[float, str], "[number, text]"),
        (int | None, "whole number or null"),
        (list[bool], "[true or false, …]"),
    ],
)
def test_types_read_as_their_yaml_looks(annotation: object, text: str) -> None:
    assert type_name(annotation) == text
