"""Running all checks: order, choice, cancelling, and silence on good data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array, predictor_class, predictor_from_config, predictor_kinds
from predictor_inspector.data import open_array
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import SEVERITIES, Subject, VoxelSet, find, find_in, kinds, load_checks

from .volumes import affinities, array, cells, distance, serious, tissue, voxels

PROMISED = [
    "context-insufficient",
    "context-outside-data",
    "zero-weight",
    "class-absent",
    "channel-constant",
    "weight-clipped",
    "count-drift",
    "false-boundary",
    "split-object",
    "small-object",
    "touching-objects",
    "unknown-class",
    "truncated-object",
    "scale-saturated",
    "scale-flat",
    "sigma-too-large",
    "sigma-too-small",
    "window-anisotropic",
    "offset-too-long",
    "not-finite",
    "mask-not-binary",
    "label-overflow",
    "float-labels",
]

FILES = [
    ("medulla.ome.zarr", None),
    ("crop_fractional.ome.zarr", "labels/annotated"),
    ("funlib_anisotropic.zarr", None),
    ("cremi_style.hdf", None),
    ("nuclei2d_masks.tif", None),
    ("nuclei3d_masks.tif", None),
]


def test_every_promised_finding_exists_and_is_explained() -> None:
    assert set(PROMISED) <= set(kinds())
    for kind in kinds().values():
        assert kind.meaning.endswith(".")
        assert kind.remedy.endswith(".")
    assert all(len(check.when) > 10 for check in load_checks()[0])


WHOLE = ("cellpose_flows", "stardist")
"""Kinds for objects that lie wholly in what is known, which those of tissue don't."""

OTHERS = [k for k in predictor_kinds() if k not in ("one_hot", *WHOLE)]


@pytest.mark.parametrize("kind", WHOLE)
def test_clean_cells_give_no_errors_and_no_warnings_where_objects_must_be_whole(kind: str) -> None:
    gt = array(cells((80, 80)))
    predictor = predictor_from_config({"kind": kind, **predictor_class(kind).starting_values(gt)})
    assert serious(find(inspect(predictor, gt, device="cpu"))) == []


