"""`ResultLayers`: the layers that show an inspection's target and weights."""

from __future__ import annotations

from math import prod
from typing import Any

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.colours import signed_colormap
from predictor_inspector.plugin.layers.layer_data import LayerGeometry
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.pictures import Pictures

TARGET, WEIGHT, RGB = "target", "weight", "target RGB"
VIEWS = (TARGET, WEIGHT, RGB)

_SHOWN = "predictor_inspector_values"  # metadata key of what a layer's values mean: contrast and colours suit them
_LARGE_IN_3D = 2**25  # voxels above which a region isn't drawn in 3-D: napari would copy it into memory several times


class ResultLayers:
    """Target, weight and RGB view in a viewer: made once, then given new data.

    Contrast, colormap and opacity are set when a layer is made, and again when another predictor's values mean something
    else; in between they are the person's. So is visibility, except while results are outdated or too large for 3-D.

    Before napari draws in another number of dimensions, `update_visibility` must be called.
    """

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers, self._dims = layers, layers.viewer.dims
        self._chosen = RGB
        # Layers of an earlier dock are outdated.
        self._outdated, self._large = True, False
        self._hidden_view = None if self.looked_at() else self._chosen  # the view to show once results aren't hidden
        self._weight_limit: float | None = None  # the weights' contrast limit that was set while they weren't all known

    def get(self, view: str) -> Any | None:
        """The layer of a view, if there is one."""
        return self._layers.find(view)

    def show(self, pictures: Pictures) -> None:
        """Put new arrays into the layers; makes the layers that are missing."""
        before, had_rgb = self.looked_at(), self.get(RGB) is not None
        target = self.get(TARGET)
        new = target is None or target.metadata.get(_SHOWN) != pictures.about
        self._outdated, self._large = False, prod(pictures.target.shape[1:]) > _LARGE_IN_3D
        if self.hidden_in_3d:
            self.update_visibility()
        self._put(pictures)
        if pictures.complete:
            self._weight_limit = None
        if before is None and new:
            self._hidden_view = self._chosen
        elif had_rgb != (pictures.rgb is not None) and before in (RGB, TARGET) and self._chosen == RGB:
            # The RGB view comes and goes with predictors of several channels; in its place the target is shown.
            self._hidden_view = RGB
        self.update_visibility()

    @property
    def hidden_in_3d(self) -> bool:
        """Whether the results are hidden because they are too large for 3-D."""
        return self._large and self._dims.ndisplay == 3

    def update_visibility(self) -> None:
        """Hide results that are outdated or too large for 3-D, and show those that no longer are."""
        if self._outdated or self.hidden_in_3d:
            shown = self.looked_at()
            if shown is not None:
                self._hidden_view = self._hidden_view or shown
                self._layers.hide(*VIEWS)
        elif self._hidden_view is not None:
            view, self._hidden_view = self._hidden_view, None
            if view == RGB and self.get(RGB) is None:
                view = TARGET
            self._layers.hide(*(other for other in VIEWS if other != view))
            self._layers.show(view)

    def look_at(self, view: str) -> None:
        """Show one of the three views and hide the others, now or once results aren't hidden."""
        self._chosen = self._hidden_view = view
        self.update_visibility()

    def looked_at(self) -> str | None:
        """The topmost visible one of the three views."""
        return self._layers.topmost(*VIEWS)

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
        self._outdated = True
        self.update_visibility()

    def clear(self) -> None:
        """Remove all layers."""
        self._layers.remove(*VIEWS)

    @property
    def channel_axis(self) -> int | None:
        """The dimension of the viewer that the channels are along; None while there is no target."""
        target = self.get(TARGET)
        return None if target is None else int(self._dims.ndim - target.ndim)

    def _put(self, pictures: Pictures) -> None:
        """Give the layers their data, and contrast and colours where values mean something else than before."""
        if pictures.rgb is None:
            self._layers.remove(RGB)
        geometry = pictures.geometry.led_by("channel")
        with self._layers.quietly(*(layer for view in VIEWS if (layer := self.get(view)) is not None)):
            target = self._put_image(TARGET, pictures.target, geometry)
            weight = self._put_image(WEIGHT, pictures.weight, geometry)
            if pictures.rgb is not None:
                self._put_image(RGB, pictures.rgb, pictures.geometry)
        if target.metadata.get(_SHOWN) != pictures.about:
            target.contrast_limits_range = target.contrast_limits = pictures.limits
            target.colormap = signed_colormap() if pictures.limits[0] < 0 else "gray"
        if weight.metadata.get(_SHOWN) != pictures.about:
            self._set_weight_limit(weight, max(1.0, pictures.heaviest))
            if _SHOWN not in weight.metadata:
                weight.colormap = "magma"
        elif self._weight_limit is not None and pictures.heaviest > self._weight_limit:
            if tuple(weight.contrast_limits) == (0, self._weight_limit):
                self._set_weight_limit(weight, pictures.heaviest)
            else:  # a person has set it since
                self._weight_limit = None
        target.metadata[_SHOWN] = weight.metadata[_SHOWN] = pictures.about

    def _put_image(self, view: str, data: Any, geometry: LayerGeometry) -> Any:
        rgb = view == RGB
        new = {
            "rgb": rgb,
            # Without any, napari would look for them in the data; the defaults come later.
            "contrast_limits": None if rgb else (0, 1),
            "visible": False,
            # In 3-D a solid block whose faces are slices; a projection of affinities would be white all over.
            "rendering": "translucent",
        }
        return self._layers.put("image", view, data, geometry, new)

    def _set_weight_limit(self, weight: Any, heaviest: float) -> None:
        weight.contrast_limits_range = (0, max(10.0, heaviest))
        weight.contrast_limits = (0, heaviest)
        self._weight_limit = heaviest
