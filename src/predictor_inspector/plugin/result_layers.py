"""`ResultLayers`: the layers that show an inspection's target and weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import DistanceArray
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.colours import blend, signed_colormap

OWNER = "predictor_inspector"
"""The key in a layer's metadata that marks it as the plugin's own."""

TARGET, WEIGHT, RGB = "target", "weight", "target RGB"


@dataclass(frozen=True)
class Place:
    """How a ground-truth layer lies in the viewer: what result layers need to lie beside it.

    Attributes
    ----------
    units : tuple of str
        One per spatial axis.
    axis_labels : tuple of str
        One per spatial axis.
    time : tuple of (float, float) or None
        Scale and position of the time axis, if the layer has one before its spatial axes.
    """

    units: tuple[str, ...]
    axis_labels: tuple[str, ...]
    time: tuple[float, float] | None = None


@dataclass(frozen=True)
class Pictures:
    """An inspection's arrays as layers want them, made in the worker.

    Attributes
    ----------
    target, weight : numpy.ndarray
        float32, [C, (1,) Z, Y, X], the second axis being time, if there is one.
    rgb : numpy.ndarray or None
        uint8, [(1,) Z, Y, X, 3]; None where no channels are mixed.
    signed : bool
        Whether the target's values are centred on 0.
    place : Place
        The axes and units of the ground-truth layer.
    corner, voxel_size : tuple of float
        Of the arrays, in the unit of length.
    about : type
        The predictor's class: as long as it stays, values mean the same.
    """

    target: np.ndarray
    weight: np.ndarray
    rgb: np.ndarray | None
    signed: bool
    place: Place
    corner: tuple[float, ...] = ()
    voxel_size: tuple[float, ...] = ()
    about: Any = field(default=None, compare=False)


def is_mine(layer: Any) -> bool:
    """Whether the plugin made this layer."""
    return OWNER in layer.metadata


def make_pictures(inspection: Inspection, place: Place, blended: Sequence[tuple[int, str]]) -> Pictures:
    """The arrays to show.

    Parameters
    ----------
    blended : sequence of (int, str)
        Channels of the RGB view and their colours; none for no such view.
    """
    target, weight = inspection.target.numpy(), inspection.weight.numpy()
    signed = is_signed(inspection)
    rgb = None
    if blended:
        chosen = target[[index for index, _ in blended]]
        rgb = blend(chosen * 0.5 + 0.5 if signed else chosen, [colour for _, colour in blended])
    if place.time is not None:
        target, weight = target[:, None], weight[:, None]
        rgb = None if rgb is None else rgb[None]
    array: Array = inspection.target
    return Pictures(
        target=target,
        weight=weight,
        rgb=rgb,
        signed=signed,
        place=place,
        corner=tuple(o / array.subdivision for o in array.offset),
        voxel_size=array.physical_voxel_size,
        about=type(inspection.request.predictor),
    )


def is_signed(inspection: Inspection) -> bool:
    """Whether the target's values are centred on 0."""
    return isinstance(inspection.request.predictor.output_array_type, DistanceArray) or any(
        s.minimum < 0 for s in inspection.statistics
    )


