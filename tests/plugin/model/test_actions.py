"""Actions of messages and findings, on settings and layers without a window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from predictor_inspector.core.about import About
from predictor_inspector.data.layers import ABOUT, about_for_layer
from predictor_inspector.data.repair import Repair, annotated_in, is_negative, masking
from predictor_inspector.inspection.findings import Cure
from predictor_inspector.plugin.model.actions import Desk, action_of
from predictor_inspector.plugin.model.history import History

from ..loop import Loop
from ..stage import UNITS, VOXEL_SIZE, blocks


@pytest.fixture
def perform(loop: Loop) -> Callable[[Cure], None]:
    def run(cure: Cure) -> None:
        with loop.settings.together():
            action_of(cure).run(Desk(loop.settings, loop.viewer.add_layer))
        loop.settle()

    return run


def test_a_cure_sets_parameters_and_settings_in_one_step(loop: Loop, perform: Callable[[Cure], None]) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False, mask_pairs=False, affs_weight_clipmin=0.1)
    history = History(loop.settings)
    perform(Cure("Turn mask pairs on", {"mask_pairs": True}, {"balance_over": "context"}))
    assert (loop.settings.config["mask_pairs"], loop.settings.config["affs_weight_clipmin"]) == (True, 0.1)
    assert loop.inspection.request.balance_over == "context"
    history.undo()
    assert (loop.settings.config["mask_pairs"], loop.settings.balance_over) == (False, "roi")


def test_what_is_not_annotated_gets_the_mask_that_is_there_or_a_new_one(
    loop: Loop, perform: Callable[[Cure], None]
) -> None:
    ids = blocks()
    inner = np.zeros(ids.shape, np.uint8)
    inner[2:8] = 1
    cure = Cure("Mask", repair=Repair(annotated=partial(annotated_in, [np.arange(n) > 3 for n in ids.shape])))
    loop.add_labels(ids)
    mask = loop.add_labels(inner, name="annotated")
    loop.settings.mask_layer = None
    perform(cure)
    assert loop.settings.mask_layer is mask
    loop.viewer.layers.remove(mask)
    perform(cure)
    expected = np.zeros(ids.shape, np.uint8)
    expected[4:, 4:, 4:] = 1
    np.testing.assert_array_equal(loop.settings.mask_layer.data, expected)
    assert loop.settings.gt_layer.data is ids


def test_a_repair_makes_layers_beside_the_old_ones(loop: Loop, perform: Callable[[Cure], None]) -> None:
    ids = blocks().astype(np.int32)
    ids[:, :5] = -1
    layer = loop.add_labels(ids)
    old = np.ones(ids.shape, np.uint8)
    old[0] = 0
    loop.settings.mask_layer = loop.add_labels(old, name="known")
    history = History(loop.settings)
    perform(Cure("Mask them", repair=masking(is_negative)))
    gt, mask = loop.settings.gt_layer, loop.settings.mask_layer
    np.testing.assert_array_equal(gt.data, np.where(ids < 0, 0, ids))
    np.testing.assert_array_equal(mask.data, (ids >= 0) & (old > 0))
    for made in (gt, mask):
        np.testing.assert_array_equal((made.scale, made.translate), (layer.scale, layer.translate))
        assert made.units == layer.units
    assert (layer.data == ids).all()
    loop.assert_layers_show_the_inspection()
    assert loop.settings.describe_mask() == mask.name
    history.undo()
    assert loop.settings.gt_layer is layer


def test_what_a_file_calls_unknown_stays_masked_in_a_mended_copy(loop: Loop, perform: Callable[[Cure], None]) -> None:
    ids = blocks().astype(np.int32)
    unknown = int(ids.max())
    ids[:, :5] = -1
    about = about_for_layer(About((unknown,), ("no voxel size for z",)), VOXEL_SIZE)
    loop.after(lambda: loop.viewer.add_labels(ids, scale=VOXEL_SIZE, units=UNITS, metadata={ABOUT: about}))
    perform(Cure("Mask them", repair=masking(is_negative)))
    gt, mask = loop.settings.gt_layer, loop.settings.mask_layer
    np.testing.assert_array_equal(gt.data, np.where((ids < 0) | (ids == unknown), 0, ids))
    np.testing.assert_array_equal(mask.data, (ids >= 0) & (ids != unknown))
    assert loop.settings.gt.about == About((), ("no voxel size for z",))
