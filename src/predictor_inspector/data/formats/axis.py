"""One axis of stored data, as its file describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from predictor_inspector.data.geometry import Length

# What xarray, netCDF and funlib call axes that nobody has named.
_NUMBERED = re.compile(r"(c|d|dim_|axis_|phony_dim_)\d+\^?")  # of these, c is funlib's for channels

AxisKind = Literal["space", "time", "channel"]

_LETTERS = {
    **dict.fromkeys(("z", "depth", "plane", "pln", "slice", "slices", "section", "sections"), "z"),
    **dict.fromkeys(("y", "row", "rows", "height"), "y"),
    **dict.fromkeys(("x", "col", "cols", "column", "columns", "width"), "x"),
    **dict.fromkeys(("t", "time", "times", "timepoint", "timepoints", "frame", "frames"), "t"),
    **dict.fromkeys(("c", "ch", "channel", "channels"), "c"),
}
KINDS: dict[str, AxisKind] = {"z": "space", "y": "space", "x": "space", "t": "time", "c": "channel"}


@dataclass(frozen=True)
class Axis:
    """What a file says of one axis of its data; None for what it doesn't say.

    `name` as it is there: `z`, `Y`, `channel`, `row`, or with ``^`` in it for a channel; `size` is the distance of voxels
    and `origin` where the first one lies, both in `unit`.
    """

    name: str | None = None
    kind: AxisKind | None = None
    size: Length | None = None
    unit: str | None = None
    origin: Length | None = None

    def __post_init__(self) -> None:
        if self.name is not None and _NUMBERED.fullmatch(self.name):
            object.__setattr__(self, "name", "c" if self.name.startswith("c") else None)

    @property
    def letter(self) -> str | None:
        """``"z"``, ``"y"``, ``"x"``, ``"t"`` or ``"c"``, if the name stands for one of them."""
        return _LETTERS.get((self.name or "").replace("^", "").strip().lower())

    @property
    def own_name(self) -> str:
        """Its letter, or its name without funlib's mark; empty if it has none."""
        return self.letter or (self.name or "").replace("^", "").strip()
