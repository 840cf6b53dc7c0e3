"""Sweep section: scores over the values of a parameter, in a plot to click on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLineEdit, QPushButton, QWidget

from predictor_inspector.core.parameters import Parameter, parameters_of
from predictor_inspector.core.text import amount, capitalised, format_error, readable
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.roundtrip import (
    Decoder,
    Imperfection,
    SweepPlan,
    SweepPoint,
    planned_sweep,
    sweep,
)
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.plot_canvas import ACCENT, FILL, PlotCanvas, caption, load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo
from predictor_inspector.plugin.live.worker import Job, LiveRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

_STEPS = 7  # values that are suggested


class SweepPanel(QWidget):
    """A choice of the parameter and its values, and the plot of what comes of them.

    `parts` gives the inspection, the decoder and the imperfection that are swept around, or None where there are none.
    """

    chosen = Signal(object, object)  # a `SweepPlan` and the value that was clicked on

    def __init__(
        self, runner: LiveRunner, parts: Callable[[], tuple[Inspection, Decoder, Imperfection] | None]
    ) -> None:
        super().__init__()
        self._runner, self._parts = runner, parts
        self._parameters: dict[str, tuple[Parameter, Any]] = {}
        self._combo = ValueCombo({}, "The parameter whose values are tried", 10)
        self._combo.chosen.connect(self._suggest)
        about = "First, last and number of values, 20:200:7, or the values themselves, 0.3, 0.5, 0.9"
        self._values, self._start = QLineEdit(toolTip=about), QPushButton("Sweep")
        self._start.setToolTip("Make a round trip for each value; a click on the plot then takes one over")
        self._start.clicked.connect(lambda: self._runner.cancel() if self._runner.busy else self.start())
        self._values.returnPressed.connect(self.start)
        self._error, self.plot = ErrorLabel(), SweepPlot()
        self.plot.chosen.connect(self.chosen)
        for name in ("combo", "values", "start", "error", "plot"):
            getattr(self, f"_{name}" if name != "plot" else name).setObjectName(f"sweep {name}")
        self.setLayout(in_column(in_row((self._combo, 2), (self._values, 1), self._start), self._error, self.plot))
        runner.advanced.connect(self._on_advanced)
        runner.failed.connect(self._on_failed)
        runner.busy_changed.connect(self._on_busy)
        self.plot.hide()

    def offer(self) -> None:
        """Offer the parameters of what is at hand."""
        parts = self._parts()
        found: dict[str, tuple[Parameter, Any]] = {}
        if parts is not None:
            inspection, decoder, imperfection = parts
            for thing in (inspection.request.predictor, decoder, imperfection):
                for parameter in parameters_of(type(thing)):
                    value = getattr(thing, parameter.name)
                    if _can_be_swept(parameter, value) and parameter.name != "seed":
                        found.setdefault(parameter.name, (parameter, value))
        if found.keys() != self._parameters.keys():
            chosen = self._combo.currentData()
            name = chosen if chosen in found else next(iter(found), None)
            self._parameters = found
            self._combo.offer({n: readable(n) for n in found}, name)
            self._suggest(name)
        self._parameters = found
        self._start.setEnabled(bool(found))

    def start(self) -> None:
        """Try the values; what is wrong with them is said."""
        parts = self._parts()
        if parts is None or self._combo.currentData() is None:
            return
        inspection, decoder, imperfection = parts
        values = self._values.text().strip()
        text = f"{self._combo.currentData()}{'=' if values else ''}{values}"
        self._error.show_message("")
        try:
            plan = planned_sweep(text, inspection.request, decoder, imperfection)
        except ValueError as error:
            self._error.show_message(f"{capitalised(format_error(error))}.")
            return

        def work(step: Callable[[str, float], None]) -> Iterator[SweepPoint]:
            load_matplotlib()
            yield from sweep(inspection, decoder, plan, imperfection, step)

        self.plot.begin(plan, getattr(_owner(plan, *parts), plan.parameter.name))
        self.plot.show()
        self._runner.submit(Job(work, plan))

    def _suggest(self, name: str | None) -> None:
        """Suggest values around the one at hand."""
        parameter, value = self._parameters.get(name or "", (None, None))
        self._values.setText("" if parameter is None else _suggested(parameter, value))
        one_by_one = parameter is not None and parameter.holds_offsets
        self._values.setPlaceholderText("one by one" if one_by_one else "20:200:7")

    def _on_advanced(self, job: Job, point: SweepPoint) -> None:
        self.plot.add(job.about, point)

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        self._error.show_message(capitalised(format_error(error)))

    def _on_busy(self, busy: bool) -> None:
        self._start.setText("Cancel" if busy else "Sweep")


class SweepPlot(PlotCanvas):
    """The adapted Rand error over values, and F1 dashed; the value at hand is marked, and a click chooses another."""

    chosen = Signal(object, object)  # a `SweepPlan` and one of its values

    def __init__(self) -> None:
        super().__init__(self._draw, margins=(3.2, 1.6, 1, 2.8), height=13, hover=self.text_at)
        self.plan: SweepPlan | None = None
        self.points: list[SweepPoint] = []
        self._now: Any = None
        self.setMinimumHeight(130)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def begin(self, plan: SweepPlan, now: Any) -> None:
        """Show an empty plot for these values, of which, or beside which, `now` is the one at hand."""
        self.plan, self.points, self._now = plan, [], now
        self.refresh()

    def add(self, plan: SweepPlan, point: SweepPoint) -> None:
        """Show one more point, unless another sweep has begun."""
        if plan is self.plan:
            self.points.append(point)
            self.refresh()

    def text_at(self, x: float, _y: float) -> str:
        """The scores of the point that is nearest along the axis of values."""
        point = self._nearest(x)
        if point is None or self.plan is None:
            return ""
        title = f"{readable(self.plan.parameter.name)}: {point.label}"
        scores = point.scores
        if scores is None:
            return f"{title}\n{point.problem}"
        return (
            f"{title}\nadapted Rand error {amount(scores.arand)}, F1 {amount(scores.f1_iou50)}\n"
            f"VOI {amount(scores.voi_split)} split + {amount(scores.voi_merge)} merged\nclick to take it over"
        )

    def mousePressEvent(self, event: Any) -> None:
        """Choose the value that is nearest."""
        place = self.place_of(event)
        point = None if place is None else self._nearest(place[0])
        if point is not None and event.button() == Qt.MouseButton.LeftButton:
            self._now = point.value
            self.refresh()
            self.chosen.emit(self.plan, point.value)

    def _nearest(self, x: float) -> SweepPoint | None:
        return min(self.points, key=lambda point: abs(self._place(point.value) - x), default=None)

    def _place(self, value: Any) -> float:
        """Where a value is on the axis: itself, or its position among all if it isn't a number."""
        assert self.plan is not None
        return float(value) if _is_number(value) else self.plan.values.index(value) + 1.0

    def _draw(self, axes: Axes, ink: str) -> None:
        if self.plan is None:
            axes.set_axis_off()
            return
        axes.set_axis_on()
        values = [self._place(value) for value in self.plan.values]
        margin = 0.04 * (max(values) - min(values)) or 1
        axes.set(xlim=(min(values) - margin, max(values) + margin), ylim=(0, 1.04))
        for name, colour, style in (("arand", FILL, "o-"), ("f1_iou50", ink, "--")):
            there = [(self._place(p.value), getattr(p.scores, name)) for p in self.points if p.scores is not None]
            if there:
                axes.plot(*zip(*sorted(there), strict=True), style, color=colour, markersize=5, linewidth=1.4)
        if _is_number(self._now) or self._now in self.plan.values:
            axes.axvline(self._place(self._now), color=ACCENT, linewidth=1.2)
        axes.locator_params(axis="x", nbins=6, integer=not _is_number(self.plan.values[0]))
        axes.set_yticks([0, 0.5, 1])
        by_number = "" if _is_number(self.plan.values[0]) else ", how many"
        axes.set_xlabel(f"{readable(self.plan.parameter.name)}{by_number}", color=ink)
        caption(axes, "adapted Rand error, F1 (dashed)", ink)


