"""Messages that name the layer, what it is, and the way out, which then works."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor_inspector.plugin.model.actions import Desk
from predictor_inspector.plugin.model.axes import Axes
from predictor_inspector.plugin.model.messages import Message

from ..loop import Loop
from ..stage import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, blocks

PLACE = {"scale": VOXEL_SIZE, "translate": TRANSLATE, "units": UNITS, "axis_labels": LABELS}


@pytest.fixture
def messages(loop: Loop) -> list[Message]:
    told: list[Message] = []
    loop.controller.message.connect(told.append)
    return told


def perform(loop: Loop, message: Message, title: str) -> None:
    (action,) = (a for a in message.actions if a.title == title)
    loop.after(lambda: action.run(Desk(loop.settings, loop.viewer.add_layer)))
    loop.assert_layers_show_the_inspection()


def test_negative_ids_can_be_masked(loop: Loop, messages: list[Message]) -> None:
    ids = blocks().astype(np.int16)
    ids[:, :, :9] = -3
    loop.add_labels(ids, name="x")
    loop.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    text = "Layer 'x' holds negative ids (smallest −3): use 0 for background, a mask for “ignore”."
    assert messages[-1].text == text
    perform(loop, messages[-1], "Mask them")
    np.testing.assert_array_equal(loop.settings.mask_layer.data, ids != -3)


@pytest.mark.parametrize(
    ("labelled", "title"),
    [
        ({}, "Read the first axis as time"),
        ({"axis_labels": ("channel", "z", "y", "x")}, "Inspect one channel at a time"),
    ],
)
def test_four_axes_can_be_inspected_one_by_one(
    loop: Loop, messages: list[Message], labelled: dict[str, Any], title: str
) -> None:
    series = np.stack([blocks(seed=n) for n in range(3)])
    loop.after(lambda: loop.viewer.add_labels(series, name="cells", **labelled))
    loop.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    assert messages[-1].text == "Layer 'cells' has 4 axes, read as channel, z y x; affinities can't use its channels."
    perform(loop, messages[-1], title)
    assert loop.settings.axes == Axes(3, True)
    assert messages[-1].text == ""


@pytest.mark.parametrize("whole", [True, False])
def test_whole_numbers_as_floats_can_be_converted(loop: Loop, messages: list[Message], whole: bool) -> None:
    values = blocks().astype(np.float32) + (0 if whole else 0.5)
    loop.after(lambda: loop.viewer.add_image(values, name="ids", scale=(40, 4, 4)))
    if not whole:
        assert messages[-1].actions == ()
        return
    assert messages[-1].text.startswith("Layer 'ids' is an image of float32, though its values are whole numbers")
    perform(loop, messages[-1], "Convert to labels")
    np.testing.assert_array_equal(loop.settings.gt_layer.data, values)


def test_an_image_of_whole_numbers_can_be_taken_as_ids(loop: Loop, messages: list[Message]) -> None:
    loop.after(lambda: loop.viewer.add_image(np.zeros((12, 40, 48), np.uint8), name="em", **PLACE))
    loop.after(lambda: loop.viewer.add_image(blocks(), name="from elsewhere", **PLACE))
    assert messages[-1].text.startswith("There are no labels yet. If the values of image 'from elsewhere' are ids")
    perform(loop, messages[-1], "They are ids")
    assert loop.settings.gt_layer is loop.viewer.layers["from elsewhere"]
    assert loop.settings.raw_layer is loop.viewer.layers["em"]
    assert loop.inspection is not None


def test_a_mask_that_cannot_be_used_can_be_left_out(loop: Loop, messages: list[Message]) -> None:
    loop.add_labels()
    flat: Any = loop.add_labels(
        np.ones((40, 48), np.uint8), name="flat mask", **{name: values[1:] for name, values in PLACE.items()}
    )
    loop.after(lambda: setattr(loop.settings, "mask_layer", flat))
    assert messages[-1].text.startswith("The mask, layer 'flat mask', has 2 spatial axes")
    perform(loop, messages[-1], "Use no mask")
    assert loop.settings.mask_layer is None


def test_channels_after_space_are_put_first(loop: Loop, messages: list[Message]) -> None:
    both = np.stack([blocks(), blocks(seed=1)], -1)
    place = {name: (*PLACE[name], value) for name, value in (("scale", 1), ("translate", 0), ("units", "pixel"))}
    loop.after(lambda: loop.viewer.add_labels(both, name="cells", axis_labels=(*LABELS, "c"), **place))
    assert messages[-1].text == "Layer 'cells' has its axes in the order z y x c; space must come last."
    loop.set_config("distance", channels=["a", "b"], scale_factor=30.0, mask_distances=False)
    loop.settings.region_mode = "layer"  # of other axes the view showed something else
    perform(loop, messages[-1], "Put channels and time first")
    layer = loop.settings.gt_layer
    assert (layer.axis_labels, layer.data.base is both) == (("c", *LABELS), True)
    np.testing.assert_array_equal(loop.inspection.request.source.gt.numpy(), np.moveaxis(both, -1, 0))
