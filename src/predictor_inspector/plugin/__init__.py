"""The napari plugin: a dock widget that shows, live, what a network is trained on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# torch's threads wait for each other by spinning, unless told before torch is loaded; with a window to draw beside them
# they then take a core from each other that neither can use.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from predictor_inspector.plugin.widget import InspectorWidget

__all__ = ["InspectorWidget"]


def __getattr__(name: str) -> Any:
    # napari imports this package to read files, too: Qt and torch only come when a window is wanted.
    if name == "InspectorWidget":
        from predictor_inspector.plugin.widget import InspectorWidget

        return InspectorWidget
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
