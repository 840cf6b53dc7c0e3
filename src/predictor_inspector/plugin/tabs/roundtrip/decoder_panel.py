"""Decoder section: a kind, its parameters, and how predictions differ from their target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QWidget

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.text import capitalised, readable
from predictor_inspector.inspection.roundtrip import DECODERS, Decoder, Imperfection, fitting_decoders
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.kind_form import KindForm
from predictor_inspector.plugin.forms.layouts import in_column


class DecoderPanel(QWidget):
    """Shows and sets what decodes a target, and what is done to the target before."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._kinds: tuple[str, ...] = ()
        self._last: dict[tuple[str, ...], str] = {}  # which of these kinds was chosen last
        self._worse: dict[str, Any] = {}  # values of the imperfection
        self._wanted: Mapping[str, Any] | None = None  # a decoder that is to be chosen once it is offered
        self._decoder = KindForm(DECODERS, "What makes a segmentation of the target")
        self._decoder.changed.connect(self.changed)
        self._imperfect = ParameterForm(Imperfection)
        self._imperfect.edited.connect(self._set)
        self._imperfect.reset.connect(lambda name: self._set(name, None))
        self._imperfect.setWindowTitle("Imperfect prediction")
        self._section = Collapsible(self._imperfect, expanded=False)
        self.setLayout(in_column(self._decoder, self._section))
        self._show()

    @property
    def kind(self) -> str:
        """The kind of decoder; empty if none fits."""
        return self._decoder.kind

    def offer(self, channels: Sequence[Channel], unit: str, dims: int) -> None:
        """Offer what can decode these channels, of data with so many spatial axes; what was chosen stays if it can."""
        kinds = fitting_decoders(channels)
        if kinds != self._kinds:
            self._last[self._kinds], self._kinds = self.kind, kinds
            titles = {kind: capitalised(readable(kind)) for kind in kinds}
            self._decoder.offer(titles, self._last.get(kinds, next(iter(kinds), "")))
        self._decoder.set_data(unit, dims)
        if self._wanted is not None and self._wanted["kind"] in kinds:
            config, self._wanted = self._wanted, None
            with QSignalBlocker(self._decoder):
                self._decoder.choose(config)
        self._show()

    def decoder(self) -> Decoder:
        """The decoder as chosen; ``ValueError`` if none fits, or its parameters don't go together."""
        if not self.kind:
            raise ValueError("no decoder makes objects of this target")
        made: Decoder = self._decoder.made()
        return made

    def imperfection(self) -> Imperfection:
        """How the prediction differs from the target; ``ValueError`` if a value is out of bounds."""
        return Imperfection(**self._worse)

    def choose(self, config: Mapping[str, Any]) -> None:
        """Choose a decoder by its configuration, one that is offered."""
        self._decoder.choose(config)

    def take_up(self, decoder: Mapping[str, Any] | None, imperfection: Imperfection) -> None:
        """Show what was chosen before, the decoder once it is offered; without a signal."""
        self._wanted = decoder
        self._worse = {p.name: getattr(imperfection, p.name) for p in parameters_of(Imperfection)}
        self._show()

    def set_value(self, owner: str, name: str, value: Any) -> None:
        """Set a parameter of the ``"decoder"`` or the ``"imperfection"``."""
        if owner == "decoder":
            self._decoder.set_value(name, value)
        else:
            self._set(name, value)

    def show_error(self, message: str) -> None:
        """Say what is wrong; an empty message takes that back."""
        self._decoder.show_error(message)

    def _set(self, name: str, value: Any) -> None:
        """Set a value of the imperfection; None for the starting value."""
        others = {n: v for n, v in self._worse.items() if n != name}
        self._worse = others if value is None else {**others, name: value}
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        start = {p.name: p.plainest_value(3) for p in parameters_of(Imperfection)}
        self._imperfect.show_values({**start, **self._worse}, start)
        changed = len([v for v in self._worse.values() if v])
        self._imperfect.setWindowTitle(f"Imperfect prediction{f' ({changed} set)' if changed else ''}")
