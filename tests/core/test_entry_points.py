"""Other people's predictors: an installed package registers them, and everything takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from funlib.geometry import Coordinate

from predictor_inspector.core import (
    Array,
    DummyPredictor,
    Predictor,
    kind_of,
    parameters_of,
    predictor_class,
    predictor_from_config,
    predictor_from_yaml,
    predictor_kinds,
    predictor_to_yaml,
    registry,
)
from predictor_inspector.core.networks import NETWORKS
from predictor_inspector.core.registry import ExtensionError
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.output.text import describe_kinds

HALVES = '''
from dataclasses import dataclass
import torch
from predictor_inspector.core import EmbeddingArray, Predictor, parameter

@dataclass(frozen=True)
class Halves(Predictor):
    """The ids divided by a number."""

    divisor: int = parameter(2, doc="What ids are divided by.", minimum=1)
    note: str = "a plain field"

    @property
    def output_array_type(self):
        return EmbeddingArray(1, ["half"])

    def create_model(self, architecture):
        raise ValueError("nothing to learn")

    def create_target(self, gt):
        return gt.like((torch.as_tensor(gt.numpy()) / self.divisor).float()[None], ("c^", *gt.axis_names))

    def create_weight(self, gt, target, mask=None, moving_class_counts=None):
        weight = torch.ones_like(target.data)
        return target.like(weight, target.axis_names), (moving_class_counts or 0) + 1
'''

# The signatures are DaCapo's: no subdivision in `padding`, `mask` and counts by position.
AS_IN_DACAPO = (
    HALVES.replace("Halves", "AsInDaCapo").replace(
        "create_weight(self, gt, target, mask=None, moving_class_counts=None)",
        "create_weight(self, gt, target, mask, moving_class_counts=None)",
    )
    + """
    def gt_region_for_roi(self, target_spec):
        gt_spec = target_spec.copy()
        gt_spec.roi = gt_spec.roi.grow(gt_spec.voxel_size, gt_spec.voxel_size * 3)
        return gt_spec

    def padding(self, gt_voxel_size):
        return gt_voxel_size * 3
"""
)


@pytest.fixture
def gt() -> Array:
    return Array(np.arange(20).reshape(4, 5), (2, 2))


def test_an_installed_packages_predictor_is_a_kind_like_any_other(install: Any, gt: Array) -> None:
    install("halves_package", HALVES, "predictors", {"halves": "halves_package:Halves"})
    assert predictor_kinds()[-1] == "halves"
    predictor = predictor_from_config({"kind": "halves", "divisor": 4})
    assert kind_of(predictor) == "halves"
    assert predictor_from_yaml(predictor_to_yaml(predictor)) == predictor
    assert [p.name for p in parameters_of(type(predictor))] == ["divisor", "note"]
    with pytest.raises(ValueError, match="Halves: divisor must be ≥ 1, got 0"):
        predictor_from_config({"kind": "halves", "divisor": 0})
    with pytest.raises(ValueError, match="unknown predictor 'halvs'; did you mean 'halves'"):
        predictor_class("halvs")

    result = inspect(predictor, gt, device="cpu", counts=4)
    np.testing.assert_array_equal(result.target.numpy()[0], gt.numpy() / 4)
    assert result.counts == 5
    assert result.channel_names == ("half",)


@pytest.mark.parametrize("subdivision", [1, 10])
def test_a_predictor_with_dacapos_signatures_can_be_inspected(install: Any, gt: Array, subdivision: int) -> None:
    install("dacapo_package", AS_IN_DACAPO, "predictors", {"as_in_dacapo": "dacapo_package:AsInDaCapo"})
    predictor = predictor_class("as_in_dacapo")()
    gt = Array(gt.data, gt.voxel_size, subdivision=subdivision)
    roi = gt.roi_of([slice(1, 2), slice(1, 2)])
    result = inspect(predictor, gt, roi, device="cpu")
    assert result.gt_region == roi.grow(Coordinate(2, 2), Coordinate(6, 6))
    assert result.padding_region == roi.grow(Coordinate(6, 6), Coordinate(6, 6))
    assert result.target.numpy().item() == 3


def test_something_that_is_no_predictor_is_refused_by_name(install: Any) -> None:
    plain = "class Plain:\n    pass\n\ndef function():\n    pass\n"
    bare = "\nfrom predictor_inspector.core import Predictor\nclass Bare(Predictor):\n    pass\n"
    names = {"plain": "Plain", "function": "function", "bare": "Bare"}
    install("wrong_package", plain + bare, "predictors", {kind: f"wrong_package:{n}" for kind, n in names.items()})
    for kind, name in (("plain", "Plain"), ("function", "function"), ("bare", "Bare")):
        with pytest.raises(
            ExtensionError,
            match=f"predictor {kind!r} of the package wrong_package is wrong_package:{name}, which is not a dataclass",
        ):
            predictor_class(kind)


def test_a_broken_package_does_not_stand_in_the_way_of_others(install: Any) -> None:
    install("a_broken_package", "import no_such_module", "predictors", {"a_broken": "a_broken_package:Broken"})
    install("halves_package", HALVES, "predictors", {"halves": "halves_package:Halves"})
    assert kind_of(DummyPredictor(1)) == "dummy"
    assert kind_of(predictor_from_config({"kind": "halves"})) == "halves"
    with pytest.raises(ExtensionError, match=r"a_broken_package can't be loaded: ModuleNotFoundError.*no_such_module"):
        predictor_class("a_broken")
    listed = describe_kinds(predictor_kinds()).splitlines()
    assert "can't be loaded: ModuleNotFoundError" in listed[-2]
    assert listed[-1].split(maxsplit=1) == ["halves", "The ids divided by a number."]


def test_a_built_in_kind_cannot_be_replaced(install: Any) -> None:
    install("greedy_package", HALVES, "predictors", {"dummy": "greedy_package:Halves"})
    assert predictor_class("dummy") is DummyPredictor
    assert predictor_kinds().count("dummy") == 1


def test_a_class_that_nobody_registered_has_no_kind() -> None:
    class Unregistered(DummyPredictor):
        pass

    assert issubclass(Unregistered, Predictor)
    with pytest.raises(
        ValueError, match="Unregistered is not registered as a predictor; add it to the entry-point group"
    ):
        kind_of(Unregistered(1))


def test_installed_packages_are_looked_through_once(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install("halves_package", HALVES, "predictors", {"halves": "halves_package:Halves"})
    assert "halves" in predictor_kinds()
    monkeypatch.setattr(registry, "entry_points", lambda **_: pytest.fail("looked through again"))
    assert kind_of(predictor_from_config({"kind": "halves"})) == "halves"
    assert predictor_kinds()[-1] == "halves"
    assert "halves" not in NETWORKS.names()  # another group
