"""The napari plugin: a dock widget that shows, live, what a network is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from predictor_inspector.plugin.launch import launch
    from predictor_inspector.plugin.widget import InspectorWidget

__all__ = ["InspectorWidget", "launch"]


def __getattr__(name: str) -> Any:
    # napari imports this package to read files, too: Qt and torch only come when a window is wanted.
    if name == "InspectorWidget":
        from predictor_inspector.plugin.widget import InspectorWidget

        return InspectorWidget
    if name == "launch":
        from predictor_inspector.plugin.launch import launch

        # Importing the submodule of the same name has put that in the function's place.
        globals()["launch"] = launch
        return launch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
