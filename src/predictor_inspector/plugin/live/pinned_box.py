"""`PinnedBox`: bring the box to the slice shown, go to it, return to an earlier one."""

from __future__ import annotations

from time import monotonic
from typing import Any

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.navigation import show_region
from predictor_inspector.plugin.model.box import Missed, brought, missed, thickness_of, with_thickness
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.model.view import View, view_of

_CLOSELY = 0.7  # seconds within which changes of the box that aren't steps of their own are one: it is dragged
_MOST = 100  # boxes that are kept


class PinnedBox:
    """The box of the settings, in a viewer. Boxes that were chosen before are kept until there is another ground truth.

    What the box does by itself, to follow the slice or to lie on the grid, isn't choosing.
    """

    def __init__(self, viewer: Any, settings: Settings) -> None:
        self._viewer, self._settings = viewer, settings
        self._past: list[Roi] = []
        self._present, self._chosen = settings.box, settings.box
        self._last: tuple[Any, float] = (None, 0.0)
        settings.stepped.connect(self._on_step)
        settings.events.gt.connect(self._forget)

    @property
    def missed(self) -> Missed | None:
        """Where the slice shown goes past the box; None if it goes through it, or none is pinned."""
        settings = self._settings
        gt, box = settings.gt, settings.box
        if settings.region_mode != "box" or gt is None or box is None or box.dims != gt.dims:
            return None
        return missed(gt.snap(box, "closest"), gt, self._view)

    def bring_here(self) -> None:
        """Pin the box with the slice shown through its middle."""
        settings = self._settings
        if settings.gt is not None and settings.box is not None:
            settings.pin(brought(settings.box, settings.gt, self._view, middle=True))

    def go_to(self) -> None:
        """Show a slice of the box, and all of it on the canvas."""
        settings = self._settings
        if settings.gt is not None and settings.box is not None:
            show_region(self._viewer, settings.box, settings.gt)

    @property
    def thickness(self) -> int | None:
        """How many voxels the box has along the axes that aren't displayed; None if there is no box."""
        gt, box = self._settings.gt, self._settings.box
        if gt is None or box is None or box.dims != gt.dims:
            return None
        return thickness_of(gt.snap(box, "closest"), gt, self._view)

    def thicken(self, thickness: int) -> None:
        """Give the box so many voxels along the axes that aren't displayed."""
        settings = self._settings
        if settings.gt is not None and settings.box is not None:
            settings.pin(with_thickness(settings.box, settings.gt, self._view, thickness))

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
        self._settings.stepped.disconnect(self._on_step)
        self._settings.events.gt.disconnect(self._forget)

    def _on_step(self, label: Any, automatic: bool) -> None:
        settings, before = self._settings, self._present
        box, chosen = settings.box, self._chosen
        if box == before:
            return
        self._present = box
        if automatic:
            on_grid = None if chosen is None or settings.gt is None else settings.gt.snap(chosen, "closest")
            if not settings.box_follows_slice or chosen is None or on_grid == box:
                self._chosen = box
            return
        self._chosen = box
        (last, when), self._last = self._last, (label, monotonic())
        dragged = label is not None and label == last and monotonic() - when < _CLOSELY
        if chosen is not None and not dragged:
            self._past = [*self._past[1 - _MOST :], chosen]

    def _forget(self, gt: Array | None, before: Array | None) -> None:
        """Forget boxes of other counts than those of the ground truth."""
        if gt is not None and before is not None and (gt.subdivision, gt.dims) != (before.subdivision, before.dims):
            self._past, self._present, self._chosen = [], self._settings.box, self._settings.box
