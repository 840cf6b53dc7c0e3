"""Other people's predictors: an installed package registers them, and everything takes them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

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
)
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

Install = Callable[[str, str, dict[str, str]], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a package with a module and entry points where Python looks for installed ones."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(module: str, source: str, kinds: dict[str, str]) -> None:
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"{kind} = {module}:{name}" for kind, name in kinds.items()]
        (info / "entry_points.txt").write_text("\n".join(["[predictor_inspector.predictors]", *lines]))
        monkeypatch.delitem(sys.modules, module, raising=False)

    return put


@pytest.fixture
def gt() -> Array:
    return Array(np.arange(20).reshape(4, 5), (2, 2))


def test_an_installed_packages_predictor_is_a_kind_like_any_other(install: Install, gt: Array) -> None:
    install("halves_package", HALVES, {"halves": "Halves"})
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
def test_a_predictor_with_dacapos_signatures_can_be_inspected(install: Install, gt: Array, subdivision: int) -> None:
    install("dacapo_package", AS_IN_DACAPO, {"as_in_dacapo": "AsInDaCapo"})
    predictor = predictor_class("as_in_dacapo")()
    gt = Array(gt.data, gt.voxel_size, subdivision=subdivision)
    roi = gt.roi_of([slice(1, 2), slice(1, 2)])
    result = inspect(predictor, gt, roi, device="cpu")
    assert result.gt_region == roi.grow(Coordinate(2, 2), Coordinate(6, 6))
    assert result.padding_region == roi.grow(Coordinate(6, 6), Coordinate(6, 6))
    assert result.target.numpy().item() == 3


def test_something_that_is_no_predictor_is_refused_by_name(install: Install) -> None:
    plain = "class Plain:\n    pass\n\ndef function():\n    pass\n"
    bare = "\nfrom predictor_inspector.core import Predictor\nclass Bare(Predictor):\n    pass\n"
    install("wrong_package", plain + bare, {"plain": "Plain", "function": "function", "bare": "Bare"})
    for kind, name in (("plain", "Plain"), ("function", "function"), ("bare", "Bare")):
        with pytest.raises(
            ExtensionError,
            match=f"predictor {kind!r} of the package wrong_package is wrong_package:{name}, which is not a dataclass",
        ):
            predictor_class(kind)


def test_a_broken_package_does_not_stand_in_the_way_of_others(install: Install) -> None:
    install("a_broken_package", "import no_such_module", {"a_broken": "Broken"})
    install("halves_package", HALVES, {"halves": "Halves"})
    assert kind_of(DummyPredictor(1)) == "dummy"
    assert kind_of(predictor_from_config({"kind": "halves"})) == "halves"
    with pytest.raises(ExtensionError, match=r"a_broken_package can't be loaded: ModuleNotFoundError.*no_such_module"):
        predictor_class("a_broken")
    listed = describe_kinds(predictor_kinds()).splitlines()
    assert "can't be loaded: ModuleNotFoundError" in listed[-2]
    assert listed[-1].split(maxsplit=1) == ["halves", "The ids divided by a number."]


def test_a_built_in_kind_cannot_be_replaced(install: Install) -> None:
    install("greedy_package", HALVES, {"dummy": "Halves"})
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
