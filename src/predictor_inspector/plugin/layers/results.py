"""`ResultLayers`: the layers that show an inspection's target and weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from math import prod
from typing import Any

import numpy as np
from napari.layers import Image

from predictor_inspector.core.channels import Channel
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.colours import RgbMix
from predictor_inspector.plugin.layers.layer_data import LayerGeometry
from predictor_inspector.plugin.layers.owned import OwnedLayers, is_owned
from predictor_inspector.plugin.layers.pictures import Pictures
from predictor_inspector.plugin.layers.styles import target_style, weight_style
from predictor_inspector.plugin.layers.watch import Watch
from predictor_inspector.plugin.model.settings import Settings

TARGET, WEIGHT, RGB = "target", "weight", "target RGB"
VIEWS = (TARGET, WEIGHT, RGB)
ROLES = {"target": TARGET, "weight": WEIGHT, "rgb": RGB}
"""The role of the layer that shows each of the results that `Settings.shown` may name."""

_SHOWN = "predictor_inspector_values"  # metadata key of what a layer's values mean: contrast and colours suit them
_CHANNELS = "predictor_inspector_channels"  # metadata key of a layer's channels' names
_LARGE_IN_3D = 2**25  # voxels above which a region isn't drawn in 3-D: napari would copy it into memory several times


def channel_names(layer: Any) -> list[str]:
    """The names of the channels along a result layer's first axis; none for other layers."""
    names: list[str] = layer.metadata.get(_CHANNELS, [])
    return names


