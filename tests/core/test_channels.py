"""What predictors say of their channels holds for their targets, weights and counts."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import predictor_inspector
from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    ArrayType,
    BoundaryPredictor,
    CellposeFlowsPredictor,
    Channel,
    ClassCounts,
    DistanceArray,
    DistancePredictor,
    DummyPredictor,
    EmbeddingArray,
    HotDistancePredictor,
    InnerDistancePredictor,
    IntensitiesArray,
    OneHotPredictor,
    Predictor,
    ProbabilityArray,
    StarDistPredictor,
    parameters_of,
    predictor_from_config,
)
from predictor_inspector.inspection import Inspection, inspect

PREDICTORS: list[Predictor] = [
    AffinitiesPredictor([[1, 0, 0], [0, -3, 2], [0, 0, 0]], num_voxels=2),
    AffinitiesPredictor([[0, 0, 1]], lsds=False, background_as_object=True),
    DistancePredictor(["a"], 20.0, mask_distances=True),
    HotDistancePredictor(["a"], 20.0, mask_distances=False),
    InnerDistancePredictor(["a"], 20.0),
    BoundaryPredictor(foreground=True),
    CellposeFlowsPredictor(3, 40.0, iterations=20),
    StarDistPredictor(3, 8, rays=5),
    OneHotPredictor(["background", "b", "c"]),
    DummyPredictor(2),
]


def inspections(golden: Path) -> Iterator[Inspection]:
    """Every predictor on real tissue, and with every golden configuration."""
    for path in sorted(golden.glob("*.npz")):
        reference = np.load(path)
        meta = json.loads(str(reference["meta"]))
        gt = Array(reference["gt"], meta["voxel_size"], meta["offset"], meta["axis_names"])
        yield inspect(predictor_from_config({"kind": meta["predictor"], **meta["params"]}), gt, device="cpu")
    tissue = np.load(golden / "affinities_nearest_3d.npz")["gt"]
    for predictor in PREDICTORS:
        yield inspect(predictor, Array(tissue, (40, 4, 4)), device="cpu")


@pytest.fixture(scope="module")
def inspected(golden: Path) -> list[Inspection]:
    return list(inspections(golden))


def channels_of(inspected: list[Inspection]) -> Iterator[tuple[Inspection, Channel, np.ndarray]]:
    for inspection in inspected:
        yield from ((inspection, c, t) for c, t in zip(inspection.channels, inspection.target.numpy(), strict=True))


def test_targets_lie_in_the_range_that_their_channel_declares(inspected: list[Inspection]) -> None:
    for _, channel, values in channels_of(inspected):
        assert values.min() >= channel.minimum
        assert values.max() <= channel.maximum


def test_signed_channels_are_negative_on_background_and_no_others_are(inspected: list[Inspection]) -> None:
    signed = [values for _, channel, values in channels_of(inspected) if channel.signed]
    assert len(signed) >= 5
    assert any(values.min() < -0.5 for values in signed)
    assert {c.kind for _, c, _ in channels_of(inspected) if c.signed} == {"flow", "signed distance"}


def test_an_affinity_compares_a_voxel_with_the_one_at_the_offset(inspected: list[Inspection]) -> None:
    compared = 0
    for inspection, channel, values in channels_of(inspected):
        predictor: Any = inspection.request.predictor
        if channel.kind != "affinity" or predictor.value_of(channel, "erosion"):
            continue
        ids = np.asarray(inspection.gt.data)
        ids = ids.reshape(ids.shape[-inspection.gt.dims :]).astype(np.int64)
        padded = np.pad(ids, [(abs(o), abs(o)) for o in channel.offset], constant_values=-1)
        partner = padded[
            tuple(slice(abs(o) + o, abs(o) + o + n) for o, n in zip(channel.offset, ids.shape, strict=True))
        ]
        counts = partner == ids
        if not predictor.value_of(channel, "background"):
            counts &= ids > 0
        np.testing.assert_array_equal(values, counts)
        compared += 1
    assert compared > 10


def test_a_class_is_where_its_id_is_and_other_one_hot_channels_where_any_object_is(inspected: list[Inspection]) -> None:
    seen = set()
    for inspection, channel, values in channels_of(inspected):
        if channel.kind == "one-hot":
            ids = np.asarray(inspection.gt.data)
            ids = ids[channel.source] if inspection.gt.channel_dims else ids
            np.testing.assert_array_equal(values, ids > 0 if channel.label is None else ids == channel.label)
            seen.add(channel.label)
    assert {None, 0, 1} <= seen


def test_distances_are_positive_inside_their_source_and_their_scale_is_a_length(inspected: list[Inspection]) -> None:
    seen = set()
    for inspection, channel, values in channels_of(inspected):
        assert channel.is_distance == ("distance" in channel.kind)
        if channel.is_distance:
            ids = np.asarray(inspection.gt.data)
            ids = ids[channel.source] if inspection.gt.channel_dims else ids
            np.testing.assert_array_equal(values > 0, ids > 0)
            parameters = {p.name: p for p in parameters_of(type(inspection.request.predictor))}
            assert parameters[channel.roles["scale"]].unit == "length"
            seen.add(channel.kind)
    assert seen == {"signed distance", "distance"}


def test_every_role_is_played_by_a_parameter(inspected: list[Inspection]) -> None:
    for inspection, channel, _ in channels_of(inspected):
        predictor = inspection.request.predictor
        assert set(channel.roles.values()) <= {p.name for p in parameters_of(type(predictor))}
        for role, name in channel.roles.items():
            assert predictor.value_of(channel, role) == getattr(predictor, name)
        assert predictor.value_of(channel, "no such role", "nothing") == "nothing"


def test_channels_of_one_row_share_a_weight_that_follows_from_the_counts_of_that_row(
    inspected: list[Inspection],
) -> None:
    for inspection in inspected:
        weights, counts, predictor = inspection.weight.numpy(), inspection.counts, inspection.request.predictor
        rows = {channel.row for channel in inspection.channels}
        if not isinstance(counts, ClassCounts):
            assert rows == {None}
            continue
        assert rows == set(range(len(counts)))
        first: dict[int | None, np.ndarray] = {}
        for channel, weight, target in zip(inspection.channels, weights, inspection.target.numpy(), strict=True):
            np.testing.assert_array_equal(weight, first.setdefault(channel.row, weight))
            assert channel.row is not None
            fractions = counts.fractions[channel.row].numpy()
            clips = predictor.value_of(channel, "clipmin"), predictor.value_of(channel, "clipmax")
            expected = 1 / (2 * np.clip(fractions, *clips))
            if channel.kind != "descriptor":
                for positive in (False, True):
                    found = weight[((target > 0) == positive) & (weight > 0)]
                    np.testing.assert_allclose(found, expected[int(positive)], rtol=1e-5)


def test_descriptors_come_in_groups_in_the_order_of_the_axes() -> None:
    channels = AffinitiesPredictor([[0, 0, 1]]).describe_channels(["a", "b", "c"])
    groups = [c.group for c in channels]
    assert groups == ["affinities", *["mean offset"] * 3, *["variance"] * 3, *["pearson"] * 3, "size"]
    assert [c.name for c in channels][1:] == [
        *("lsd mean offset a", "lsd mean offset b", "lsd mean offset c"),
        *("lsd variance a", "lsd variance b", "lsd variance c"),
        *("lsd pearson ab", "lsd pearson ac", "lsd pearson bc"),
        "lsd size",
    ]


def test_channels_are_named_after_the_axes_of_the_ground_truth() -> None:
    ids = np.zeros((8, 6, 4), np.uint32)
    ids[:4], ids[4:] = 1, 2
    gt = Array(ids, (4, 8, 40), axis_names=("x", "y", "z"))
    predictor = AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, -1, 2]], num_voxels=1)
    whole = inspect(predictor, gt, device="cpu")
    assert whole.channel_names[:4] == ("aff x+1", "aff y+1", "aff y-1 z+2", "lsd mean offset x")
    assert [s.name for s in whole.statistics] == list(whole.channel_names)
    crossing = whole.target.numpy()[0, 3]
    assert not crossing.any()  # the boundary lies across x
    assert predictor.channel_names[:3] == ("aff z+1", "aff y+1", "aff y-1 x+2")


def test_names_for_another_number_of_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="offsets of 3 numbers, but axes has 2 spatial axes"):
        AffinitiesPredictor([[0, 0, 1]]).describe_channels(["y", "x"])


class Foreign(DummyPredictor):
    """Somebody else's predictor, which says nothing but its type."""

    describe_channels = Predictor.describe_channels
    meaning: ArrayType = EmbeddingArray(2)

    @property
    def output_array_type(self) -> Any:
        return type(self).meaning


