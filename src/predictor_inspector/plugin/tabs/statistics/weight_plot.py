"""Plot of the weights of both classes over the regions of a survey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QSizePolicy, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.output.pictures import draw_weights
from predictor_inspector.inspection.training.survey import Survey
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.plot_canvas import PlotCanvas, caption
from predictor_inspector.plugin.forms.small_widgets import ValueCombo
from predictor_inspector.plugin.layers.colours import channel_colour
from predictor_inspector.plugin.tabs import Derived

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SampleWeights(QWidget):
    """The plot of a survey's weights, and a choice of the channel; hidden until there is a survey."""

    def __init__(self, derived: Derived) -> None:
        super().__init__()
        self._channel, self._plot = ValueCombo({}, "Whose weights to plot", 10), WeightPlot()
        self._channel.chosen.connect(self._plot.set_channel)
        self._plot.setObjectName("statistics weights")
        self.setLayout(in_column(self._channel, self._plot))
        derived.events.survey.connect(self._show)
        self._show(derived.survey)

    def _show(self, survey: Survey | None) -> None:
        channels = () if survey is None else survey.channels
        titles = ["all channels", *channels]
        if titles != [self._channel.itemText(i) for i in range(self._channel.count())]:
            self._channel.offer({None: titles[0], **dict(enumerate(channels))}, None)
            self._plot.set_channel(None)
        self._channel.setVisible(len(channels) > 1)
        self._plot.show_survey(survey)
        self.setVisible(survey is not None)


class WeightPlot(PlotCanvas):
    """Lines over regions on a logarithmic scale, solid for the positive class and dashed for the negative one.

    A class that a region doesn't have keeps the weight it had.
    """

    def __init__(self) -> None:
        super().__init__(self._draw, margins=(3.2, 1.6, 1, 2.8), height=12, hover=self.text_at)
        self._survey: Survey | None = None
        self._chosen: int | None = None
        self.setMinimumHeight(110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_survey(self, survey: Survey | None) -> None:
        """Plot the weights so far."""
        self._survey = survey
        self.refresh()

    def set_channel(self, channel: int | None) -> None:
        """Draw one channel's lines only; None for all."""
        self._chosen = channel
        self.refresh()

    @property
    def _shown(self) -> list[int]:
        channels = [] if self._survey is None else range(len(self._survey.channels))
        return [channel for channel in channels if self._chosen in (None, channel)]

    def _draw(self, axes: Axes, ink: str) -> None:
        survey = self._survey
        if survey is None or not survey.done:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "weights over the samples", transform=axes.transAxes, color=ink, ha="center")
            return
        axes.set_axis_on()
        draw_weights(axes, survey.weights, {c: readable(channel_colour(c), QColor(ink)) for c in self._shown})
        axes.set_xlim(1, max(2, survey.planned, survey.done))
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0.45), max(high, 2.2))
        axes.locator_params(axis="x", nbins=5, integer=True)
        axes.set_xlabel("sample", color=ink)
        caption(axes, "weight (solid: positive, dashed: negative)", ink)

    def text_at(self, x: float, _y: float) -> str:
        """The weights in the region under the mouse."""
        survey = self._survey
        if survey is None or not 1 <= round(x) <= survey.done:
            return ""
        weights = survey.weights[round(x) - 1]
        lines = [f"{survey.channels[c]}: {' and '.join(_of_class(weights[c]))}" for c in self._shown]
        return "\n".join([f"sample {round(x)}", *lines])


def _of_class(weights: np.ndarray) -> list[str]:
    """The weights of negative and positive class in words; a class that isn't there has none."""
    return [f"{sign} {'–' if np.isnan(w) else amount(float(w), 3)}" for sign, w in zip("−+", weights, strict=True)]


def readable(colour: str, ink: QColor) -> str:
    """A colour with enough contrast to the background that `ink` is written on."""
    hue, saturation, lightness, _ = QColor(colour).getHslF()
    lightness = max(lightness, 0.66) if ink.lightnessF() > 0.5 else min(lightness, 0.42)
    return str(QColor.fromHslF(hue, saturation, lightness).name())
