"""Grey erosion and dilation: the smallest and the largest value around every voxel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import combinations
from typing import Literal

import torch

Connectivity = Literal["faces", "edges", "corners"]

STEPS: dict[Connectivity, int] = {"faces": 1, "edges": 2, "corners": 3}
"""Along how many axes one step may lead at once, by what the two voxels share at least."""


def extreme_near(
    values: torch.Tensor, radii: Sequence[int], connectivity: Connectivity, which: Literal["smallest", "largest"]
) -> torch.Tensor:
    """The smallest or the largest value within so many steps of every voxel, of those inside the volume.

    Step number j leads to a voxel that shares a face, an edge or a corner, along the axes whose radius is at least j. So with
    radii of 1 the window is scikit-image's and SciPy's structuring element of that connectivity, with `"corners"` it is a box
    of 2 r + 1 voxels along each axis, and with `"faces"` it is all within a city block distance of r.

    `values` are numbers with any number of axes, `radii` one whole number for each; the result is of their shape and type.
    """
    extreme = torch.minimum if which == "smallest" else torch.maximum
    for step in range(1, max(radii) + 1):
        axes = [axis for axis, radius in enumerate(radii) if radius >= step]
        together = combinations(axes, min(STEPS[connectivity], len(axes)))
        values = reduce(extreme, [reduce(lambda v, axis: _beside(v, axis, extreme), some, values) for some in together])
    return values


def window(radii: Sequence[int], connectivity: Connectivity) -> torch.Tensor:
    """The window itself, which voxels around the one in the middle it holds: boolean, [2 r + 1 along each axis]."""
    middle = torch.zeros([2 * r + 1 for r in radii], dtype=torch.uint8)
    middle[tuple(radii)] = 1
    return extreme_near(middle, radii, connectivity, "largest") > 0


def _beside(
    values: torch.Tensor, axis: int, extreme: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """The extreme of every value and of those before and after it along an axis."""
    result, n = values.clone(), values.shape[axis] - 1
    for here, there in ((0, 1), (1, 0)):
        part = result.narrow(axis, here, n)
        part.copy_(extreme(part, values.narrow(axis, there, n)))
    return result
