"""Findings about networks: too small a field for the target, too large an input for the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array, Predictor, UNetConfig
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.engine.network import NetworkFacts, measure
from predictor_inspector.inspection.findings import Finding, cured, find

from .volumes import NEAREST, affinities, array, cells, distance

FLAT = {"input_shape": (20, 20, 20), "fmaps_out": 2, "num_fmaps": 2, "fmap_inc_factor": 2}
CONVOLUTIONS = UNetConfig(**FLAT, downsample_factors=())  # two of 3 voxels: 2.5 to each side


@pytest.fixture(scope="module")
def facts() -> NetworkFacts:
    return measure(CONVOLUTIONS)


def found(kind: str, predictor: Predictor, network: NetworkFacts | None, raw: Array | None = None) -> list[Finding]:
    source = Source(array(cells()), None, raw)
    return list(find(run(Request(predictor, source, None, "cpu", network=network)), only=[kind]))


def test_nothing_is_found_without_a_network() -> None:
    assert found("field-too-small", affinities(neighborhood=((30, 0, 0),)), None) == []
    assert found("input-exceeds-crop", affinities(), None) == []


@pytest.mark.parametrize("offset", [(2, 0, 0), (0, -2, 0), (2, 2, -2)])
def test_partners_within_sight_are_fine(offset: tuple[int, ...], facts: NetworkFacts) -> None:
    assert found("field-too-small", affinities(neighborhood=(offset,)), facts) == []


@pytest.mark.parametrize("offset", [(3, 0, 0), (0, -3, 0), (2, 2, -3)])
def test_a_partner_out_of_sight_is_told_with_numbers_for_its_axis(offset: tuple[int, ...], facts: NetworkFacts) -> None:
    (finding,) = found("field-too-small", affinities(neighborhood=(*NEAREST, offset)), facts)
    (axis,) = [a for a, o in enumerate(offset) if abs(o) == 3]
    assert finding.severity == "warning"
    assert len(finding.channels) == 1
    assert f"must see 30 nm along {'zyx'[axis]}; this one sees 25 nm." in finding.message
    assert finding.cure is not None
    assert finding.cure.parameters == {"neighborhood": NEAREST}


def test_the_cure_of_a_window_makes_it_fit(facts: NetworkFacts) -> None:
    wide = measure(replace(CONVOLUTIONS, downsample_factors=(2, 2), input_shape=(44, 44, 44)))
    (finding,) = found("field-too-small", affinities(lsds=True, num_voxels=10), wide)
    assert (
        finding.message
        == "To know the LSDs a network must see 300 nm along z, 300 nm along y and 300 nm along x; "
        + (f"this one sees {', '.join(['205 nm'] * 2)} and 205 nm.")
    )
    assert finding.cure is not None
    assert finding.cure.parameters == {"num_voxels": 6}
    # A window of a single voxel would still be too much for two convolutions.
    assert found("field-too-small", affinities(lsds=True, num_voxels=10), facts)[0].cure is None


def test_distances_need_the_predictors_context(facts: NetworkFacts) -> None:
    wide = measure(replace(CONVOLUTIONS, downsample_factors=(2, 2), input_shape=(44, 44, 44)))
    request = Request(distance(scale_factor=100), Source(array(cells())), None, "cpu", network=wide)
    (finding,) = found("field-too-small", request.predictor, wide)
    assert finding.numbers["needed_before"][0] == request.predictor.padding((20, 20, 20), 2)[0] / 2
    assert finding.cure is not None
    assert 50 < finding.cure.parameters["scale_factor"] < 100
    assert list(find(run(cured(request, finding.cure)), only=["field-too-small"])) == []
    # What two convolutions see would make a scale factor of less than a voxel.
    assert found("field-too-small", request.predictor, facts)[0].cure is None


def test_the_input_is_counted_at_the_voxel_size_that_makes_the_targets() -> None:
    halved = measure(UNetConfig(**FLAT | {"input_shape": (16, 16, 16)}, downsample_factors=(), upsample_factors=(2,)))
    (finding,) = found("field-too-small", affinities(neighborhood=((9, 0, 0),)), halved)
    assert finding.numbers["seen_after"][0] == 20 * halved.field[0].after


def test_an_input_that_fits_is_fine(facts: NetworkFacts) -> None:
    assert found("input-exceeds-crop", affinities(), facts) == []


def sized(n: int, **other: Any) -> NetworkFacts:
    return measure(replace(CONVOLUTIONS, input_shape=(n, n, n), **other))


def test_an_input_larger_than_the_ground_truth_may_find_more_raw_data() -> None:
    (finding,) = found("input-exceeds-crop", affinities(), sized(42))
    assert finding.severity == "info"
    assert "input of 42 × 42 × 42 voxels, 420 × 420 × 420 nm, is larger than the ground truth" in finding.message
    assert finding.cure is not None
    assert finding.cure.network == {"input_shape": (40, 40, 40)}
    assert finding.as_dict()["cure"]["network"] == {"input_shape": [40, 40, 40]}


def test_an_input_larger_than_the_raw_data_is_a_warning() -> None:
    around = Array(np.zeros((50, 50, 50), np.uint8), (20, 20, 20), (100, 300, 500), unit="nm", subdivision=2)
    assert found("input-exceeds-crop", affinities(), sized(42), around) == []
    (finding,) = found("input-exceeds-crop", affinities(), sized(44 + 8), around)
    assert finding.severity == "warning"
    # Its output, 48, must fit into the ground truth of 40, too.
    assert finding.cure is not None
    assert finding.cure.network == {"input_shape": (44, 44, 44)}


def test_an_output_larger_than_the_ground_truth_is_a_warning() -> None:
    (finding,) = found("input-exceeds-crop", affinities(), sized(50))
    assert finding.severity == "warning"
    assert finding.message.startswith("The network's output of 46 × 46 × 46 voxels")


def test_without_a_valid_input_that_fits_larger_crops_are_advised() -> None:
    deep = sized(220, downsample_factors=(2, 2, 2, 2))
    (finding,) = found("input-exceeds-crop", affinities(), deep)
    assert finding.cure is None
    assert finding.advice == "No valid input fits, the smallest is 220 × 220 × 220 voxels; use larger crops."


def test_a_network_of_other_axes_than_the_data_is_refused() -> None:
    flat = measure(UNetConfig(**FLAT | {"input_shape": (20, 20)}, downsample_factors=()))
    with pytest.raises(ValueError, match="the network has 2 spatial axes, but the ground truth has 3"):
        Request(affinities(), Source(array(cells())), network=flat)