def _owner(plan: SweepPlan, inspection: Inspection, decoder: Decoder, imperfection: Imperfection) -> Any:
    owners = {"predictor": inspection.request.predictor, "decoder": decoder, "imperfection": imperfection}
    return owners[plan.owner]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _can_be_swept(parameter: Parameter, value: Any) -> bool:
    """Whether targets depend on a number, or on offsets of which there are several."""
    if parameter.affects != "target" or parameter.name in ("context_tolerance", "dims"):
        return False
    return _is_number(value) or (parameter.holds_offsets and len(value) > 1)


def _suggested(parameter: Parameter, value: Any) -> str:
    """Values around one: between bounds, from a third to three times it, or from 0 up."""
    if not _is_number(value):
        return ""
    low, high = parameter.minimum, parameter.maximum
    if parameter.plain_type not in (int, float) and isinstance(value, int):  # or one for each axis
        return ", ".join(str(v) for v in range(max(1, value - 2), value + 4))
    if low is not None and high is not None and parameter.plain_type is not int:
        first, last = low + (high - low) / 10 * parameter.exclusive, high - (high - low) / 10 * parameter.exclusive
    elif parameter.plain_type is int:
        first, last = max(low or 0, value - 2), min(high or 1000, value + 4)
    elif low is None:
        first, last = value - 0.3, value + 0.3
    else:
        first, last = (value / 3, value * 3) if value else (0.0, 0.6)
    return f"{first:.3g}:{last:.3g}:{_STEPS}"
