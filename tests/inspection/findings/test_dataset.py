"""Checks of data sets, from facts about crops."""

from __future__ import annotations

from typing import Any

import pytest

from predictor_inspector.data.dataset import ClassFacts, CropFacts
from predictor_inspector.data.dataset.facts import GridFacts
from predictor_inspector.inspection.findings import load_checks
from predictor_inspector.inspection.findings.dataset import DatasetSubject, crops_of


def grid(begin: float = 0, size: int = 8, shape: int = 16, unit: str = "nm") -> GridFacts:
    """A cube that begins at `begin` along its last axis; counts are tenths of the unit."""
    return GridFacts((shape,) * 3, (10 * size,) * 3, (0, 0, round(10 * begin)), ("z", "y", "x"), unit, 10)


def crop(name: str, place: GridFacts | None = None, **told: Any) -> CropFacts:
    classes = told.pop("classes", (ClassFacts("mito", True, 4096, 10, 1),))
    return CropFacts(name, f"/data/{name}", grid=place or grid(), classes=classes, **told)


def found(*crops: CropFacts, **told: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    subject = DatasetSubject(crops, **told)
    findings = [f for check in load_checks()[0] if check.of == "dataset" for f in check.run(subject)]
    for finding in findings:
        assert finding.message.endswith(".")
        assert finding.advice
    return [(f.id, f.severity, crops_of(f)) for f in findings]


def off_grid(*crops: CropFacts) -> list[str]:
    return [name for kind, _, names in found(*crops) if kind == "off-grid-translation" for name in names]


def test_crops_that_fit_have_no_findings() -> None:
    crops = [crop(f"c{n}", grid(128 * n), split="training" if n else "validation", volume="v") for n in range(5)]
    assert found(*crops, input_size=(16, 16, 16), classes=("mito",)) == []
    assert found() == []


def test_voxel_sizes_are_compared_with_those_of_most_or_of_the_training() -> None:
    crops = [crop("a"), crop("b", grid(size=16)), crop("c"), crop("d", grid(unit="um"))]
    mixed = "voxel-sizes-mixed", "warning"
    assert found(*crops) == [(*mixed, ("b",)), (*mixed, ("d",))]
    assert found(*crops[:3], voxel_size=(16, 16, 16)) == [(*mixed, ("a", "c"))]
    same = [crop("a", grid(size=8)), crop("b", GridFacts((16,) * 3, (8,) * 3, (0,) * 3, ("z", "y", "x"), "nm", 1))]
    assert found(*same) == []


def test_a_crop_is_smaller_than_an_input_in_the_world() -> None:
    crops = [crop("a"), crop("b", grid(shape=15)), crop("c", grid(size=16, shape=8))]
    smaller = [names for kind, _, names in found(*crops, input_size=(16, 16, 16)) if kind == "crop-smaller-than-input"]
    assert smaller == [("b",), ("c",)]
    told = {"input_size": (16, 16, 16), "voxel_size": (8, 8, 8)}
    assert [names for kind, _, names in found(*crops, **told) if kind == "crop-smaller-than-input"] == [("b",)]


@pytest.mark.parametrize(
    ("begin", "raw", "is_off"),
    [
        (80, grid(), False),
        (83, grid(), True),
        (84, grid(), True),  # half a voxel
        (83, grid(3), False),
        (80, grid(0, 4), False),
        (82, grid(0, 4), False),  # centres on centres
        (81, grid(0, 4), True),
        (80, grid(0, 16), False),
        (84, grid(0, 16), False),
        (81, grid(0, 5), False),  # which share no grid
        (80.4, grid(unit="um"), True),
    ],
)
def test_voxels_lie_on_those_of_the_raw_data(begin: float, raw: GridFacts, is_off: bool) -> None:
    assert off_grid(crop("a", grid(begin), raw=raw, volume="v")) == ["a"] * is_off


def test_without_raw_data_voxels_lie_on_those_of_most_crops_or_on_multiples() -> None:
    crops = [crop(f"c{n}", grid(128 * n + 3)) for n in range(3)]
    assert off_grid(*crops) == []
    assert off_grid(*crops, crop("odd", grid(640))) == ["odd"]
    assert off_grid(crop("corner", grid(640)), crop("centre", grid(644)), crop("odd", grid(643))) == ["odd"]
    cut = [crop(f"c{n}", grid(128 * n), raw=grid(128 * n)) for n in range(3)]
    assert off_grid(*cut, crop("shifted", grid(643), raw=grid(643))) == ["shifted"]
    assert off_grid(*(crop(f"c{n}", grid(128 * n + n), raw=grid(128 * n + n)) for n in range(3))) == []


def test_classes_count_where_they_are_trained_on() -> None:
    def classes(mito: ClassFacts) -> tuple[ClassFacts, ...]:
        return (mito, ClassFacts("er", True, 4096, 1, 1))

    unknown, absent = ClassFacts("mito", True, 0, 0, 0), ClassFacts("mito", True, 4096, 0, 0)
    missing, present = ClassFacts("mito", False, 0, 0, 0), ClassFacts("mito", True, 4096, 7, 1)
    crops = [crop("a", classes=classes(unknown)), crop("b", classes=classes(missing))]
    annotated = "class-never-annotated", "error"
    validation = crop("v", grid(1280), split="validation", classes=classes(present))
    assert found(*crops, validation) == [(*annotated, ("a",))]
    assert found(crops[1]) == [(*annotated, ())]
    assert found(*crops, crop("c", classes=classes(absent))) == [("class-never-drawn", "warning", ("c",))]
    assert found(*crops, crop("c", classes=classes(present))) == []
    assert found(crop("c"), classes=("mito", "nuc")) == [(*annotated, ())]
    uncounted = crop("c", classes=(ClassFacts("mito"), ClassFacts("nuc", False)))
    assert found(uncounted) == [(*annotated, ())]


def test_a_class_that_sampling_never_sees_is_never_drawn() -> None:
    crops = [crop("a"), crop("b", classes=(ClassFacts("mito", True, 4096, 0, 0),))]
    assert found(*crops, drawn={"mito": 0}) == [("class-never-drawn", "warning", ("a",))]
    assert found(*crops, drawn={"mito": 1}) == []


@pytest.mark.parametrize(
    ("begin", "told", "severity"),
    [
        (64, {"volume": "v"}, "error"),
        (128, {"volume": "v"}, None),
        (64, {"volume": "w"}, None),
        (64, {"volume": ""}, None),  # the other begins where data without a place do
    ],
)
def test_crops_leak_where_they_overlap_in_one_volume(begin: float, told: dict[str, str], severity: str | None) -> None:
    leaks = found(crop("a", volume="v", split="training"), crop("b", grid(begin), split="validation", **told))
    assert leaks == ([("split-leak", severity, ("a", "b"))] if severity else [])


def test_crops_of_volumes_that_are_not_known_leak_perhaps() -> None:
    one, other = crop("a", grid(800)), crop("b", grid(864), split="test")
    assert found(one, other) == [("split-leak", "warning", ("a", "b"))]
    twice = [crop("a", grid(800)), CropFacts("b", "/data/a", split="test", grid=grid(800), classes=one.classes)]
    assert found(*twice) == [("split-leak", "error", ("a", "b"))]
