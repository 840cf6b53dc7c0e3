"""`ScrollAxis`: the axis that arrow keys and Ctrl+wheel move is never that of channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ScrollAxis:
    """Keeps napari's last-used axis away from the channels of our layers.

    napari gives it to every axis that is new, and to the one whose slider is pressed. Whoever moves the slider of channels
    by hand scrolls through slices with the keys right afterwards; for channels the dock has keys and buttons.

    `channel_axis` is the dimension of the viewer that has the channels, or None.
    """

    def __init__(self, viewer: Any, channel_axis: Callable[[], int | None]) -> None:
        self._dims, self._channel_axis = viewer.dims, channel_axis
        self._had_channels = False
        events = self._dims.events
        # After napari's own, which set it, too.
        for event in (events.last_used, events.ndim, events.order, events.ndisplay):
            event.connect(self.keep, position="last")

    def keep(self, _event: Any = None) -> None:
        """Take the first spatial axis that has a slider, else another one, where channels are new or last used."""
        dims, channels = self._dims, self._channel_axis()
        new, self._had_channels = channels is not None and not self._had_channels, channels is not None
        if channels is None or not (new or dims.last_used == channels):
            return
        sliders = [axis for axis in dims.not_displayed if dims.nsteps[axis] > 1 and axis != channels]
        spatial = [axis for axis in sliders if axis >= dims.ndim - 3]
        if sliders:
            dims.last_used = min(spatial or sliders)

    def close(self) -> None:
        """Stop listening."""
        events = self._dims.events
        for event in (events.last_used, events.ndim, events.order, events.ndisplay):
            event.disconnect(self.keep)
