"""Objects that touch with nothing between them: planted splits are found, and little else is."""

from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest

from predictor_inspector.data import neurites
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.findings import Finding, Subject, alignment, find
from predictor_inspector.inspection.findings.membranes import Membranes

from .test_alignment import real
from .volumes import affinities


def between(source: Source) -> list[Finding]:
    found = find(run(Request(affinities(), source, device="cpu")), only=["no-membrane-between"])
    return list(found)


def pairs(findings: list[Finding]) -> set[tuple[int, int]]:
    return {tuple(pair) for finding in findings for pair in np.asarray(finding.numbers["pairs"]).tolist()}


@pytest.mark.parametrize("bright", [False, True])
def test_an_object_that_was_cut_is_found(bright: bool) -> None:
    source = real("medulla")
    ids, raw = source.gt.numpy().astype(np.int64), source.raw.numpy()
    raw = 255 - raw if bright else raw
    assert bright or len(pairs(between(Source(source.gt.like(ids), None, source.raw.like(raw))))) <= 3
    largest = np.argsort(-np.bincount(ids.reshape(-1)))[:12]
    planted = []
    for number in largest.tolist():
        voxels = np.argwhere(ids == number)
        axis = int(np.ptp(voxels, axis=0).argmax())
        behind = np.arange(ids.shape[axis]).reshape([-1 if a == axis else 1 for a in range(3)]) >= int(
            np.median(voxels[:, axis])
        )
        new = int(ids.max()) + 1
        ids = np.where((ids == number) & behind, new, ids)
        planted.append((number, new))
    found = between(Source(source.gt.like(ids), None, source.raw.like(raw)))
    assert len(set(planted) & pairs(found)) >= 10
    assert all(finding.severity == "info" for finding in found)
    assert "with nothing between them" in found[0].message
    assert found[0].where.voxels > 0


def inside(source: Source) -> list[Finding]:
    return list(find(run(Request(affinities(), source, device="cpu")), only=["membrane-inside"]))


def ids_of(findings: list[Finding]) -> set[int]:
    return {int(number) for finding in findings for number in finding.numbers["ids"]}


@pytest.mark.parametrize("bright", [False, True])
def test_a_membrane_between_objects_that_were_joined_is_found(bright: bool) -> None:
    sample = neurites((28, 112, 112))
    ids = np.where(sample.annotated.numpy() > 0, sample.labels.numpy(), 0).astype(np.int64)
    raw = 255 - sample.raw.numpy() if bright else sample.raw.numpy()
    assert inside(Source(sample.labels.like(ids), None, sample.raw.like(raw))) == []
    subject = Subject(
        run(Request(affinities(), Source(sample.labels.like(ids), None, sample.raw.like(raw)), device="cpu"))
    )
    met = Membranes.of(subject).met
    sizes = np.bincount(ids.reshape(-1))
    planted: dict[int, int] = {}
    for k in np.argsort(-met.faces):
        a, b = met.pairs[k].tolist()
        if not {a, b} & {*planted, *planted.values()} and sizes[[a, b]].min() > 2000 and len(planted) < 6:
            planted[a] = b
    for kept, gone in planted.items():
        ids[ids == gone] = kept
    found = inside(Source(sample.labels.like(ids), None, sample.raw.like(raw)))
    assert ids_of(found) <= set(planted)
    assert len(ids_of(found)) >= 3
    assert found[0].severity == "info"
    assert found[0].message.startswith("A membrane runs through object ")
    assert found[0].where.voxels > 0


def test_real_objects_have_no_membrane_inside() -> None:
    for name in ("medulla", "crop_fractional"):
        assert inside(real(name)) == []
    source = real("medulla")
    assert inside(Source(source.gt)) == []


def test_where_raw_data_are_shifted_only_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    aligned = Mock(wraps=alignment.alignment_of)
    monkeypatch.setattr(alignment, "alignment_of", aligned)
    source = real("medulla")
    shifted = Source(source.gt, None, source.raw.like(np.roll(source.raw.numpy(), 3, axis=1)))
    subject = Subject(run(Request(affinities(), shifted, device="cpu")))
    assert Membranes.of(subject).usual != 0  # so that shifted membranes would be judged
    kinds = ["raw-misaligned", "no-membrane-between", "membrane-inside"]
    assert [finding.id for finding in find(subject.inspection, only=kinds)] == ["raw-misaligned"]
    aligned.assert_called_once()  # for both checks
