"""Findings in samples of a pipeline: one fault planted in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array, OneHotPredictor, Predictor
from predictor_inspector.data.training_samples import TrainingSample
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample, samples_of
from predictor_inspector.inspection.training.pipeline import findings_over_samples

from .volumes import affinities, cells, distance, tissue

SHAPE = (14, 24, 24)
INNER = (slice(2, -2),) * 3
RANDOM = np.random.default_rng(5)


def labels(seed: int = 0) -> np.ndarray:
    return tissue(SHAPE, 9, seed)


def target_of(predictor: Predictor, ids: np.ndarray) -> np.ndarray:
    return predictor.create_target(Array(ids.copy(), (10,) * ids.ndim)).numpy()


def sample(
    ids: np.ndarray,
    target: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    inside: tuple[slice, ...] | None = None,
    raw: np.ndarray | None = None,
) -> TrainingSample:
    """A sample whose target and weights lie in a part of the labels."""
    dims = ids.ndim
    begin = tuple(10 * s.start for s in inside or (slice(0, 1),) * dims)

    def placed(values: np.ndarray | None, at: Sequence[int]) -> Array | None:
        return None if values is None else Array(values, (10,) * dims, at)

    return TrainingSample(
        raw=placed(raw, (0,) * dims),
        labels=placed(ids, (0,) * dims),
        target=placed(target, begin),
        weight=placed(weight, begin),
    )


def findings(samples: Sequence[TrainingSample], predictor: Predictor | None = None) -> list[Finding]:
    return list(findings_over_samples([ComparedSample(n, s, predictor) for n, s in enumerate(samples)]))


def with_context(make: Callable[[np.ndarray], np.ndarray], ids: np.ndarray, **more: Any) -> TrainingSample:
    """A sample whose labels reach around its target."""
    made = make(ids)
    return sample(ids, np.ascontiguousarray(made[(slice(None), *INNER)]), inside=INNER, **more)


AFFINITIES, DISTANCE = affinities(), distance()


@pytest.mark.parametrize("predictor", [AFFINITIES, DISTANCE, affinities(lsds=True, num_voxels=2)])
def test_our_own_targets_are_not_found_fault_with(predictor: Predictor) -> None:
    good = [with_context(lambda ids: target_of(predictor, ids), labels(seed)) for seed in range(2)]
    assert findings(good, predictor) == []


@pytest.mark.parametrize(
    ("change", "undo", "told"),
    [
        (lambda a: a[..., ::-1], lambda a: a[..., ::-1], "flipped along x"),
        (lambda a: a[..., ::-1, ::-1], lambda a: a[..., ::-1, ::-1], "flipped along y and x"),
        (lambda a: np.rot90(a, 1, (-2, -1)), lambda a: np.rot90(a, -1, (-2, -1)), "rotated by 90° in y and x"),
    ],
)
def test_a_target_that_was_flipped_after_it_was_made_is_named_with_its_axes(
    change: Callable[[np.ndarray], np.ndarray], undo: Callable[[np.ndarray], np.ndarray], told: str
) -> None:
    good = with_context(lambda ids: target_of(AFFINITIES, ids), labels(1))
    bad = with_context(lambda ids: change(target_of(AFFINITIES, undo(ids))), labels(2))
    (finding,) = findings([good, bad], AFFINITIES)
    assert (finding.id, finding.severity, samples_of(finding)) == ("target-augmented", "error", (1,))
    assert finding.message == f"In sample 1 the target was made before labels were {told}: offsets point elsewhere."


def test_a_target_that_stayed_while_labels_were_flipped_is_found() -> None:
    good = with_context(lambda ids: target_of(AFFINITIES, ids), labels(1))
    bad = with_context(lambda ids: target_of(AFFINITIES, ids[..., ::-1]), labels(2))
    (finding,) = findings([good, bad], AFFINITIES)
    assert finding.id == "target-augmented"
    assert finding.message == "In sample 1 labels were flipped along x, but the target wasn't."


def test_distances_point_nowhere_so_that_a_flip_does_not_matter() -> None:
    flipped = with_context(lambda ids: target_of(DISTANCE, ids[..., ::-1])[..., ::-1], labels(2))
    assert findings([flipped], DISTANCE) == []


NEGATED = tuple(tuple(-o for o in offset) for offset in AFFINITIES.neighborhood)
LONG = affinities(neighborhood=[[1, 0, 0], [0, 2, 0], [0, 0, 3]])
CONVENTIONS: list[tuple[Predictor, Callable[[np.ndarray], np.ndarray], str, dict[str, Any] | None]] = [
    (AFFINITIES, lambda ids: 1 - target_of(AFFINITIES, ids), "1 − our values", None),
    (AFFINITIES, lambda ids: (255 * target_of(AFFINITIES, ids)).astype(np.uint8), "values of 0 to 255", None),
    (
        AFFINITIES,
        lambda ids: target_of(affinities(neighborhood=NEGATED), ids),
        "offsets of the opposite sign",
        {"neighborhood": NEGATED},
    ),
    (
        LONG,
        lambda ids: target_of(affinities(neighborhood=[o[::-1] for o in LONG.neighborhood]), ids),
        "offsets in the order x, y, z",
        {"neighborhood": ((0, 0, 1), (0, 2, 0), (3, 0, 0))},
    ),
    (
        AFFINITIES,
        lambda ids: target_of(affinities(background_as_object=True), ids),
        "background as an object of its own",
        {"background_as_object": True},
    ),
    (
        AFFINITIES,
        lambda ids: target_of(affinities(grow_boundary_iterations=1), ids),
        "objects eroded by 1 voxel",
        {"grow_boundary_iterations": 1},
    ),
    (LONG, lambda ids: target_of(LONG, ids)[[1, 2, 0]], "channels in the order aff y+2, aff x+3 and aff z+1", None),
    (DISTANCE, lambda ids: -target_of(DISTANCE, ids), "the opposite sign", None),
    (DISTANCE, lambda ids: (target_of(DISTANCE, ids) + 1) / 2, "values of 0 to 1 instead of −1 to 1", None),
    (DISTANCE, lambda ids: target_of(distance(scale_factor=30), ids), "a scale factor of 30", {"scale_factor": 30.0}),
    (
        DISTANCE,
        lambda ids: np.arctanh(target_of(DISTANCE, ids).clip(-0.99999, 0.99999)) * 5,
        "distances as they are, without tanh and values that are 0.1 times ours",
        None,
    ),
]


@pytest.mark.parametrize(("predictor", "make", "told", "parameters"), CONVENTIONS, ids=[c[2] for c in CONVENTIONS])
def test_the_convention_that_explains_a_target_is_named(
    predictor: Predictor,
    make: Callable[[np.ndarray], np.ndarray],
    told: str,
    parameters: dict[str, Any] | None,
) -> None:
    samples = [with_context(make, cells((24, 24, 40), 5, 12) if seed else labels(seed)) for seed in range(2)]
    (finding,) = [f for f in findings(samples, predictor) if f.id == "target-differs"]
    assert (finding.severity, samples_of(finding)) == ("warning", (0, 1))
    assert told in finding.message
    if parameters is None:
        assert finding.cure is None
    else:
        assert finding.cure is not None
        assert finding.cure.parameters == parameters
        mended = replace(predictor, **finding.cure.parameters)  # type: ignore[type-var]
        assert [f for f in findings(samples, mended) if f.id == "target-differs"] == []


def test_distances_between_centres_are_named() -> None:
    def centred(ids: np.ndarray) -> np.ndarray:
        """Along x alone, where a row of objects is cut by planes."""
        run = np.abs(np.arange(40) % 8 - 3.5) * -1 + 4.5
        return np.broadcast_to(np.tanh(10 * run / 50), ids.shape)[None].astype(np.float32)

    ids = np.broadcast_to(np.arange(40) // 8 + 1, (8, 8, 40)).astype(np.uint16)
    (finding,) = findings([with_context(centred, ids)], DISTANCE)
    assert "distances to the centre of the nearest voxel of another kind" in finding.message


def test_a_target_that_nothing_explains_is_an_error_that_says_where() -> None:
    def wrong(ids: np.ndarray) -> np.ndarray:
        made = target_of(AFFINITIES, ids)
        made[2, 4:9, 4:9, 4:9] = 1 - made[2, 4:9, 4:9, 4:9]
        return made

    (finding,) = findings([with_context(wrong, labels())], AFFINITIES)
    assert (finding.id, finding.severity, finding.channels) == ("target-differs", "error", ("aff x+1",))
    assert (tuple(finding.where.roi.begin), finding.where.voxels) == ((40, 40, 40), 125)


def test_samples_that_were_looked_at_cost_no_target_when_more_come(monkeypatch: pytest.MonkeyPatch) -> None:
    good = with_context(lambda ids: target_of(AFFINITIES, ids), labels(1))
    unexplained = with_context(lambda ids: RANDOM.random((3, *ids.shape)), labels(2))
    samples = [ComparedSample(n, s, AFFINITIES) for n, s in enumerate((good, unexplained))]
    found = [f.message for f in findings_over_samples(samples)]
    monkeypatch.delattr(ComparedSample, "made")
    assert [f.message for f in findings_over_samples(samples)] == found


def test_a_target_with_other_channels_is_an_error() -> None:
    (finding,) = findings([with_context(lambda ids: RANDOM.random((5, *ids.shape)), labels())], AFFINITIES)
    assert "has 5 channels, but the predictor makes 3" in finding.message


def test_what_has_no_weight_may_differ() -> None:
    made = target_of(AFFINITIES, labels())[(slice(None), *INNER)].copy()
    weight = np.ones_like(made)
    made[:, :5], weight[:, :5] = 7, 0
    assert findings([sample(labels(), made, weight, INNER)], AFFINITIES) == []


def test_a_target_of_labels_that_were_cropped_first_has_lost_its_context() -> None:
    cropped = np.ascontiguousarray(labels()[INNER])
    (finding,) = findings([sample(labels(), target_of(AFFINITIES, cropped), None, INNER)], AFFINITIES)
    assert (finding.id, finding.severity) == ("context-lost", "error")
    assert "aren't what the labels around it say" in finding.message


@pytest.mark.parametrize(("weight", "severity"), [(1.0, "error"), (None, "warning")])
def test_values_that_depend_on_what_lies_beyond_the_labels_must_have_no_weight(
    weight: float | None, severity: str
) -> None:
    made = target_of(AFFINITIES, labels())
    weights = None if weight is None else np.full_like(made, weight)
    (finding,) = findings([sample(labels(), made, weights)], AFFINITIES)
    assert (finding.id, finding.severity) == ("context-lost", severity)
    assert finding.where.voxels == np.prod(SHAPE) - np.prod([n - 1 for n in SHAPE])
    if weights is not None:
        for channel, axis in enumerate((0, 1, 2)):
            np.moveaxis(weights[channel], axis, 0)[-1] = 0
        assert findings([sample(labels(), made, weights)], AFFINITIES) == []


def test_interpolated_labels_are_found_by_fractions_and_by_ids_between_others() -> None:
    ids = 10 * labels()
    assert findings([sample(ids)]) == []
    halves = (ids[..., 1:].astype(float) + ids[..., :-1]) / 2 + 0.25
    (finding,) = findings([sample(halves)])
    assert (finding.id, finding.severity) == ("labels-interpolated", "error")
    assert "labels hold fractions, such as " in finding.message
    blurred = (ids[..., 1:].astype(int) + ids[..., :-1]) // 2
    finding = findings([sample(ids), sample(blurred)])[0]
    assert (finding.id, samples_of(finding)) == ("labels-interpolated", (1,))
    assert set(finding.numbers["ids"]) <= set(np.unique(blurred)) - set(np.unique(ids))


def test_classes_may_lie_between_others() -> None:
    ids = np.zeros((8, 24, 24), np.uint8)
    ids[:, 4:20, 4:20], ids[:, 5:19, 5:19] = 1, 2
    assert [f.id for f in findings([sample(ids)])] == ["labels-interpolated"]
    assert findings([sample(ids)], OneHotPredictor(["background", "membrane", "inside"])) == []


def test_objects_that_shifted_sections_tear_are_found() -> None:
    ids = np.zeros((12, 32, 32), np.uint16)
    for number, (y, x) in enumerate([(4, 4), (4, 20), (20, 12)], 1):
        ids[:, y : y + 4, x : x + 4] = number
    assert findings([sample(ids)]) == []
    ids[6:] = np.roll(ids[6:], 6, 2)
    (finding,) = findings([sample(ids)])
    assert (finding.id, finding.severity, finding.numbers["ids"]) == ("object-torn", "warning", [1, 2, 3])


def test_fragments_that_an_elastic_deformation_leaves_are_found() -> None:
    ids = cells((24, 24, 40), 5, 12)
    assert findings([sample(ids)]) == []
    for x in (13, 25):
        ids[5:9, 6:8, x + 1] = ids[7, 7, x - 3]
    ids[5:9, 14, 6:8] = ids[7, 11, 7]
    (finding,) = findings([sample(ids)])
    assert finding.id == "object-torn"


def test_samples_with_the_same_bits_are_found() -> None:
    raw = RANDOM.random(SHAPE)
    different = [sample(labels(), raw=RANDOM.random(SHAPE)) for _ in range(2)]
    assert findings(different) == []
    (finding,) = findings([*different, sample(labels(), raw=raw), sample(labels(1), raw=raw)])
    assert (finding.id, samples_of(finding)) == ("no-op-augmentation", (2, 3))
    assert finding.message == "Samples have the same raw data, bit by bit: 2 = 3."
    (finding,) = findings([sample(labels(), raw=raw)] * 3)
    assert finding.message == "All 3 samples have the same raw data, bit by bit."


def test_clipped_intensities_are_found_and_padding_is_not() -> None:
    raw = RANDOM.normal(0.5, 0.2, SHAPE).clip(0.01, 0.99)
    raw[:3] = 0
    usual = RANDOM.normal(0.5, 0.1, SHAPE)
    padded = usual.copy()
    padded[:3], padded[:, :, 20:] = 0, 0
    assert findings([sample(labels(), raw=usual), sample(labels(), raw=padded)]) == []
    cut = (1.6 * usual).clip(0, 1)
    (finding,) = findings([sample(labels(), raw=usual), sample(labels(), raw=cut)])
    assert (finding.id, samples_of(finding)) == ("intensity-clipped", (1,))
    assert "of the values are exactly the highest, 1." in finding.message