@pytest.mark.parametrize(
    ("meaning", "names", "span", "group"),
    [
        (EmbeddingArray(2), ("channel 0", "channel 1"), (0, 1), ""),
        (DistanceArray(["a"]), ("a",), (-1, 1), ""),
        (ProbabilityArray(["a", "b"]), ("a", "b"), (0, 1), "classes"),
        (IntensitiesArray(["raw"], -5, 250), ("raw",), (-5, 250), ""),
    ],
)
def test_predictors_that_say_nothing_have_the_channels_of_their_type(
    meaning: ArrayType, names: tuple[str, ...], span: tuple[float, float], group: str
) -> None:
    foreign = type("One", (Foreign,), {"meaning": meaning})(2)
    channels = foreign.describe_channels()
    assert tuple(c.name for c in channels) == foreign.channel_names == names
    assert {(c.minimum, c.maximum) for c in channels} == {span}
    assert {c.group for c in channels} == {group}
    assert {c.kind for c in channels} == {""}


def test_channels_can_be_compared_and_put_into_sets() -> None:
    first, again = (AffinitiesPredictor([[0, 0, 1]]).describe_channels() for _ in range(2))
    assert first == again
    assert len({*first, *again}) == len(first)


def names_tested(source: str) -> list[str]:
    """Expressions that look into a name for a word with which channels' names begin."""
    words = {c.name.split()[0] for p in PREDICTORS for c in p.describe_channels() if " " in c.name} - {"channel"}
    found = []
    for node in ast.walk(ast.parse(source)):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = node.args if node.func.attr in ("startswith", "removeprefix", "partition", "find") else []
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In):
            asked = [node.left]
        texts = [part.value for a in asked for part in ast.walk(a) if isinstance(part, ast.Constant)]
        if any(isinstance(text, str) and text.split()[:1] and text.split()[0] in words for text in texts):
            found.append(ast.unparse(node))
    return found


def test_nobody_tells_channels_apart_by_their_names() -> None:
    package = Path(predictor_inspector.__file__).parent
    files = [path for path in package.rglob("*.py") if package / "core" / "predictors" not in path.parents]
    assert len(files) > 150
    assert {path.name: found for path in files if (found := names_tested(path.read_text("utf-8")))} == {}
    for asked in (
        'name.startswith("aff ")',
        '"lsd" in name',
        'name.removeprefix("hot ")',
        'n.startswith(("lsd", "a"))',
    ):
        assert names_tested(f"print({asked})") == [ast.unparse(ast.parse(asked)).strip()]
