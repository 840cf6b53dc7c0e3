"""`Inspector`: keeps what the viewer shows and what the panels ask for in step with the layers, live.

Every change leads to one place, `_update`, which turns the present state of affairs into a request by pure functions,
draws the regions at once and hands the computation to the worker. What comes back is put into layers.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from funlib.geometry import Roi
from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.core.array import Array
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.data.layers import array_from_layer
from predictor_inspector.inspection import Inspection, Regions, Request, carry_out, regions_for
from predictor_inspector.plugin.axes import Axes, array_at, place_of
from predictor_inspector.plugin.box import PinnedBox
from predictor_inspector.plugin.live import Job, LiveRunner
from predictor_inspector.plugin.region_layers import RegionLayers
from predictor_inspector.plugin.result_layers import RGB, TARGET, WEIGHT, Pictures, Place, ResultLayers, make_pictures
from predictor_inspector.plugin.view import View, view_of, viewed_roi
from predictor_inspector.plugin.watch import LayerWatch, ViewerWatch

MAX_VALUES = 2**26
"""Target values computed at most in one go: two float32 arrays of this size are 512 MB."""

MAX_CONTEXT = 2**27
"""Voxels of ground truth read at most for one region."""


@dataclass(frozen=True)
class Intention:
    """What the person wants to see, as the panels say it."""

    gt_layer: Any
    mask_layer: Any
    axes: Axes | None
    level: int
    predictor: Callable[[], Predictor]
    mode: str
    thickness: int
    device: str
    outside: str
    balance_over: str


@dataclass(frozen=True)
class Situation:
    """An intention resolved against the data and the view: all that a computation needs, and no layer."""

    gt: Array
    mask: Array | None
    request: Request
    regions: Regions
    place: Place
    view: View
    about: tuple[Any, ...]
    key: tuple[Any, ...]


class TooLarge(ValueError):
    """The region is beyond the budget."""


class NothingToShow(Exception):
    """There is nothing to inspect, which is no error: the message says why."""


class Inspector(QObject):
    """The live loop between a viewer, an intention and the layers that show the result."""

    shown = Signal(object)
    """An `Inspection`, after the layers have been given its arrays."""
    resolved = Signal(object)
    """A `Situation`, when the regions have been drawn."""
    cleared = Signal()
    """There is no ground truth any more."""
    message = Signal(str, str)
    """A sentence for the person, and its kind: ``"error"``, ``"large"``, ``"hint"`` or ``""`` with no sentence."""
    stepped = Signal(str, float)
    busy_changed = Signal(bool)
    view_changed = Signal()
    box_moved = Signal()
    gt_changed = Signal()
    """The ground truth lies elsewhere, or has another shape."""
    layers_changed = Signal()
    """The viewer's list of layers is another."""

    def __init__(
        self,
        viewer: Any,
        intention: Callable[[], Intention],
        blended: Callable[[Predictor], list[tuple[int, str]]],
    ) -> None:
        super().__init__()
        self._viewer, self._intention, self._blended = viewer, intention, blended
        self._runner = LiveRunner(leave_a_core_to_the_window)
        self._results = ResultLayers(viewer)
        self._regions = RegionLayers(viewer)
        self.box = PinnedBox(viewer, self._regions, self._on_box)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._update)
        self._viewer_watch = ViewerWatch(viewer, self._on_view, self.layers_changed.emit)
        self._gt_watch, self._mask_watch = LayerWatch(self._on_data), LayerWatch(self._on_data)
        self._version = 0
        self._submitted: tuple[Any, ...] | None = None
        self._about: tuple[Any, ...] | None = None
        self._was_busy = False
        self.live, self.paused = True, False
        self.inspection: Inspection | None = None
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.stepped.connect(self.stepped)
        self._runner.busy_changed.connect(lambda _busy: self._tell_busy())

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or about to be."""
        return self._runner.busy or self._timer.isActive()

    @property
    def results(self) -> ResultLayers:
        """The layers with target and weights."""
        return self._results

    def request_update(self) -> None:
        """Look at the state of affairs anew, once all that is happening now has happened."""
        if not self.paused:
            self._timer.start()
            self._tell_busy()

    def compute(self) -> None:
        """Compute now, live or not."""
        self._submitted = None
        self._update(now=True)

    def cancel(self) -> None:
        """Stop computing; the region isn't tried again until something changes."""
        self._runner.cancel()

    def pause(self) -> None:
        """Do nothing until `resume`: the dock is hidden."""
        self.paused = True
        self._timer.stop()
        self._runner.cancel()
        self._submitted = None
        self._tell_busy()

    def resume(self) -> None:
        """Go on, and catch up with what has changed."""
        self.paused = False
        self.request_update()

    def close(self) -> None:
        """Stop for good: no thread, no event of the viewer or a layer leads here any more. Layers stay."""
        self.paused = True
        self._timer.stop()
        self._runner.close()
        self._viewer_watch.close()
        self._gt_watch.watch(None)
        self._mask_watch.watch(None)
        self.box.close()

    def restyle(self) -> None:
        """Blend the RGB view anew from the inspection at hand."""
        inspection = self.inspection
        situation = self._situation_or_none()
        if inspection is None or situation is None:
            return
        pictures = make_pictures(inspection, situation.place, self._blended(inspection.request.predictor))
        self._results.show(pictures)
        self.view_changed.emit()

    def gt_array(self) -> Array | None:
        """The ground truth as it is looked at now; None if there is none or it can't be used."""
        wanted = self._intention()
        if wanted.gt_layer is None or wanted.axes is None:
            return None
        try:
            return array_at(wanted.gt_layer, wanted.axes, wanted.level, view_of(self._viewer))
        except ValueError:
            # What is wrong is said when it is used, by `_update`.
            return None

    def _situation_or_none(self) -> Situation | None:
        try:
            return self._resolve(self._intention())
        except (ValueError, NothingToShow):
            return None

    def _resolve(self, wanted: Intention) -> Situation:
        """All that is needed to compute what is wanted.

        Raises
        ------
        ValueError
            If something is wrong with the data or the parameters, or the region is too large.
        NothingToShow
            If there is nothing to inspect.
        """
        layer = wanted.gt_layer
        if layer is None or wanted.axes is None:
            raise NothingToShow("Add a layer of labels, or open a file, to see what a network would be trained on.")
        view = view_of(self._viewer)
        gt = array_at(layer, wanted.axes, wanted.level, view)
        roi = self._roi(wanted, gt, view)
        mask = None
        if wanted.mask_layer is not None:
            mask = _mask_array(wanted.mask_layer, gt, wanted.axes, view)
        predictor = wanted.predictor()
        regions = regions_for(predictor, gt, roi, wanted.outside)  # type: ignore[arg-type]
        request = Request(predictor, roi, wanted.device, wanted.outside, wanted.balance_over)  # type: ignore[arg-type]
        about = (id(layer), type(predictor), gt.dims)
        place = place_of(layer, wanted.axes, view)
        key = (about, id(wanted.mask_layer), wanted.level, place.time, request, self._version, self._roi_key(roi))
        return Situation(gt, mask, request, regions, place, view, about, key)

    @staticmethod
    def _roi_key(roi: Roi) -> tuple[Any, ...]:
        return (tuple(roi.begin), tuple(roi.shape))

    def _roi(self, wanted: Intention, gt: Array, view: View) -> Roi:
        if wanted.mode == "layer":
            return gt.roi
        if wanted.mode == "box":
            return self.box.roi_for(gt, view, wanted.thickness)
        roi = viewed_roi(gt, view, wanted.thickness)
        if roi is None:
            raise NothingToShow("Nothing of the ground truth is in view; pan or zoom until it is.")
        return roi

    def _update(self, now: bool = False) -> None:
        wanted = self._intention()
        self._gt_watch.watch(wanted.gt_layer)
        self._mask_watch.watch(wanted.mask_layer)
        try:
            situation = self._resolve(wanted)
            self._about = situation.about
            self._draw(situation, wanted)
            check_budget(situation)
        except NothingToShow as nothing:
            self._runner.cancel()
            self._submitted = None
            if wanted.gt_layer is None:
                self._clear()
            self.message.emit(str(nothing), "hint")
        except TooLarge as large:
            self._submitted = None
            self.message.emit(str(large), "large")
        except (ValueError, TypeError, AssertionError) as error:
            self._submitted = None
            self.message.emit(_sentence(error), "error")
        else:
            self.message.emit("", "")
            if (self.live or now) and situation.key != self._submitted:
                self._submit(situation)
        self._tell_busy()

    def _submit(self, situation: Situation) -> None:
        self._submitted = situation.key
        blended = self._blended(situation.request.predictor)

        def work(step: Callable[[str, float], None]) -> tuple[Inspection, Pictures]:
            inspection = carry_out(situation.request, situation.gt, situation.mask, step)
            return inspection, make_pictures(inspection, situation.place, blended)

        self._runner.submit(Job(work, situation.about))

    def _draw(self, situation: Situation, wanted: Intention) -> None:
        pixel = 1 / self._viewer.scene.camera.zoom
        self._regions.draw(
            situation.gt,
            situation.view,
            pixel,
            situation.regions.roi,
            situation.regions,
            situation.place.units,
            keep="ROI" if self.box.dragging else None,
        )
        self.box.attach(wanted.mode == "box" and situation.view.ndisplay == 2)
        self.resolved.emit(situation)

    def _clear(self) -> None:
        self._about, self.inspection = None, None
        self._results.clear()
        self._regions.clear()
        self.cleared.emit()

    def _on_finished(self, job: Job, result: tuple[Inspection, Pictures]) -> None:
        if self.paused or job.about != self._about:
            return
        inspection, pictures = result
        self.inspection = inspection
        self._results.show(pictures)
        self.shown.emit(inspection)
        self._tell_busy()

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about == self._about and not self.paused:
            self.message.emit(_sentence(error), "error")
        self._tell_busy()

    def _on_view(self) -> None:
        self.view_changed.emit()
        self.request_update()

    def _on_box(self) -> None:
        self.box_moved.emit()
        self.request_update()

    def _on_data(self, geometry: bool) -> None:
        """The ground truth or the mask has other values, or lies elsewhere."""
        self._version += 1
        if geometry:
            self.gt_changed.emit()
        self.request_update()

    def _tell_busy(self) -> None:
        if self.busy != self._was_busy:
            self._was_busy = self.busy
            self.busy_changed.emit(self._was_busy)


