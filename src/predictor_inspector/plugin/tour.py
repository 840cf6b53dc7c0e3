"""Tour of the dock: six steps, each beside the control it speaks of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari.utils.theme import get_theme
from qtpy.QtCore import QObject, QPoint, QRect, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QPainter, QRegion
from qtpy.QtWidgets import QFrame, QLabel, QMainWindow, QPushButton, QScrollArea, QWidget

from predictor_inspector.plugin.forms.layouts import in_column, in_row

CANVAS = "canvas"
"""The target of steps that speak of the picture."""

LOOK_EVERY = 100  # milliseconds between looks at where the control is, and at what the person has done
PRAISE = 900  # milliseconds that a step stays once it is done
_WIDTH, _MARGIN, _RING = 310, 14, 3  # pixels: the panel, what is around it, and the ring around the control
_ACCENT = "#3d8bfd"


@dataclass(frozen=True)
class TourStep:
    """What is said, of which control, and how it is seen that a person has done it."""

    title: str
    text: str
    target: str  # object name of a widget in the dock, or `CANVAS`; empty for all of the tab
    state: Callable[[Any], object]  # of the dock; once it has changed, the step is done
    tab: str = ""  # that is opened
    settings: tuple[tuple[str, object], ...] = ()  # that are set


STEPS = (
    TourStep(
        "The region",
        "Target and weights are computed inside the frame. Click into it and drag it: the target follows.",
        CANVAS,
        lambda dock: dock.settings.box,
        settings=(("region_mode", "box"),),
    ),
    TourStep(
        "Target and weight",
        "This is the target. Press Weight to see how much each voxel counts in the loss: what is rare counts more.",
        "show weight",
        lambda dock: dock.settings.shown,
        settings=(("shown", "target"),),
    ),
    TourStep(
        "The predictor",
        "It makes the target from the labels. Choose another one or change a parameter, and everything follows.",
        "predictor",
        lambda dock: dock.settings.predictor_choice,
        tab="setup",
    ),
    TourStep(
        "Any voxel, explained",
        "Move the mouse over the picture to read values. Click one in the frame to see where its numbers come from.",
        CANVAS,
        lambda dock: dock.tabs["voxel"].text,
        tab="voxel",
    ),
    TourStep(
        "What is wrong",
        "Faults of targets and weights are found for you, errors first. Click one to see its voxels and what mends it.",
        "",
        lambda dock: dock.tabs["check"].region.chosen is None,
        tab="check",
    ),
    TourStep(
        "Before and after",
        "Keep the current result as A. Whatever you change next is B, and you see where the two differ.",
        "compare keep",
        lambda dock: dock.tabs["compare"].comparer.a is None,
        tab="compare",
    ),
)


class Tour(QObject):
    """Leads through a dock that has something to inspect; it ends with its last step, or when a person skips it."""

    ended = Signal()

    def __init__(self, dock: Any) -> None:
        super().__init__(dock)
        self._dock = dock
        self.index = 0
        self._before: tuple[object] | None = None  # the state when the step began; None until the dock rests
        window = dock
        while window.parentWidget() is not None and not isinstance(window, QMainWindow):
            window = window.parentWidget()  # a dock that floats is a window of its own, but a child of napari's
        self._panel, self._ring = _Panel(window), _Ring(window)
        self._panel.skip.clicked.connect(self.end)
        self._panel.back.clicked.connect(lambda: self._begin(self.index - 1))
        self._panel.next.clicked.connect(self.go_on)
        self._look = QTimer(self, interval=LOOK_EVERY, timeout=self._on_look)
        self._praise = QTimer(self, singleShot=True, interval=PRAISE, timeout=self.go_on)
        self._begin(0)
        self._look.start()

    @property
    def step(self) -> TourStep:
        """What is being said."""
        return STEPS[self.index]

    @property
    def waits(self) -> bool:
        """Whether it waits for the person to do what the step says."""
        return self._before is not None and not self._praise.isActive()

    def go_on(self) -> None:
        """Go to the next step; after the last the tour ends."""
        if self.index + 1 < len(STEPS):
            self._begin(self.index + 1)
        else:
            self.end()

    def end(self) -> None:
        """End the tour; what was set stays."""
        self._look.stop()
        self._praise.stop()
        for part in (self._panel, self._ring):
            part.hide()
            part.deleteLater()
        self.ended.emit()
        self.deleteLater()

    def _begin(self, index: int) -> None:
        self._praise.stop()
        self.index, self._before = index, None
        with self._dock.settings.together():
            for name, value in self.step.settings:
                setattr(self._dock.settings, name, value)
        if self.step.tab in self._dock.tabs:
            self._dock.open_tab(self._dock.tabs[self.step.tab].title)
        background = get_theme(self._dock.context.viewer.theme).background.as_hex()
        self._panel.show_step(self.step, index, len(STEPS), background)
        self._place()

    def _on_look(self) -> None:
        """Follow the control, and see whether the step is done."""
        self._place()
        if self._praise.isActive() or self._dock.busy:
            return
        state = (self.step.state(self._dock),)
        if self._before is None:
            self._before = state
        elif state != self._before:
            self._panel.show_done()
            self._praise.start()

    def _place(self) -> None:
        target, canvas = self.target, self._canvas
        window = target.window()
        self._ring.surround(window, QRect(target.mapTo(window, QPoint(0, 0)), target.size()))
        self._panel.stand_in(canvas, None if target is canvas else target)

    @property
    def _canvas(self) -> QWidget:
        """The picture with its sliders."""
        window = self._panel.parentWidget()
        return window.centralWidget() if isinstance(window, QMainWindow) else window

    @property
    def target(self) -> QWidget:
        """What the step speaks of; all of the dock if it isn't there."""
        dock = self._dock
        if self.step.target == CANVAS:
            return self._canvas
        found = dock.findChild(QWidget, self.step.target) if self.step.target else dock.tabs.get(self.step.tab)
        if found is None or not found.isVisible():
            return dock
        area = found.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None and found.visibleRegion().isEmpty():
            area.ensureWidgetVisible(found)
        return found if area is None or found.height() < area.height() else area


