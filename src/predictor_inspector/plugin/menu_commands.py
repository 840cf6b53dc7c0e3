"""Commands that napari's menus and its command palette offer beside the dock."""

from __future__ import annotations

from inspect import unwrap

import napari.viewer

from predictor_inspector.plugin.widget import InspectorWidget

_TITLE = "Predictor Inspector"
_NAME = f"{_TITLE} ({_TITLE})"  # as the menu Plugins names the dock, so that it shows and hides the same one


def open_dock(viewer: napari.viewer.Viewer) -> InspectorWidget:
    """The dock of a viewer, brought to the front; a new one if there is none."""
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, InspectorWidget):
            widget.parent().show()
            widget.parent().raise_()
            return widget
    widget = InspectorWidget(viewer)
    viewer.window.add_dock_widget(widget, name=_NAME, area="right")
    return widget


# napari hands over its viewer by the annotation's meaning, so that napari must be imported above.
def inspect_layer(viewer: napari.viewer.Viewer) -> None:
    """Inspect the selected layer in the dock; layers that can't be ground truth only open it."""
    viewer = unwrap(viewer)  # napari hands over a proxy, whose layers are proxies too
    dock, layer = open_dock(viewer), viewer.layers.selection.active
    if layer in dock.settings.layers.gt_layer:
        dock.gt_layer = layer
