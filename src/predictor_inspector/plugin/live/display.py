"""`LiveDisplay`: what the dock draws into the viewer, and when it is painted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from funlib.geometry import Roi
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.core.channels import Channel
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.colours import RgbMix
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.panes import Panes
from predictor_inspector.plugin.layers.pictures import Blended, Pictures, make_pictures
from predictor_inspector.plugin.layers.regions import RegionLayer
from predictor_inspector.plugin.layers.results import RGB, ResultLayers
from predictor_inspector.plugin.layers.scroll_axis import ScrollAxis
from predictor_inspector.plugin.live.listeners import Watch
from predictor_inspector.plugin.model.axes import Place
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.model.settings import Settings

_TOGETHER = 50  # milliseconds that regions wait to be drawn with a result
_HELD = 100  # milliseconds that painting waits at most for one that is expected sooner, to be done once, not twice
_BLENDED_AT_ONCE = 2**22  # values of a target that are blended in the window's thread; of larger ones what is looked at


class LiveDisplay(QObject):
    """The layers of results and regions, in the order and the panes that the settings ask for.

    `on_box` is called with the box that a person has dragged.
    """

    resolved = Signal(object)  # a `Resolved`, when its regions have been drawn

    def __init__(self, viewer: Any, settings: Settings, mix: RgbMix, on_box: Callable[[Roi], None]) -> None:
        super().__init__()
        self._viewer, self._settings, self._mix = viewer, settings, mix
        self.layers = OwnedLayers(viewer)  # all that the dock makes
        self.results = ResultLayers(self.layers, settings, mix)
        self._panes = Panes(self.layers)
        self.regions = RegionLayer(self.layers, on_box)
        self._scroll_axis = ScrollAxis(viewer, lambda: self.results.channel_axis)
        self._undrawn: Resolved | None = None  # whose regions are to be drawn
        self._ndisplay = viewer.dims.ndisplay  # that the results are drawn for
        self._held: tuple[Any, Any] | None = None  # canvas and list of layers, which wait to be painted
        self._held_list: Any = None  # the list, when the canvas waits no longer
        # Qt's lists find out with a timer which of their rows have changed.
        self._list_timer = QTimer(self, singleShot=True, interval=0)
        self._list_timer.timeout.connect(self._release_list)
        self._draw_timer = QTimer(self, singleShot=True)
        self._draw_timer.timeout.connect(self.draw)
        # Once napari has made what it draws a new layer with.
        self._order_timer = QTimer(self, singleShot=True, interval=0)
        self._order_timer.timeout.connect(self.layers.keep_on_top)
        self._addition_watch = Watch(self._order_timer.start, [viewer.layers.events.inserted])
        self._removal_watch = Watch(self.layers.make_canvas_current, [viewer.layers.events.removing])

    def expect(self, state: Resolved) -> None:
        """Have the regions of `state` drawn: with its result, or by `draw_soon` or `draw`."""
        self._undrawn = state

    def hold(self, seconds: float) -> None:
        """Paint nothing until a result is there, if that is expected in so few `seconds` that regions wait for it."""
        if 1000 * seconds < _TOGETHER and self._held is None:
            self._held = self.layers.canvas_and_list()
            for widget in self._held or ():
                widget.setUpdatesEnabled(False)

    def draw_soon(self) -> None:
        """Draw the regions with the result, or a moment from now where that takes longer."""
        if not self._draw_timer.isActive():
            self._draw_timer.start(_HELD if self._held else _TOGETHER)

    def draw(self) -> None:
        """Draw the regions of what is looked at now, if they aren't drawn yet."""
        self._draw_regions()
        self.release()

    def release(self) -> None:
        """Paint at once again, and draw no regions by themselves."""
        self._draw_timer.stop()
        if self._held is not None:
            (canvas, self._held_list), self._held = self._held, None
            _enable_updates(canvas)
            self._list_timer.start()

    def show(self, pictures: Pictures) -> None:
        """Give pictures to the layers, together with their regions."""
        self._draw_regions()
        self.results.show(pictures)
        self._scroll_axis.keep()
        # Of fewer channels none might be shown.
        if (self.results.channel or 0) >= pictures.target.shape[0]:
            self.results.move_to_channel(0)
        self.release()

    def arrange(self) -> None:
        """Show panes, or none, as the settings say."""
        self._panes.show(self._settings.panes)

    def rest(self) -> None:
        """Leave canvas and layers to another dock."""
        self.results.close()
        self._panes.show(False)

    def wake(self) -> None:
        """Take canvas and layers again."""
        self.results.listen()

    def clear(self) -> None:
        """Remove results and regions."""
        self._undrawn = None
        self.results.clear()
        self.regions.clear()

    def close(self) -> None:
        """Listen to no settings, viewer or layer any more. Layers stay."""
        self.release()
        self._release_list()
        self._removal_watch.close()
        self._addition_watch.close()
        self._order_timer.stop()
        self.regions.close()
        self.results.close()
        self._scroll_axis.close()

    def look_at_channel(self, index: int) -> None:
        """Move the viewer to a channel of the target, off the RGB view."""
        if self.results.looked_at() == RGB:
            self._settings.shown = "target"
        self.results.move_to_channel(index)

    def turned(self) -> bool:
        """Whether the viewer has gone from 2-D to 3-D, or back, since this was asked last."""
        before, self._ndisplay = self._ndisplay, self._viewer.dims.ndisplay
        return bool(before != self._ndisplay)

    def blended(self, channels: Sequence[Channel]) -> Blended:
        """Which channels the RGB view blends, and how; none while it isn't looked at."""
        settings = self._settings
        mixed = self._mix.of(channels) if settings.shown == "rgb" else ()
        return Blended(tuple(mixed), settings.drawn_as == "boundaries", self._viewer.dims.ndisplay == 3)

    def pictures_of(self, inspection: Inspection, place: Place) -> Pictures:
        """An inspection's pictures, made in the window's thread."""
        return make_pictures(inspection, place, self.blended(inspection.channels), _BLENDED_AT_ONCE)

    def _release_list(self) -> None:
        _enable_updates(self._held_list)
        self._held_list = None

    def _draw_regions(self) -> None:
        state, self._undrawn = self._undrawn, None
        if state is not None:
            self.regions.draw(state, self._settings.region_mode == "box" and state.view.ndisplay == 2)
            self.resolved.emit(state)


def _enable_updates(widget: Any) -> None:
    # The window may be closed meanwhile.
    if widget is not None and isalive(widget):
        widget.setUpdatesEnabled(True)
