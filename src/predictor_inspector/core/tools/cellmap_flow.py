"""cellmap-flow's model scripts: the keys that follow from a target."""

from __future__ import annotations

from collections.abc import Sequence

from predictor_inspector.core.array import spatial_axis_names
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Document
from predictor_inspector.core.tools.tool import Grid, Reading, Tool


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    """Nothing: a script says how many channels there are, not what they are of."""
    return []


def _write(predictor: Predictor, grid: Grid) -> str:
    channels = predictor.describe_channels(spatial_axis_names(len(grid.voxel_size)))
    if not all(float(size).is_integer() for size in grid.voxel_size):
        raise ValueError(f"voxel sizes are whole numbers in cellmap-flow's scripts, these are {grid.voxel_size}")
    sizes = tuple(int(size) for size in grid.voxel_size)
    listed = "".join(f"    {channel.name!r},\n" for channel in channels)
    return (
        "# Keys of a cellmap-flow script that follow from the target. The network's are missing:\n"
        "# model, input_voxel_size, and input_size and output_size or read_shape and write_shape.\n"
        "from funlib.geometry import Coordinate\n\n"
        f"channels = [\n{listed}]\n"
        f"output_channels = len(channels)\n"
        f"output_voxel_size = Coordinate({sizes})\n"
    )


CELLMAP_FLOW = Tool("cellmap-flow", "cellmap-flow script keys", _read, _write)