class ResultLayers:
    """Target, weight and RGB view in a viewer: made once, then given new data.

    Which of them is seen, and how, is what the settings say; who clicks a layer's eye or moves its slider sets them. Contrast
    and colours follow the channel that is shown until a person sets others, and again when another predictor's values mean
    something else. The RGB view is made when it is first looked at.

    Before napari draws in another number of dimensions or another channel, `follow` must be called.
    """

    def __init__(self, layers: OwnedLayers, settings: Settings, mix: RgbMix) -> None:
        self._layers, self._settings, self._mix = layers, settings, mix
        self._dims = layers.viewer.dims
        self.outdated = True  # whether they are hidden: they hold what isn't asked for any more, or by an earlier dock
        self._large = self._has_rgb = False
        self._peeking = self._busy = False
        self._covers: set[str] = set()
        self._channels: tuple[Channel, ...] = ()
        self._limits: tuple[tuple[float, float], ...] = ()
        self._styled: dict[str, Any] = {}  # what each layer was last styled for
        self._given: dict[tuple[str, str], Any] = {}  # attributes of layers as they were last set here
        self._watch = Watch(self._on_layer)
        self.listen()
        self.follow()

    def get(self, view: str) -> Any | None:
        """The layer of a view, if there is one."""
        return self._layers.find(view)

    def show(self, pictures: Pictures) -> None:
        """Put new arrays into the layers; makes the layers that are missing."""
        self.outdated, self._large = False, prod(pictures.target.shape[1:]) > _LARGE_IN_3D
        self._has_rgb = pictures.rgb is not None
        self._channels, self._limits = pictures.channels, pictures.limits
        with self._changing():
            # Before the data: what is too large for 3-D mustn't be drawn there.
            self._set_visible()
            self._put(pictures)
        self.listen()
        self.follow()

    @property
    def hidden_in_3d(self) -> bool:
        """Whether the results are hidden because they are too large for 3-D."""
        return self._large and self._dims.ndisplay == 3

    def follow(self) -> None:
        """Show what the settings say, in the style of the channel that is shown."""
        with self._changing():
            self._style_target()
            self._style_weight()
            self._set_visible()
            for role in VIEWS:
                layer = self.get(role)
                if layer is not None:
                    self._set(layer, "opacity", self._settings.opacity)
                    if role != RGB:
                        self._set(layer.colorbar, "visible", self._settings.colour_bars)

    def peek(self, on: bool) -> None:
        """Hide the results, to see what lies beneath, until it is called with False."""
        self._peeking = on
        self.follow()

    def cover(self, by: str, on: bool) -> None:
        """Leave the place of the view that is looked at to another layer, until it is called with False by whom it was."""
        if on != (by in self._covers):
            self._covers ^= {by}
            self.follow()

    def looked_at(self) -> str | None:
        """The one of the three views that is on the canvas."""
        if self.outdated or self.hidden_in_3d or self._peeking:
            return None
        wanted = ROLES.get(self._settings.shown)
        if wanted == RGB and not self._has_rgb:
            # The RGB view comes and goes with predictors of several channels; in its place the target is shown.
            wanted = TARGET
        return None if wanted is None or self.get(wanted) is None else wanted

    @property
    def channel(self) -> int | None:
        """The channel that the viewer's slider is at; None while there is no target."""
        axis = self.channel_axis
        return None if axis is None else round(self._dims.point[axis])

    def channel_of(self, inspection: Inspection) -> int:
        """The channel of an inspection that is shown; the first where there is no slider."""
        return min(max(self.channel or 0, 0), len(inspection.channel_names) - 1)

    def move_to_channel(self, index: int) -> None:
        """Move the viewer's slider to a channel, if there is a target."""
        axis = self.channel_axis
        if axis is not None:
            self._dims.set_point(axis, float(index))

    def hide_outdated(self) -> None:
        """Hide results that are outdated until `show` is called."""
        self.outdated = True
        self.follow()

    def clear(self) -> None:
        """Remove all layers."""
        self._watch.watch(())
        self._layers.remove(*VIEWS)

    def listen(self) -> None:
        """Listen to the layers that there are by now."""
        layers = [layer for role in VIEWS if (layer := self.get(role)) is not None]
        own = ([layer.events.visible, layer.events.opacity, layer.events.contrast_limits] for layer in layers)
        bars = [layer.colorbar.events.visible for layer in layers if not layer.rgb]
        self._watch.watch([*chain.from_iterable(own), *bars])

    def close(self) -> None:
        """Listen to no layer any more, or not until `listen` is called."""
        self._watch.close()

    @property
    def channel_axis(self) -> int | None:
        """The dimension of the viewer that the channels are along; None while there is no target."""
        target = self.get(TARGET)
        return None if target is None else int(self._dims.ndim - target.ndim)

    # Data

    def _put(self, pictures: Pictures) -> None:
        """Give the layers their data, and contrast where values mean something else than before."""
        geometry, rgb = pictures.geometry.led_by("channel"), pictures.rgb
        if rgb is None and self.get(RGB) is not None:
            # A layer that isn't looked at keeps nothing, but isn't removed, which takes long.
            rgb = np.broadcast_to(np.uint8(0), (*pictures.target.shape[1:], 4))
        with self._layers.quietly(*(layer for view in VIEWS if (layer := self.get(view)) is not None)):
            target = self._put_image(TARGET, pictures.target, geometry)
            weight = self._put_image(WEIGHT, pictures.weight, geometry)
            if rgb is not None:
                self._put_image(RGB, rgb, pictures.geometry)
        if weight.metadata.get(_SHOWN) != pictures.about:
            self._forget(WEIGHT)
        if WEIGHT not in self._styled or weight.contrast_limits[1] < pictures.heaviest:
            limits = (0.0, _scale_end(pictures.heaviest))
            self._give(WEIGHT, contrast_limits_range=limits, contrast_limits=limits)
        if target.metadata.get(_SHOWN) != pictures.about:
            self._forget(TARGET)
        target.metadata[_SHOWN] = weight.metadata[_SHOWN] = pictures.about
        names = [channel.name for channel in pictures.channels]
        target.metadata[_CHANNELS] = weight.metadata[_CHANNELS] = names

    def _put_image(self, view: str, data: Any, geometry: LayerGeometry) -> Any:
        # Without any limits, napari would look for them in the data; the defaults come later.
        rgb = view == RGB
        new = {"rgb": rgb, "contrast_limits": None if rgb else (0, 1), "visible": False, "rendering": "translucent"}
        if self._layers.find_for(view, geometry) is None:
            self._forget(view)
        return self._layers.put("image", view, data, geometry, new)

    # Style

    def _style_target(self) -> None:
        """Draw the target in the colours of the channel that is shown, and the RGB view like it."""
        solid, over = self._dims.ndisplay == 3, self._settings.drawn_as == "boundaries"
        if self.get(RGB) is not None and self._is_new(RGB, (solid, over, self._blending)):
            self._give(RGB, blending=self._blending if over and not solid else "translucent_no_depth")
        if self.get(TARGET) is None or not self._channels:
            return
        index = min(max(self.channel or 0, 0), len(self._channels) - 1)
        channel, names = self._channels[index], tuple(channel.name for channel in self._channels)
        colour = self._mix.colour(names, index)
        if self._is_new(TARGET, (channel, colour, self._limits[index], over, solid, self._blending)):
            self._give(TARGET, contrast_limits_range=self._limits[index], contrast_limits=self._limits[index])
            style = target_style(channel, colour, over, solid)
            if style.blending == "additive":
                style = replace(style, blending=self._blending)
            self._give(TARGET, **style.attributes)

    @property
    def _blending(self) -> str:
        """How results are laid over others: added up, unless nothing but a light canvas lies beneath, where that is white."""
        viewer = self._layers.viewer
        images = (layer for layer in viewer.layers if isinstance(layer, Image) and not is_owned(layer))
        light = np.mean(viewer.canvas.background_color[:3]) > 0.5
        return "translucent_no_depth" if light and not any(layer.visible for layer in images) else "additive"

    def _style_weight(self) -> None:
        """Draw weights in the colours that are theirs between whatever contrast limits."""
        layer, solid = self.get(WEIGHT), self._dims.ndisplay == 3
        if layer is not None and self._is_new(WEIGHT, (tuple(layer.contrast_limits), solid)):
            self._give(WEIGHT, **weight_style(tuple(layer.contrast_limits), solid).attributes)

    def _is_new(self, role: str, about: Any) -> bool:
        """Whether a layer is to be styled for something else than before."""
        new = self._styled.get(role) != about
        self._styled[role] = about
        return new

    def _forget(self, role: str) -> None:
        """Style a layer anew, whatever a person has set."""
        self._styled.pop(role, None)
        for key in [key for key in self._given if key[0] == role]:
            del self._given[key]

    def _give(self, role: str, **attributes: Any) -> None:
        """Set attributes of a layer, except those that a person has changed since."""
        layer: Any = self.get(role)
        for name, value in attributes.items():
            now = _plain(getattr(layer, name))
            if (role, name) in self._given and self._given[role, name] != now:
                continue
            if now != _plain(value):
                setattr(layer, name, value)
            self._given[role, name] = _plain(getattr(layer, name))

    # Settings and what a person does with the layers

    def _seen(self) -> set[str]:
        """The views that are on the canvas: of panes, one shows the target and one the weight."""
        shown = self.looked_at()
        if shown is None or self._covers:
            return set()
        return {TARGET if shown == WEIGHT else shown, WEIGHT} if self._settings.panes else {shown}

    def _set_visible(self) -> None:
        seen = self._seen()
        self._layers.hide(*(view for view in VIEWS if view not in seen))
        self._layers.show(*seen)

    def _set(self, thing: Any, name: str, value: Any) -> None:
        if getattr(thing, name) != value:
            setattr(thing, name, value)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Take what happens to layers meanwhile for our own doing."""
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def _on_layer(self) -> None:
        """Take over what a person has done with the layers."""
        if self._busy:
            return
        shown, seen, settings = self.looked_at(), self._seen(), self._settings
        visible = {role for role in VIEWS if (layer := self.get(role)) is not None and layer.visible}
        if visible - seen:
            settings.shown = next(name for name, role in ROLES.items() if role in visible - seen)
        elif seen - visible:
            settings.shown = "off"
        elif shown is not None and (layer := self.get(shown)) is not None:
            settings.opacity = layer.opacity
            if not layer.rgb:
                settings.colour_bars = layer.colorbar.visible
        self.follow()


def _plain(value: Any) -> Any:
    """Something that can be compared, in place of an attribute of a layer."""
    name = getattr(value, "name", value)
    return name if isinstance(name, str) else tuple(float(v) for v in name)


def _scale_end(heaviest: float) -> float:
    """The end of a scale of weights, 2, 5, 10, 20, 50 …, so that most results have the same."""
    return next(step * 10.0**power for power in count() for step in (1, 2, 5) if step * 10.0**power >= max(heaviest, 2))
