"""`Opener`: files as layers of a viewer, and what is wrong with them."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from predictor_inspector.plugin.model.actions import Action, Desk
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.reader import contradictory, layer_read_as, layers_from_path, notify_of

_MOST_WAYS = 4  # buttons for readings of a file that contradicts itself


class Opener(QObject):
    """Opens files in a viewer. Where one contradicts itself, it asks which reading is right until that is answered."""

    told = Signal(object)  # a `Message` about a file

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._question = Message()

    def open(self, path: str) -> None:
        """Add a layer for each array in a file."""
        problem, self._question = Message(), Message()
        try:
            layers, left_out = layers_from_path(path)
            for data in layers:
                self._viewer.add_layer(Layer.create(*data))
            notify_of([left_out])
        except (ValueError, OSError, ImportError) as error:
            problem, left_out = Message.of(error), str(error)
        ways = [
            Action(f"Read {name} as {order}", partial(self._read_as, path, name, order))
            for name, described in (contradictory(path) if left_out else ())
            for order in described.orders
        ]
        if ways:
            problem = self._question = Message(problem.text or f"{left_out}.", "error", tuple(ways[:_MOST_WAYS]))
        if problem.text:
            self.told.emit(problem)

    def or_question(self, message: Message) -> Message:
        """A message, or in the place of one that matters less the question that is still open."""
        return self._question if self._question.text and (not message.text or message.kind == "hint") else message

    def _read_as(self, path: str, name: str, order: str, desk: Desk) -> None:
        self._question = Message()
        desk.settings.gt_layer = desk.add_layer(Layer.create(*layer_read_as(path, name, order)))
