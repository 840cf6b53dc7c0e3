"""`ResultLayers`: the layers that show an inspection's target and weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import prod
from typing import Any

import numpy as np

from predictor_inspector.plugin.layers.colours import signed_colormap
from predictor_inspector.plugin.layers.pictures import Pictures
from predictor_inspector.plugin.model.axes import Place

OWNER = "predictor_inspector"
"""The key in a layer's metadata that marks it as the plugin's own."""

TARGET, WEIGHT, RGB = "target", "weight", "target RGB"

_TOO_DEEP = 2**25
"""Voxels of a region that isn't drawn in 3-D: napari would take all of it into memory, several times over."""


def is_mine(layer: Any) -> bool:
    """Whether the plugin made this layer."""
    return OWNER in layer.metadata


class ResultLayers:
    """Target, weight and RGB view in a viewer: made once, then given new data.

    Contrast, colormap, opacity and visibility are set when a layer is made, and again when another predictor's values mean
    something else; in between they are the person's.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layers: dict[str, Any] = {}
        self._about: Any = None
        self._wanted = RGB
        self._withdrawn: str | None = None
        self._deep = False
        self._spared: str | None = None
        self._heaviest: float | None = None
        """Up to where the weights' contrast was set, of weights that weren't all known then."""

    def get(self, name: str) -> Any | None:
        """The layer called `name` if it exists and hasn't been removed."""
        layer = self._layers.get(name)
        if layer is not None and layer not in self._viewer.layers:
            del self._layers[name]
            return None
        return layer

    def show(self, pictures: Pictures) -> None:
        """Put new arrays into the layers; makes the layers that are missing."""
        other = self.get(TARGET) is None or self._about != pictures.about
        had_rgb = self.get(RGB) is not None
        looked_at = self.looked_at()
        withdrawn, self._withdrawn = self._withdrawn, None
        self._deep = prod(pictures.target.shape[1:]) > _TOO_DEEP
        if pictures.rgb is None and had_rgb:
            self._viewer.layers.remove(self._layers.pop(RGB))
        with self._adapting_once(pictures):
            self._put(TARGET, pictures.target, pictures, channels=True)
            self._put(WEIGHT, pictures.weight, pictures, channels=True)
            if pictures.rgb is not None:
                self._put(RGB, pictures.rgb, pictures, channels=False)
        if other:
            self._dress(pictures)
        elif self._heaviest is not None and pictures.heaviest > self._heaviest:
            self._stretch(pictures.heaviest)
        if looked_at is None and (other or withdrawn is not None):
            self._look(self._wanted if other or withdrawn is None else withdrawn)
        elif had_rgb != (pictures.rgb is not None) and looked_at in (RGB, TARGET) and self._wanted == RGB:
            # The RGB view comes and goes with predictors of several channels; whoever looks at it sees the target meanwhile.
            self._look(RGB)
        self._about = pictures.about
        if pictures.complete:
            self._heaviest = None

    @property
    def sparing(self) -> bool:
        """Whether the results are hidden because they are too large for 3-D."""
        return self._deep and self._viewer.dims.ndisplay == 3

    def follow_depth(self) -> None:
        """Hide what is too large to be drawn in 3-D, and show it again in 2-D.

        Must be called before napari draws in another number of dimensions.
        """
        shown = self.looked_at()
        if self.sparing and shown is not None:
            self._look(shown)
        elif self._spared is not None and not self.sparing:
            self._look(self._spared)

    def look_at(self, name: str) -> None:
        """Show one of the three views and hide the others."""
        self._wanted = name
        if self._withdrawn is None:
            self._look(name)
        else:
            # There is nothing to see yet; it is shown when there is.
            self._withdrawn = name

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
        self._about = None

    def _look(self, name: str) -> None:
        """Show a view, the target in place of an RGB view that there isn't."""
        if name == RGB and self.get(RGB) is None:
            name = TARGET
        self._spared = name if self.sparing else None
        for other in (TARGET, WEIGHT, RGB):
            layer = self.get(other)
            if layer is not None:
                layer.visible = other == name and self._spared is None

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
            # What is being filled stays the same array.
            if layer.data is not data:
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
        channels = None if target is None else target.data.shape[0]
        with ExitStack() as blocked:
            for layer in list(self._layers.values()):
                for name in ("data", "scale", "translate", "units"):
                    blocked.enter_context(getattr(layer.events, name).blocker(adapt))
            yield
        if pictures.target.shape[0] != channels:
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
            # Set by `_dress`; without any, napari would look for them in the data.
            contrast_limits=(0, 1) if channels else None,
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
        target.contrast_limits_range = target.contrast_limits = pictures.limits
        target.colormap = signed_colormap() if pictures.signed else "gray"
        self._set_heaviest(weight, max(1.0, pictures.heaviest))
        if self._about is None:
            weight.colormap = "magma"

    def _stretch(self, heaviest: float) -> None:
        """Make room for weights that are heavier than those known before, unless the person has set the contrast since."""
        weight = self._layers[WEIGHT]
        if tuple(weight.contrast_limits) == (0, self._heaviest):
            self._set_heaviest(weight, heaviest)
        else:
            self._heaviest = None

    def _set_heaviest(self, weight: Any, heaviest: float) -> None:
        weight.contrast_limits_range = (0, max(10.0, heaviest))
        weight.contrast_limits = (0, heaviest)
        self._heaviest = heaviest