class ResultLayers:
    """Target, weight and RGB view in a viewer: made once, then given new data.

    Contrast, colormap, opacity and visibility are set when a layer is made, and again when another predictor's values mean
    something else; in between they are the person's.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layers: dict[str, Any] = {}
        self._signed: bool | None = None
        self._about: Any = None
        self._wanted = RGB
        self._withdrawn: str | None = None

    def get(self, name: str) -> Any | None:
        """The layer called `name` if it exists and hasn't been removed."""
        layer = self._layers.get(name)
        if layer is not None and layer not in self._viewer.layers:
            del self._layers[name]
            return None
        return layer

    def show(self, pictures: Pictures) -> None:
        """Put new arrays into the layers; makes the layers that are missing."""
        other = self.get(TARGET) is None or self._about is not pictures.about
        had_rgb = self.get(RGB) is not None
        looked_at = self.looked_at()
        withdrawn, self._withdrawn = self._withdrawn, None
        if pictures.rgb is None and had_rgb:
            self._viewer.layers.remove(self._layers.pop(RGB))
        with self._adapting_once(pictures):
            self._put(TARGET, pictures.target, pictures, channels=True)
            self._put(WEIGHT, pictures.weight, pictures, channels=True)
            if pictures.rgb is not None:
                self._put(RGB, pictures.rgb, pictures, channels=False)
        if other:
            self._dress(pictures)
        if looked_at is None and (other or withdrawn is not None):
            self._look(self._wanted if other or withdrawn is None else withdrawn)
        elif had_rgb != (pictures.rgb is not None) and looked_at in (RGB, TARGET) and self._wanted == RGB:
            # The RGB view comes and goes with predictors of several channels; whoever looks at it sees the target meanwhile.
            self._look(RGB)
        self._about, self._signed = pictures.about, pictures.signed

    def look_at(self, name: str) -> None:
        """Show one of the three views and hide the others."""
        self._wanted = name
        self._look(name)

    def looked_at(self) -> str | None:
        """The topmost visible one of the three views."""
        shown = [name for name in (RGB, WEIGHT, TARGET) if self.get(name) is not None and self._layers[name].visible]
        return max(shown, key=lambda n: self._viewer.layers.index(self._layers[n]), default=None)

    def withdraw(self) -> None:
        """Hide what no longer is the target of what is asked for, until there is one again."""
        shown = self.looked_at()
        if shown is not None:
            self._withdrawn = shown
            for name in (TARGET, WEIGHT, RGB):
                layer = self.get(name)
                if layer is not None:
                    layer.visible = False

    def clear(self) -> None:
        """Remove all layers."""
        for name in (TARGET, WEIGHT, RGB):
            if self.get(name) is not None:
                self._viewer.layers.remove(self._layers.pop(name))
        self._about = self._signed = None

    def _look(self, name: str) -> None:
        """Show a view, the target in place of an RGB view that there isn't."""
        if name == RGB and self.get(RGB) is None:
            name = TARGET
        for other in (TARGET, WEIGHT, RGB):
            layer = self.get(other)
            if layer is not None:
                layer.visible = other == name

    def _put(self, name: str, data: np.ndarray, pictures: Pictures, channels: bool) -> None:
        place = pictures.place
        time = [] if place.time is None else [place.time]
        lead = [(1.0, 0.0)] * channels + time
        scale = [s for s, _ in lead] + list(pictures.voxel_size)
        # The corner of the first voxel becomes the centre, which is what napari calls translate.
        translate = [t for _, t in lead] + [
            c + v / 2 for c, v in zip(pictures.corner, pictures.voxel_size, strict=True)
        ]
        layer = self.get(name)
        if layer is not None and layer.ndim != len(scale):
            self._viewer.layers.remove(self._layers.pop(name))
            layer = None
        if layer is None:
            self._add(name, data, scale, translate, place, channels)
            return
        # napari would redraw for the data and again for its place.
        with layer._block_refresh():
            layer.data = data
            if not np.array_equal(layer.scale, scale):
                layer.scale = scale
            if not np.array_equal(layer.translate, translate):
                layer.translate = translate
            if tuple(map(str, layer.units)) != tuple(self._units(place, channels)):
                layer.units = self._units(place, channels)
        layer.refresh()

    @contextmanager
    def _adapting_once(self, pictures: Pictures) -> Iterator[None]:
        """Keep the viewer from adapting its sliders to every change of every layer; once is enough, and rarely needed.

        Results lie within the ground truth, so only another number of channels can ask for other sliders.
        """
        adapt = self._viewer._on_layers_change
        target = self.get(TARGET)
        channels = None if target is None else len(target.data)
        with ExitStack() as blocked:
            for layer in list(self._layers.values()):
                for name in ("data", "scale", "translate", "units"):
                    blocked.enter_context(getattr(layer.events, name).blocker(adapt))
            yield
        if len(pictures.target) != channels:
            # A hidden layer's extent is remembered from before.
            for layer in self._layers.values():
                layer._clear_extent()
            adapt()

    def _add(
        self, name: str, data: np.ndarray, scale: list[float], translate: list[float], place: Place, channels: bool
    ) -> None:
        active = self._viewer.layers.selection.active
        labels = ["channel"] * channels + (["time"] if place.time is not None else []) + list(place.axis_labels)
        layer = self._viewer.add_image(
            data,
            name=name,
            rgb=not channels,
            scale=scale,
            translate=translate,
            units=self._units(place, channels),
            axis_labels=labels,
            metadata={OWNER: name},
            interpolation2d="nearest",
            blending="translucent_no_depth",
            visible=False,
            # In 3-D a solid block whose faces are slices; a projection of affinities would be white all over.
            rendering="translucent",
        )
        self._layers[name] = layer
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active

    @staticmethod
    def _units(place: Place, channels: bool) -> list[str]:
        return ["pixel"] * channels + (["pixel"] if place.time is not None else []) + list(place.units)

    def _dress(self, pictures: Pictures) -> None:
        """Colours and contrast that suit the values."""
        target, weight = self._layers[TARGET], self._layers[WEIGHT]
        target.contrast_limits_range = (-1, 1) if pictures.signed else (0, 1)
        target.contrast_limits = (-1, 1) if pictures.signed else (0, 1)
        if pictures.signed != self._signed:
            target.colormap = signed_colormap() if pictures.signed else "gray"
        heaviest = max(1.0, float(pictures.weight.max()))
        weight.contrast_limits_range = (0, max(10.0, heaviest))
        weight.contrast_limits = (0, heaviest)
        if self._about is None:
            weight.colormap = "magma"
