"""What is on the canvas: which result, which channel, and how it covers what lies beneath."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSlider, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import ValueCombo, flat_button, guard_wheel
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.bound import bind, bound_combo

_SHOWN = {
    "off": ("Off", "Show neither target nor weights; hold Q to peek beneath them"),
    "target": ("Target", "Show one channel of the target; U changes between it and the weights"),
    "weight": ("Weight", "Show one channel of the weights"),
    "rgb": ("RGB", "Show several channels of the target, mixed; tick them in the tab Statistics"),
}


class ViewPanel(QWidget):
    """Buttons for the results, the channel with steps to its neighbours, opacity, and how it is drawn."""

    def __init__(self, context: TabContext) -> None:
        super().__init__()
        self._settings, self._controller, self._mix = context.settings, context.controller, context.rgb_mix
        self._names: tuple[str, ...] = ()
        self._channel = ValueCombo({}, "The channel shown", 3)
        self._channel.setObjectName("channel")
        self._channel.chosen.connect(self._controller.look_at_channel)
        self._opacity = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=100)
        self._opacity.setToolTip("Opacity: how much the result covers what lies beneath")
        guard_wheel(self._opacity)
        bind(
            self._opacity,
            self._opacity.valueChanged,
            lambda opacity: self._opacity.setValue(round(100 * opacity)),
            self._settings,
            "opacity",
            lambda: self._opacity.value() / 100,
        )
        bars = QPushButton("Colour bar", checkable=True, toolTip="Show which colour stands for which value")
        bind(bars, bars.toggled, bars.setChecked, self._settings, "colour_bars")
        panes = QPushButton("Panes", checkable=True, objectName="panes")
        panes.setToolTip("Side by side: raw data, labels, target and weight, with one camera")
        bind(panes, panes.toggled, panes.setChecked, self._settings, "panes")
        self._drawn_as = bound_combo(
            self._settings,
            "drawn_as",
            {"boundaries": "over image", "loss": "as the loss sees it"},
            "Over the image: what lies beneath stays visible, and affinities are boundaries, 1 − affinity. "
            "As the loss sees it: the values themselves.",
            7,
        )
        step_back = flat_button("◀", "Previous channel (J)", lambda: self.step(-1))
        step_on = flat_button("▶", "Next channel (K)", lambda: self.step(1))
        self._steps = step_back, step_on
        shown = in_row(self._make_buttons(), step_back, (self._channel, 1), step_on, spacing=2)
        self.setLayout(in_column(shown, in_row((self._opacity, 1), bars, panes, (self._drawn_as, 1))))
        context.settings.events.shown.connect(self._show_shown)
        self._controller.shown.connect(self._on_shown)
        self._controller.previewed.connect(self._on_shown)
        self._controller.cleared.connect(self._on_cleared)
        self._controller.view_changed.connect(self._show_channel)
        self._show_shown()
        self._on_cleared()

    def step(self, by: int) -> None:
        """Show the channel so many further on; after the last comes the first."""
        if self._names:
            self._controller.look_at_channel(((self._controller.results.channel or 0) + by) % len(self._names))

    def _make_buttons(self) -> QHBoxLayout:
        self._buttons = {}
        group = QButtonGroup(self)
        for name, (title, tool_tip) in _SHOWN.items():
            button = QPushButton(title, checkable=True, objectName=f"show {name}", toolTip=tool_tip)
            # napari's margins are wider than narrow docks have room for.
            button.setStyleSheet("padding: 2px 4px;")
            button.clicked.connect(lambda _checked, n=name: setattr(self._settings, "shown", n))
            group.addButton(button)
            self._buttons[name] = button
        return in_row(*self._buttons.values(), spacing=0)

    def _show_shown(self) -> None:
        self._buttons[self._settings.shown].setChecked(True)

    def _on_shown(self, inspection: Inspection) -> None:
        names = tuple(channel.name for channel in inspection.channels)
        if names != self._names:
            self._names = names
            self._channel.offer(dict(enumerate(names)), self._controller.results.channel or 0)
        many = len(names) > 1
        for widget in (self._channel, *self._steps):
            widget.setEnabled(many)
        self._buttons["rgb"].setEnabled(bool(self._mix.of(inspection.channels)))
        self._show_channel()

    def _on_cleared(self) -> None:
        self._names = ()
        self._channel.offer({}, None)

    def _show_channel(self) -> None:
        index = self._controller.results.channel
        if index is not None and 0 <= index < len(self._names):
            self._channel.set_value(index)
