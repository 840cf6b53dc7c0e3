"""Objects that lost their labels are found, and little else is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor_inspector.data import cells_2d
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.findings import Finding, cured, find

from .test_alignment import real, shifted
from .volumes import affinities


def request(source: Source) -> Request:
    offsets = np.eye(source.gt.dims, dtype=int).tolist()
    return Request(affinities(neighborhood=offsets), source, device="cpu")


def unlabelled(source: Source) -> list[Finding]:
    return list(find(run(request(source)), only=["unlabelled-object"]))


def without(source: Source, gone: np.ndarray) -> Source:
    """Ground truth of which the objects of these ids lost their labels."""
    ids = source.gt.numpy()
    return replace(source, gt=source.gt.like(np.where(np.isin(ids, gone), 0, ids)))


def half_annotated(source: Source) -> Source:
    ids = source.gt.numpy().copy()
    ids[..., ids.shape[-1] // 2 :] = 0
    return replace(source, gt=source.gt.like(ids))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["nuclei 2-D", "nuclei 3-D"])
def test_the_half_that_nobody_annotated_is_an_error(name: str, dark: bool) -> None:
    source = real(name)
    if dark:
        source = replace(source, raw=source.raw.like(source.raw.numpy().max() - source.raw.numpy()))
    half, middle = half_annotated(source), source.gt.shape[-1] // 2
    found = unlabelled(half)
    assert {finding.severity for finding in found} == {"error"}
    for numbers in (finding.numbers for finding in found):
        low, high = sorted((numbers["of_objects"], numbers["of_background"]))
        assert 0 <= low < high <= source.raw.numpy().max()
        assert (numbers["of_objects"] == low) == dark
        assert all((value < numbers["of_background"]) == dark for value in numbers["brightness"])
    told = np.zeros(source.gt.shape, bool)
    for finding in found:
        told[source.gt.to_slices(finding.where.roi)] |= finding.where.mask.numpy()
    lost = (source.gt.numpy() > 0) & (half.gt.numpy() == 0)
    assert (told & lost).sum() > 0.7 * lost.sum()
    assert told[..., middle:].sum() > 0.9 * told.sum()

    masked = source.gt.like((np.arange(source.gt.shape[-1]) < middle) & np.ones(source.gt.shape, bool))
    assert {f.severity for f in unlabelled(replace(half, mask=masked))} <= {"warning"}


def test_single_objects_that_were_missed_are_found_each_at_its_place() -> None:
    source = real("nuclei 2-D")
    ids = source.gt.numpy()
    assert unlabelled(source) == []
    numbers, sizes = np.unique(ids[ids > 0], return_counts=True)
    gone = numbers[sizes > 200][::4]
    found = unlabelled(without(source, gone))
    of = [np.unique(ids[source.gt.to_slices(f.where.roi)][f.where.mask.numpy()]) for f in found]
    hit = {int(number) for numbers in of for number in numbers if number in gone}
    assert len(hit) >= len(gone) - 1
    assert len(found) <= len(hit)
    assert "has no label" in found[0].message


def test_nuclei_without_a_label_in_a_published_example_are_told() -> None:
    found = unlabelled(real("nuclei 3-D"))
    assert [(f.severity, f.where.voxels > 400) for f in found] == [("warning", True)] * 2


def test_a_cure_masks_the_place_and_not_the_objects_around_it() -> None:
    here = request(without(real("nuclei 2-D"), np.array([84])))
    (finding,) = list(find(run(here), only=["unlabelled-object"]))
    assert finding.severity == "warning"
    mended = cured(here, finding.cure)
    again = run(mended)
    assert list(find(again, only=["unlabelled-object"])) == []
    mask = mended.source.mask.numpy()
    assert not mask[mended.source.gt.to_slices(finding.where.roi)][finding.where.mask.numpy()].any()
    assert mask[mended.source.gt.numpy() > 0].all()
    assert 0.98 < mask.mean() < 1


@pytest.mark.parametrize("name", ["medulla", "crop_fractional"])
def test_tissue_whose_objects_cannot_be_told_from_background_is_left_alone(name: str) -> None:
    source = real(name)
    assert unlabelled(without(source, np.unique(source.gt.numpy())[2:30:9])) == []
    assert unlabelled(replace(source, mask=None)) == []


def test_shifted_raw_data_and_few_objects_are_no_reason() -> None:
    assert unlabelled(shifted(real("nuclei 2-D"), (0, 4))) == []
    few = real("nuclei 2-D")
    assert unlabelled(without(few, np.unique(few.gt.numpy())[5:])) == []
    for seed in range(4):
        sample = cells_2d((160, 192), seed)
        assert unlabelled(Source(sample.labels, None, sample.raw)) == []