def leave_a_core_to_the_window() -> None:
    """Let torch compute on all cores but one, in the calling thread.

    torch's threads wait for each other after every operation; when the window takes the core of one of them, all stand
    still, for longer than one thread less would have taken.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


def check_budget(situation: Situation) -> None:
    """Raise `TooLarge`, with the numbers, if a region is more than can be computed in one go."""
    gt, regions = situation.gt, situation.regions
    values = _voxels(regions.roi, gt) * len(situation.request.predictor.channel_names)
    context = _voxels(regions.read_region, gt)
    if values > MAX_VALUES:
        raise TooLarge(
            f"The region has {values / 1e6:,.0f} million target values, more than the {MAX_VALUES / 1e6:.0f} million that are "
            "computed at a time."
        )
    if context > MAX_CONTEXT:
        raise TooLarge(
            f"With its context the region has {context / 1e6:,.0f} million voxels, more than the "
            f"{MAX_CONTEXT / 1e6:.0f} million that are read at a time."
        )


def affordable(gt: Array, channels: int) -> int:
    """Voxels along each axis of a cube that is comfortably within the budget."""
    return max(8, int((MAX_VALUES / 16 / max(1, channels)) ** (1 / gt.dims)))


def _voxels(roi: Roi, gt: Array) -> int:
    return int(np.prod([s // v for s, v in zip(roi.shape, gt.voxel_size, strict=True)]))


def _mask_array(layer: Any, gt: Array, axes: Axes, view: View) -> Array:
    """The mask with the ground truth's spatial axes; at the time shown, if it has as many axes as a series."""
    mask = array_from_layer(layer, 0, min(axes.spatial, int(layer.ndim)))
    if axes.time and mask.channel_dims and layer.ndim > axes.spatial:
        return array_at(layer, axes, 0, view)
    if mask.dims != gt.dims:
        raise ValueError(f"the mask, layer {layer.name!r}, has {mask.dims} spatial axes, but the ground truth has {gt.dims}")
    return mask


def _sentence(error: BaseException) -> str:
    """What went wrong, for a person; the kind of error only where the message alone wouldn't say."""
    text = str(error) or type(error).__name__
    if isinstance(error, (ValueError, MemoryError)):
        return text[:1].upper() + text[1:]
    return f"{type(error).__name__}: {text}"


__all__ = ["RGB", "TARGET", "WEIGHT", "Inspector", "Intention", "Situation", "affordable"]
