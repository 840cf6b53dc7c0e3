"""`PinnedBox`: bring the box to the slice shown, go to it, return to an earlier one."""

from __future__ import annotations

from typing import Any

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.navigation import show_region
from predictor_inspector.plugin.model.box import Missed, brought, closest_box, missed, thickness_of, with_thickness
from predictor_inspector.plugin.model.settings import Gesture, Settings
from predictor_inspector.plugin.model.view import View, view_of

_MOST = 100  # boxes that are kept


class PinnedBox:
    """The box of the settings, in a viewer. Boxes that were chosen before are kept until there is another ground truth.

    What the box does by itself, to follow the slice or to lie on the grid, isn't choosing.
    """

    def __init__(self, viewer: Any, settings: Settings) -> None:
        self._viewer, self._settings = viewer, settings
        self._past: list[Roi] = []
        self._present, self._chosen = settings.box, settings.box
        self._last: Any = None  # the label of the last change
        self._presses = 0
        self._counts: tuple[int, int] | None = None
        viewer.mouse_drag_callbacks.append(self._on_press)
        settings.stepped.connect(self._on_step)
        settings.events.gt.connect(self._forget)

    @property
    def missed(self) -> Missed | None:
        """Where the slice shown goes past the box; None if it goes through it, or none is pinned."""
        present = self._box_on_grid()
        if self._settings.region_mode != "box" or present is None:
            return None
        return missed(*present, self._view)

    def bring_here(self) -> None:
        """Pin the box with the slice shown through its middle."""
        if present := self._box_on_grid():
            self._settings.pin(brought(*present, self._view, middle=True))

    def drag_to(self, box: Roi) -> None:
        """Take over where the mouse has dragged the box; until it is pressed again, that is one step."""
        with self._settings.together(Gesture("box", self._presses)):
            self._settings.box = box

    def go_to(self) -> None:
        """Show a slice of the box, and all of it on the canvas."""
        if present := self._box_on_grid():
            show_region(self._viewer, *present)

    @property
    def thickness(self) -> int | None:
        """How many voxels the box has along the axes that aren't displayed; None if there is no box."""
        present = self._box_on_grid()
        return None if present is None else thickness_of(*present, self._view)

    def thicken(self, thickness: int) -> None:
        """Give the box so many voxels along the axes that aren't displayed."""
        if present := self._box_on_grid():
            self._settings.pin(with_thickness(*present, self._view, thickness))

    @property
    def _view(self) -> View:
        return view_of(self._viewer, self._settings.units)

    @property
    def has_previous(self) -> bool:
        """Whether there is a box to return to."""
        return bool(self._past) or self._present != self._chosen

    def go_back(self) -> None:
        """Pin the box that was chosen before, or last if it has followed the slice since, and go to it."""
        past = list(self._past)
        box = self._chosen if self._present != self._chosen else past.pop() if past else None
        if box is not None:
            self._settings.pin(box)
            self._past = past
            self.go_to()

    def close(self) -> None:
        """Stop listening."""
        if self._on_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_press)
        self._settings.stepped.disconnect(self._on_step)
        self._settings.events.gt.disconnect(self._forget)

    def _on_press(self, _viewer: Any, _event: Any) -> None:
        self._presses += 1

    def _on_step(self, label: Any, automatic: bool) -> None:
        settings, before = self._settings, self._present
        box, chosen = settings.box, self._chosen
        if box == before:
            return
        self._present = box
        if automatic:
            present = self._box_on_grid(chosen)
            if not settings.box_follows_slice or present is None or present[0] == box:
                self._chosen = box
            return
        self._chosen = box
        last, self._last = self._last, label
        if chosen is not None and not (isinstance(label, Gesture) and label == last):
            self._past = [*self._past[1 - _MOST :], chosen]

    def _box_on_grid(self, box: Roi | None = None) -> tuple[Roi, Array] | None:
        """A box, by default that of the settings, on the grid of the ground truth; None where one of them is missing."""
        gt, box = self._settings.gt, box or self._settings.box
        return None if gt is None or box is None or box.dims != gt.dims else (closest_box(box, gt), gt)

    def _forget(self, gt: Array | None) -> None:
        """Forget boxes of other counts than those of the ground truth."""
        if gt is not None and self._counts != (gt.subdivision, gt.dims):
            self._counts = gt.subdivision, gt.dims
            self._past, self._present, self._chosen = [], self._settings.box, self._settings.box