@pytest.mark.parametrize("volume", ["cells", "tissue"])
@pytest.mark.parametrize("kind", OTHERS)
def test_clean_volumes_give_no_errors_and_no_warnings(kind: str, volume: str) -> None:
    for labels in (cells(), cells((80, 80))) if volume == "cells" else (tissue(), tissue((90, 90))):
        gt = array(labels)
        cls = predictor_class(kind)
        starts = [cls.starting_values(gt)]
        starts += [starts[0] | {"lsds": True, "num_voxels": n} for n in (3, 10)] if kind == "affinities" else []
        presets = [p for name, p in cls.presets.items() if f"{5 - gt.dims}-D" not in name]
        # Where no cells touch there is no boundary between any.
        starts += [starts[0] | p for p in presets if volume == "tissue" or p.get("with_background", True)]
        for start in starts:
            inspection = inspect(predictor_from_config({"kind": kind, **start}), gt, device="cpu")
            assert serious(find(inspection)) == []


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize(("file", "annotated"), FILES)
def test_real_ground_truth_gives_no_errors_and_no_warnings(
    real_data: Path, file: str, annotated: str | None, kind: str
) -> None:
    gt = open_array(real_data / file)
    mask = None if annotated is None else open_array(real_data / file, annotated)
    start = predictor_class(kind).starting_values(gt)
    settings = [start] + ([start | {"lsds": True, "num_voxels": 2}] if kind == "affinities" else [])
    middle = [slice((n - min(n, 72)) // 2, (n + min(n, 72)) // 2) for n in gt.spatial_shape]
    for values in settings:
        inspection = inspect(predictor_from_config({"kind": kind, **values}), gt, gt.roi_of(middle), mask, "cpu")
        # A window of 20 nm in tissue as coarse as the fly's glia is small, and said to be; all else must be quiet.
        ignored = {"sigma-too-small"} if file == "medulla.ome.zarr" else set()
        assert serious([f for f in find(inspection) if f.id not in ignored]) == []


def test_findings_come_by_severity_and_as_plain_json() -> None:
    labels = tissue()
    labels[3:6, 3:6, 3:6] = 0
    mask = np.full(labels.shape, 2, np.uint8)
    mask[:5] = 0
    gt, known = array(labels), array(mask)
    findings = find(inspect(affinities(mask_pairs=False), gt, None, known, "cpu"))
    order = [SEVERITIES.index(f.severity) for f in findings]
    assert order == sorted(order)
    assert {0, 1, 2} == set(order)
    for finding in findings:
        entry = json.loads(json.dumps(finding.as_dict(), allow_nan=False))
        assert list(entry) == ["id", "severity", "message", "advice", "channels", "where", "numbers", "cure"]
        assert list(entry["where"]) == ["begin", "end", "voxels"]
        if finding.where.grid.dims == gt.dims:
            assert voxels(finding, gt).any()


def test_cheap_checks_can_be_had_alone_and_kinds_chosen() -> None:
    labels = cells()
    labels[labels == 8] = 1
    gt = array(labels)
    inspection = inspect(affinities(), gt, device="cpu")
    assert "split-object" not in {f.id for f in find(inspection, slow=False)}
    assert {f.id for f in find(inspection, only=["split-object"])} == {"split-object"}
    assert "zero-weight" not in {f.id for f in find(inspection, ignore=["zero-weight"])}
    with pytest.raises(ValueError, match="no finding 'zero-wait'; there are"):
        find(inspection, only=["zero-wait"])


@pytest.fixture
def others(install: Any) -> Iterator[None]:
    """An installed package with a check, one that fails, and one that can't be imported."""
    checks = {
        "odd_shape": "odd_package:odd_shape",
        "failing": "odd_package:failing",
        "missing": "no_such_package:check",
    }
    install("odd_package", OTHERS, "checks", checks)
    load_checks.cache_clear()
    yield
    load_checks.cache_clear()


OTHERS = '''
from predictor_inspector.inspection.findings import Kind, check


ODD_SHAPE = Kind("odd-shape", "A side is odd.", "Cut a slice off.")


@check(ODD_SHAPE)
def odd_shape(subject):
    """Info if a side of the ROI is odd."""
    if any(n % 2 for n in subject.inspection.target.spatial_shape):
        yield subject.finding(ODD_SHAPE, "info", "A side is odd.")


@check(Kind("never", "Nothing.", "Nothing."))
def failing(subject):
    """Never."""
    yield 1 / 0
'''


@pytest.mark.usefixtures("others")
def test_another_packages_check_is_one_function_and_one_line() -> None:
    gt = array(cells())
    odd = gt.roi_of([slice(0, 39), slice(0, 40), slice(0, 40)])
    (finding,) = find(inspect(distance(), gt, odd, device="cpu"), only=["odd-shape"])
    assert (finding.id, finding.message, finding.advice) == ("odd-shape", "A side is odd.", "Cut a slice off.")
    assert find(inspect(distance(), gt, device="cpu"), only=["odd-shape"]) == ()
    assert list(kinds())[-2:] == ["never", "odd-shape"]


@pytest.mark.usefixtures("others")
def test_a_check_that_fails_or_is_missing_is_a_sentence_and_the_others_run() -> None:
    (missing,) = load_checks()[1]
    assert missing.startswith("the check 'missing' of the package odd_package can't be loaded: ModuleNotFoundError")
    gt = array(cells())
    subject = Subject(inspect(distance(scale_factor=1), gt, device="cpu"))
    failures: list[str] = []
    assert "scale-saturated" in {f.id for f in find_in(subject, failures=failures)}
    assert failures == ["The check odd_package.failing failed: ZeroDivisionError: division by zero."]
    with pytest.raises(ZeroDivisionError):
        find_in(subject)


def test_the_search_ends_where_progress_raises() -> None:
    gt = array(cells())
    inspection = inspect(distance(), gt, device="cpu")
    steps: list[str] = []

    def stop(step: str, fraction: float) -> None:
        steps.append(step)
        if len(steps) == 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        find_in(Subject(inspection, progress=stop), failures=[])
    assert len(steps) == 4


def test_places_are_in_units_whatever_the_subdivision() -> None:
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[4:7, 2:4, 5:6] = 1
    gt = Array(labels, (524, 400, 400), (10262, 201350, 7710), subdivision=100)
    predictor = AffinitiesPredictor([[0, 0, 1]], lsds=False)
    (finding,) = find(inspect(predictor, gt, device="cpu"), only=["empty-region", "class-absent"])
    assert finding.id == "class-absent"
    assert finding.where.as_dict()["begin"] == [102.62, 2013.5, 77.1]
    assert finding.where.as_dict()["end"] == [155.02, 2053.5, 117.1]


def test_an_inspection_padded_with_zeros_can_be_searched() -> None:
    gt = array(tissue())
    for predictor in (distance(), affinities(lsds=True, num_voxels=2)):
        beyond = gt.roi.grow(gt.voxel_size * 3, gt.voxel_size * 2)
        assert find(inspect(predictor, gt, beyond, device="cpu", outside="zero"))


def test_voxels_of_a_finding_are_told_in_those_of_the_layer_they_lie_in() -> None:
    gt = Array(np.zeros((4, 9), np.uint8), (8, 4), (16, -4), ("y", "x"))
    part = gt[gt.roi_of((slice(1, 4), slice(2, 9)))]
    flags = np.zeros((3, 7), bool)
    flags[1, 3:] = True
    several = VoxelSet.of(flags, part, part.offset)
    assert several is not None
    assert several.place(gt) == "voxels 2:3, 5:9 (y 32:40, x 16:32 nm)"
    one = VoxelSet.box(gt.roi_of((slice(3, 4), slice(8, 9))), gt)
    assert one.place(gt) == "voxel 3, 8 (y 44, x 30 nm)"
    mask = Array(np.zeros((4, 9), np.uint8), (5, 5), (0, 0), ("y", "x"), "um")
    assert VoxelSet.box(mask.roi, mask).place(gt) == "voxels 0:4, 0:9 (y 0:20, x 0:45 um)"
