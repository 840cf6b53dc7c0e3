"""`Opener`: files as layers of a viewer, and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from napari.layers import Labels, Layer
from qtpy.QtCore import QObject, Signal

from predictor_inspector.data.formats.unreadable import Unreadable
from predictor_inspector.plugin.forms.open_dialog import ask_for_axes
from predictor_inspector.plugin.model.actions import Action, Desk
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.reader import NothingShownError, layer_read_as, notify_of, shown_of

_MOST_WAYS = 3  # buttons for readings of a file that contradicts itself


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
        left_out: list[Unreadable] = []
        told = ""
        try:
            shown = shown_of(path)
            for data in shown.layers:
                self._viewer.add_layer(Layer.create(*data))
            notify_of([shown])
            left_out, told = shown.left_out, f"{shown.told}."
        except NothingShownError as error:
            problem, left_out = Message.of(error), error.left_out
        except (ValueError, OSError, ImportError) as error:
            problem = Message.of(error)
        ways = [
            Action(f"Read {one.name} as {order}", partial(self._read_as, path, one.name, order))
            for one in left_out
            if one.described is not None
            for order in one.described.orders
        ]
        if ways:
            name = next(one.name for one in left_out if one.described is not None)
            other = Action("Other axes…", partial(self._read_as_asked, path, name))
            problem = self._question = Message(problem.text or told, "error", (*ways[:_MOST_WAYS], other))
        if problem.text:
            self.told.emit(problem)

    def or_question(self, message: Message) -> Message:
        """A message, or in the place of one that matters less the question that is still open."""
        return self._question if self._question.text and (not message.text or message.kind == "hint") else message

    def _read_as_asked(self, path: str, name: str, desk: Desk) -> None:
        order = ask_for_axes("the array" if name == "/" else name)
        if not order:
            return
        try:
            self._read_as(path, name, order, desk)
        except ValueError as error:  # it can be asked again
            self._question = replace(self._question, text=Message.of(error).text)
            self.told.emit(self._question)

    def _read_as(self, path: str, name: str, order: str, desk: Desk) -> None:
        layer = Layer.create(*layer_read_as(path, name, order))
        self._question = Message()
        desk.add_layer(layer)
        if isinstance(layer, Labels):
            desk.settings.gt_layer = layer