class _Panel(QFrame):
    """Title and text of a step, and buttons to go on, back, or away."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, objectName="tour")
        self._number, self._title, self._text = QLabel(), QLabel(), QLabel(wordWrap=True)
        self._title.setStyleSheet("font-weight: 600; font-size: 14px;")
        self.skip = QPushButton("Skip tour", objectName="tour skip")
        self.back = QPushButton("Back", objectName="tour back")
        self.next = QPushButton("Next", objectName="tour next")
        column = in_column(
            in_row((self._title, 1), self._number),
            self._text,
            in_row(self.skip, None, self.back, self.next),
            spacing=8,
        )
        column.setContentsMargins(12, 10, 12, 10)
        self.setLayout(column)
        self.setFixedWidth(_WIDTH)
        self.show()

    def show_step(self, step: TourStep, index: int, count: int, background: str) -> None:
        """Say what the step says, on the colour of the window."""
        # napari's style sheet gives frames no background; what stands on the canvas needs one.
        self.setStyleSheet(f"#tour {{ background: {background}; border: 1px solid {_ACCENT}; border-radius: 6px; }}")
        self._number.setText(f"{index + 1} of {count}")
        self._title.setText(step.title)
        self._text.setText(step.text)
        self.back.setEnabled(index > 0)
        self.next.setText("Next" if index + 1 < count else "Finish")

    def show_done(self) -> None:
        """Say that the person has done it."""
        self._number.setText("✓ done")

    def stand_in(self, canvas: QWidget, control: QWidget | None) -> None:
        """Stand in the upper quarter of the canvas, whose middle is to be seen, as near as can be to a control."""
        self.setFixedHeight(self.heightForWidth(_WIDTH))
        place = QRect(canvas.mapTo(self.parentWidget(), QPoint(0, 0)), canvas.size())
        x, y = place.left() + _MARGIN, place.top() + _MARGIN
        if control is not None:
            beside = self.parentWidget().mapFromGlobal(control.mapToGlobal(QPoint(0, 0)))
            if beside.x() > place.left():
                x = place.right() - _WIDTH - _MARGIN
            y = max(y, min(beside.y(), place.top() + place.height() // 4 - self.height()))
        self.move(max(0, x), max(0, y))
        self.raise_()


class _Ring(QWidget):
    """A frame around a control, through which the mouse goes."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, objectName="tour ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def surround(self, window: QWidget, place: QRect) -> None:
        """Stand around a place in a window."""
        place = place.adjusted(-_RING, -_RING, _RING, _RING) & window.rect()
        if self.parentWidget() is window and self.geometry() == place and self.isVisible():
            return
        if self.parentWidget() is not window:
            self.setParent(window)
        self.setGeometry(place)
        self.setMask(QRegion(self.rect()) - QRegion(self.rect().adjusted(_RING, _RING, -_RING, -_RING)))
        self.show()
        self.raise_()

    def paintEvent(self, _event: Any) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(_ACCENT))
        painter.end()
