"""Banners: a sentence with buttons, in the accent colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from qtpy.QtWidgets import QFrame, QPushButton

from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel
from predictor_inspector.plugin.live.controller import LiveController
from predictor_inspector.plugin.model.settings import Settings

ACCENT = "#1d6fb8"  # white text on it has a contrast of 5:1, and it stands out from both themes

_STYLE = f"""
Banner {{ background: {ACCENT}; border-radius: 3px; }}
Banner QLabel {{ color: white; background: transparent; }}
Banner QPushButton {{ color: white; background: rgba(255, 255, 255, 45); padding: 3px 8px; }}
Banner QPushButton:hover {{ background: rgba(255, 255, 255, 90); }}
"""


class Banner(QFrame):
    """A sentence with buttons; takes no room while it is empty."""

    def __init__(self) -> None:
        super().__init__(styleSheet=_STYLE)
        self._text = WrappedLabel()
        self._buttons = in_row()
        self._titles: tuple[str, ...] = ()
        layout = in_column(self._text, in_row(self._buttons, None))
        layout.setContentsMargins(8, 6, 8, 6)
        self.setLayout(layout)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence; empty while the banner is hidden."""
        return str(self._text.text())

    def say(self, text: str, buttons: Mapping[str, Callable[[], Any]] = MappingProxyType({})) -> None:
        """Show a sentence, and a button for each title; an empty sentence hides the banner."""
        self._text.setText(text)
        titles = tuple(buttons)
        # What is only said anew keeps its buttons: one of them may just be pressed.
        if titles != self._titles:
            self._titles = titles
            refill(self._buttons, [_button(title, act) for title, act in buttons.items()])
        self.setVisible(bool(text))


class BoxBanner(Banner):
    """Says that the slice shown goes past the pinned box, and leads back to it, or brings it along."""

    def __init__(self, settings: Settings, controller: LiveController) -> None:
        super().__init__()
        self.setObjectName("box_banner")
        self._settings, self._controller = settings, controller
        for field in ("gt", "box", "region_mode", "box_follows_slice"):
            settings.events[field].connect(self._update)
        controller.view_changed.connect(self._update)
        controller.cleared.connect(self._update)
        self._update()

    def _update(self) -> None:
        settings, pinned = self._settings, self._controller.pinned
        # A box that follows is about to.
        past = None if settings.box_follows_slice else pinned.missed
        if past is None or settings.gt is None:
            self.say("")
            return
        ways = {"Bring box here": pinned.bring_here, "Go to box": pinned.go_to}
        if not past.within:
            del ways["Bring box here"]
        self.say(past.sentence(settings.gt), ways)


def _button(title: str, act: Callable[[], Any]) -> QPushButton:
    button = QPushButton(title, objectName=title.lower().replace(" ", "_"))
    button.clicked.connect(lambda _checked: act())
    return button
