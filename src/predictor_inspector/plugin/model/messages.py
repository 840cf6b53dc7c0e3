"""Messages about layers that can't be inspected as they are: what each is, and the ways out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
from napari.layers import Labels

from predictor_inspector.core.ground_truth import ChannelAxisError
from predictor_inspector.core.labels import NegativeIdsError
from predictor_inspector.core.text import amount, capitalised, format_error, listed, readable
from predictor_inspector.data.layers import AxisOrderError
from predictor_inspector.data.repair import Repair, as_whole_numbers, is_negative, masking
from predictor_inspector.plugin.model.actions import Action, Desk, mend, put_in_usual_order
from predictor_inspector.plugin.model.axes import Axes, readings_of
from predictor_inspector.plugin.model.settings import Settings

_NOTHING = "Add a layer of labels, or open a file, to see what a network would be trained on."
_READ = 1 << 22  # values of an image in memory that are looked at

ROLES = {"mask": "mask", "raw": "raw data"}
"""Words for what lies beside the ground truth."""


@dataclass(frozen=True)
class Message:
    """A sentence for the person; empty if all is well.

    Its kind is ``"error"``; ``"parameters"``: they don't go together, which the form says too; ``"large"``: the region
    can't be computed; ``"tiles"``: it can be computed in tiles; ``"hint"``: nothing to inspect yet; or ``""``. `actions` are
    ways out, which are shown as buttons.
    """

    text: str = ""
    kind: str = ""
    actions: tuple[Action, ...] = ()

    @classmethod
    def of(cls, error: BaseException, kind: str = "error") -> Message:
        """What went wrong."""
        return cls(capitalised(format_error(error)), kind)


def explained(error: BaseException, settings: Settings) -> Message:
    """What went wrong with the layers inspected, with their names and ways out where there are any."""
    layer, axes = settings.gt_layer, settings.axes
    if layer is not None and isinstance(error, NegativeIdsError):
        text = (
            f"Layer {layer.name!r} holds negative ids (smallest {amount(error.smallest, 19)}): use 0 for background, a "
        )
        return Message(f"{text}mask for “ignore”.", "error", (_mending("Mask them", masking(is_negative)),))
    if layer is not None and axes is not None and isinstance(error, ChannelAxisError):
        text = f"Layer {layer.name!r} has {layer.ndim} axes, read as {axes.describe(layer.ndim)}"
        if settings.gt is not None and (classes := settings.gt.about.channels):
            text += f"; {readable(settings.kind)} can't use its channels, which are the classes {listed(classes)}."
            return Message(text, "error", (Action("Use signed distances", partial(_use_kind, "distance")),))
        in_time = Axes(axes.spatial, True)
        if axes.time or in_time not in readings_of(layer):
            return Message(f"{text}: {format_error(error)}.", "error")
        text += f"; {readable(settings.kind)} can't use its channels."
        # Both are the same: of what the first axis holds, what the viewer shows is inspected.
        is_channel = str(layer.axis_labels[0]).lower().startswith("c")
        title = "Inspect one channel at a time" if is_channel else "Read the first axis as time"
        return Message(text, "error", (Action(title, partial(_read_as, in_time)),))
    if layer is not None and isinstance(error, AxisOrderError):
        text = f"Layer {layer.name!r} has its axes in the order {' '.join(layer.axis_labels)}; space must come last."
        return Message(
            text, "error", (Action("Put channels and time first", lambda desk: put_in_usual_order(desk, layer)),)
        )
    return Message.of(error)


def unusable(role: str, error: BaseException) -> Message:
    """What is wrong with the layer of the mask or of raw data, and the way out."""
    return replace(Message.of(error), actions=(Action(f"Use no {ROLES[role]}", partial(_use_none, f"{role}_layer")),))


def nothing_to_inspect(settings: Settings) -> Message:
    """What to do where no layer is ground truth: an image of whole numbers can be it, one of floats be converted."""
    for image in settings.layers.float_images:
        if _holds_whole_numbers(image):
            text = f"Layer {image.name!r} is an image of {np.dtype(image.dtype)}, though its values are whole numbers"
            convert = Action("Convert to labels", partial(_convert, image))
            return Message(f"{text}: ground truth is a layer of labels.", "hint", (convert,))
    images = settings.layers.gt_layer
    if images and not any(isinstance(layer, Labels) for layer in images):
        # Many programs write ids as they write intensities; those are rarely as wide.
        image = max(images, key=lambda layer: np.dtype(layer.dtype).itemsize)
        text = f"There are no labels yet. If the values of image {image.name!r} are ids, inspect it; or open a file."
        return Message(text, "hint", (Action("They are ids", partial(_take, image)),))
    return Message(_NOTHING, "hint")


def _holds_whole_numbers(image: Any) -> bool:
    """Whether values of an image in memory, spread over it, are ids: whole numbers, of which there are several."""
    data = image.data[-1] if image.multiscale else image.data
    if not isinstance(data, np.ndarray):
        return False
    values = data[:: max(1, -(-prod(data.shape) // _READ))]
    return bool(np.isfinite(values).all() and (values == np.rint(values)).all() and np.ptp(values) > 0)


def _mending(title: str, repair: Repair) -> Action:
    return Action(title, lambda desk: mend(desk, repair))


def _convert(image: Any, desk: Desk) -> None:
    mend(desk, Repair(as_whole_numbers), image)


def _read_as(axes: Axes, desk: Desk) -> None:
    desk.settings.axes = axes


def _use_kind(kind: str, desk: Desk) -> None:
    desk.settings.kind = kind


def _take(layer: Any, desk: Desk) -> None:
    desk.settings.gt_layer = layer


def _use_none(setting: str, desk: Desk) -> None:
    setattr(desk.settings, setting, None)
