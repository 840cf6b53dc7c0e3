"""Other people's predictors get limits, explanations and findings from what their channels say of themselves."""

from __future__ import annotations

from math import tanh
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array, Channel, DummyPredictor, Predictor
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.explanation import explain
from predictor_inspector.inspection.explanation.explanation import explanation_of
from predictor_inspector.inspection.findings import find
from predictor_inspector.inspection.findings.suggestions import suggest
from predictor_inspector.inspection.numbers.histograms import histogram, limits

from .foreign import Votes


def inspected(predictor: Predictor) -> Inspection:
    ids = np.zeros((20, 30), np.uint16)
    ids[3:12, 4:15], ids[3:12, 15:28] = 1, 2
    known = np.ones_like(ids)
    known[5:8, 20:24] = ids[5:8, 20:24] = 0
    return inspect(predictor, Array(ids, (8, 8)), mask=Array(known, (8, 8)), device="cpu")


@pytest.fixture
def inspection() -> Inspection:
    return inspected(Votes())


def test_kinds_of_channels_are_explained_whoever_they_are_of(inspection: Inspection) -> None:
    for channel in range(3):
        for voxel in ((0, 0), (4, 13), (5, 14), (6, 21), (7, 27), (18, 3)):
            found = explain(inspection, channel, voxel)
            assert found.why_value.derived == pytest.approx(found.value, abs=1e-5)
            assert found.why_weight.derived == pytest.approx(found.weight, rel=1e-5)
    assert "pairs count only as a whole (strict)" in " ".join(explain(inspection, 0, (6, 19)).why_weight.steps)
    assert "clip limits [0.1, 1]" in " ".join(explain(inspection, 0, (5, 10)).why_weight.steps)
    assert (
        "inside object 1, 4 nm from the boundary with background" in explain(inspection, 2, (4, 4)).why_value.sentence
    )


def test_histograms_span_the_range_that_channels_declare(inspection: Inspection) -> None:
    assert [(m.value, m.label) for m in limits(inspection, 0)] == [(0, "another object"), (1, "same object")]
    marks = {round(m.value, 3): m.label for m in limits(inspection, 2)}
    scale = round(tanh(1), 3)
    assert marks == {-1: "tanh limit", -scale: "scale", 0: "boundary", scale: "scale", 1: "tanh limit"}
    edges = histogram(inspection, 2).edges
    assert (edges[0], edges[-1]) == (-1, 1)


def test_findings_and_suggestions_name_the_parameters_that_play_the_roles() -> None:
    flat = inspected(Votes(strict=False, slope=900.0))
    found = {finding.id: finding for finding in find(flat) if finding.severity != "info"}
    assert "slope of 900 nm is large" in found["scale-flat"].message
    assert found["scale-flat"].channels == ("depth",)
    assert "strict" in found["false-boundary"].advice
    assert set(found["false-boundary"].channels) <= {"vote 0", "vote 1"}
    suggested = {suggestion.parameter: suggestion.value for suggestion in suggest(flat)}
    assert set(suggested) == {"slope", "steps"}
    better = find(inspected(Votes(slope=suggested["slope"], steps=suggested["steps"])))
    assert {finding.id for finding in better if finding.severity != "info"} == set()


class Odd(DummyPredictor):
    """Channels of a kind that only its own package knows, and of kinds that lack what their explanation needs."""

    def describe_channels(self, axes: Any = None) -> tuple[Channel, ...]:
        kinds = "oddity", "affinity", "distance", "descriptor"
        return tuple(Channel(kind, kind, -3.0, 5.0) for kind in kinds)


def test_what_is_not_known_of_a_channel_is_explained_from_outside() -> None:
    inspection = inspect(Odd(4), Array(np.ones((4, 4), np.uint8), (1, 1)), device="cpu")
    for channel in range(4):
        found = explain(inspection, channel, (0, 0))
        assert found.why_value.sentence == "Odd gives 0 here."
        assert found.why_value.derived is found.why_weight.derived is None
    assert find(inspection)
    assert [(m.value, m.label) for m in limits(inspection, 0)] == [(-3, "lowest"), (5, "highest")]


def test_another_package_explains_its_own_kind_of_channel(install: Any) -> None:
    source = (
        "from predictor_inspector.inspection.explanation import Reason, annotated, balanced\n"
        "def explain(voxel):\n"
        "    target = Reason(('Odd is odd.',), 0.0, sentence=f'odd {voxel.id_at(voxel.at)}')\n"
        "    return target, balanced(voxel, [annotated(voxel)], True)\n"
    )
    install("odd_package", source, "explanations", {"oddity": "odd_package:explain"})
    explanation_of.cache_clear()
    try:
        inspection = inspect(Odd(4), Array(np.full((4, 4), 7, np.uint8), (1, 1)), device="cpu")
        assert explain(inspection, 0, (0, 0)).why_value.sentence == "odd 7"
        assert explain(inspection, 1, (0, 0)).why_value.sentence == "Odd gives 0 here."
    finally:
        explanation_of.cache_clear()
