"""`PlotCanvas`: a small matplotlib plot in the dock, in the theme's colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize
from qtpy.QtGui import QImage, QPainter
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg

ACCENT = "#e0218a"  # what matters most: contrast 4.4:1 on napari's light background, 3.6:1 on the dark one
FILL = "#3f8fd6"  # areas and curves


def load_matplotlib() -> None:
    """Import what draws plots; in a worker, since it takes some tenths of a second."""
    from matplotlib import figure, font_manager  # noqa: F401
    from matplotlib.backends import backend_agg  # noqa: F401


class PlotCanvas(QWidget):
    """One pair of axes on a transparent background, drawn when it is seen and only if something has changed since.

    `plot` draws on cleared axes, and is given the theme's colour of text. `margins` (left, top, right, bottom) and
    `height` are in heights of the letters. `hover` gives the tool tip of a place in the axes, in their coordinates.
    """

    def __init__(
        self,
        plot: Callable[[Axes, str], None],
        margins: tuple[float, float, float, float],
        height: float = 12,
        hover: Callable[[float, float], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._plot, self._margins, self._lines, self._hover = plot, margins, height, hover
        self._pixels = 12
        self._canvas: FigureCanvasAgg | None = None  # kept: to make one takes longer than to draw
        self._image: QImage | None = None
        self._style: tuple[str, int] | None = None
        self.setMouseTracking(hover is not None)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def text_pixels(self) -> int:
        """Height of the letters."""
        return self._pixels

    @text_pixels.setter
    def text_pixels(self, pixels: int) -> None:
        self._pixels = pixels
        self.updateGeometry()
        self.refresh()

    def sizeHint(self) -> QSize:
        """In proportion to the height of the letters."""
        return QSize(280, round(self._lines * self._pixels))

    def refresh(self) -> None:
        """Draw anew, once the plot is seen."""
        self._image = None
        self.update()

    def paintEvent(self, _event: Any) -> None:
        """Paint the plot."""
        if self._image is None:
            self._image = self._drawn()
        QPainter(self).drawImage(0, 0, self._image)

    def resizeEvent(self, event: Any) -> None:
        """Draw anew in another size."""
        super().resizeEvent(event)
        self._image = None

    def changeEvent(self, event: Any) -> None:
        """Draw anew in another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.refresh()

    def mouseMoveEvent(self, event: Any) -> None:
        """Show the tool tip of what is under the mouse."""
        if self._hover is None:
            return
        place = self.place_of(event)
        text = "" if place is None else self._hover(*place)
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def place_of(self, event: Any) -> tuple[float, float] | None:
        """Where a mouse event is, in the coordinates of the axes; None outside of them."""
        if self._canvas is None:
            return None
        axes, ratio, place = self._canvas.figure.axes[0], self.devicePixelRatioF(), event.position()
        point = place.x() * ratio, (self.height() - place.y()) * ratio
        return tuple(axes.transData.inverted().transform(point)) if axes.bbox.contains(*point) else None

    def _drawn(self) -> QImage:
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        canvas = self._canvas = self._canvas or _new_canvas()
        figure, axes = canvas.figure, canvas.figure.axes[0]
        figure.set_dpi(72 * ratio)  # a point is a pixel
        figure.set_size_inches(width / figure.dpi, height / figure.dpi)
        left, top, right, bottom = (margin * self._pixels for margin in self._margins)
        across, down = max(self.width(), 1), max(self.height(), 1)
        axes.set_position((left / across, bottom / down, 1 - (left + right) / across, 1 - (top + bottom) / down))
        for artist in (*axes.lines, *axes.patches, *axes.texts, *axes.collections):
            artist.remove()
        self.ensurePolished()
        ink = self.palette().color(self.foregroundRole()).name()
        self._plot(axes, ink)
        if self._style != (ink, self._pixels):  # it takes a third as long as the drawing
            self._style = ink, self._pixels
            axes.tick_params(which="both", colors=ink, labelsize=self._pixels, length=3, pad=2)
            axes.spines[:].set(color=ink, alpha=0.4)
        for text in (axes.xaxis.label, axes.yaxis.label, *axes.texts):
            text.set_fontsize(self._pixels)
        canvas.draw()
        image = QImage(canvas.buffer_rgba(), width, height, QImage.Format.Format_RGBA8888).copy()
        image.setDevicePixelRatio(ratio)
        return image


def caption(axes: Axes, text: str, colour: str) -> None:
    """Write above the upper left corner of the axes, however high they are."""
    axes.annotate(text, (0, 1), xytext=(0, 4), xycoords="axes fraction", textcoords="offset points", color=colour)


def _new_canvas() -> FigureCanvasAgg:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    figure.patch.set_alpha(0)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.patch.set_alpha(0)
    axes.spines[["top", "right"]].set_visible(False)
    return FigureCanvasAgg(figure)
