"""Why affinities are 0 or 1: the reason that is named is the reason there is."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.explanation import Arrow, BoxMark, Explanation, explain

IDS = np.array([[1, 1, 2, 0, 0, 3, 3]], np.uint8)


def explained(
    x: int,
    offset: tuple[int, int] = (0, 1),
    ids: np.ndarray = IDS,
    mask: np.ndarray | None = None,
    **parameters: bool | int,
) -> Explanation:
    gt = Array(ids, (10, 4), (100, 200))
    known = None if mask is None else Array(mask, (10, 4), (100, 200))
    predictor = AffinitiesPredictor([offset], lsds=False, **parameters)
    return explain(inspect(predictor, gt, mask=known, device="cpu"), 0, (0, x))


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (0, "1, because this voxel and its partner (+1 voxel in x, 4 nm away) both have id 1."),
        (1, "0, because the ids 1 and 2 differ; the partner is +1 voxel in x, 4 nm away."),
        (2, "0, because the partner is background (id 0); it is +1 voxel in x, 4 nm away."),
        (3, "0, because this voxel is background (id 0); the partner is +1 voxel in x, 4 nm away."),
        (6, "0, because the partner (+1 voxel in x, 4 nm away) lies outside the data, where no object is known."),
    ],
)
def test_the_sentence_names_the_reason(x: int, sentence: str) -> None:
    found = explained(x)
    assert found.why_value.sentence == sentence
    assert found.why_value.derived == found.value


def test_background_counts_as_an_object_if_asked() -> None:
    assert explained(3, background_as_object=True).why_value.sentence.startswith(
        "1, because this voxel and its partner"
    )


def test_erosion_is_a_reason() -> None:
    ids = np.ones((1, 12), np.uint8)
    ids[0, 6:] = 2
    found = explained(3, ids=ids, grow_boundary_iterations=2)
    assert found.value == 0
    assert "the partner lies within 2 steps of another id and is eroded" in found.why_value.sentence
    assert explained(1, ids=ids, grow_boundary_iterations=2).value == 1


@pytest.mark.parametrize("only_xy", [False, True])
def test_weight_0_is_explained_where_erosion_depends_on_what_is_not_annotated(only_xy: bool) -> None:
    ids = np.repeat([[1, 1, 1, 1, 1, 1, 2, 2, 2]], 3, 0)[:, None].astype(np.uint8)
    known = np.ones_like(ids)
    known[1, 0, 0] = 0
    gt, mask = Array(ids, (1, 1, 1)), Array(known, (1, 1, 1))
    predictor = AffinitiesPredictor([[0, 0, 1]], lsds=False, grow_boundary_iterations=2, only_xy=only_xy)
    inspection = inspect(predictor, gt, mask=mask, device="cpu")
    lost = 0
    for z, x in np.ndindex(3, 8):
        found = explain(inspection, 0, (z, 0, x))
        assert found.why_weight.derived == pytest.approx(found.weight)
        lost += "Whether erosion reaches the pair is not known" in " ".join(found.why_weight.steps)
    assert lost == (2 if only_xy else 6)


def test_an_arrow_leads_from_the_voxel_to_its_partner() -> None:
    found = explained(1, offset=(0, -1))
    (arrow,) = [m for m in found.marks if isinstance(m, Arrow)]
    assert arrow.begin == (105.0, 206.0)
    assert arrow.end == (105.0, 202.0)
    assert arrow.meaning == "yes"
    boxes = [m for m in found.marks if isinstance(m, BoxMark)]
    assert [(b.begin, b.end, b.label) for b in boxes] == [
        ((100.0, 204.0), (110.0, 208.0), "id 1"),
        ((100.0, 200.0), (110.0, 204.0), "id 1"),
    ]
    assert [m.meaning for m in explained(1).marks if isinstance(m, Arrow)] == ["no"]
    assert [m.meaning for m in explained(6).marks if isinstance(m, Arrow)] == ["unknown"]


def test_a_partner_that_is_not_annotated_takes_the_weight_away() -> None:
    known = np.ones_like(IDS)
    known[0, 1] = 0
    found = explained(0, mask=known)
    assert found.weight == found.why_weight.derived == 0
    assert "Its partner is not annotated" in " ".join(found.why_weight.steps)
    alone = explained(0, mask=known, mask_pairs=False)
    assert alone.weight == pytest.approx(alone.why_weight.derived)
    assert alone.weight > 0
    assert "outside the data" in " ".join(explained(6).why_weight.steps)


def test_offsets_along_several_axes_are_said_in_one_breath() -> None:
    ids = np.ones((5, 9), np.uint8)
    assert "(+2 voxels in y and +3 in x, 23.32 nm away)" in explained(0, (2, 3), ids).why_value.sentence
    assert "this voxel, its own partner, has id 1" in explained(0, (0, 0), ids).why_value.sentence
