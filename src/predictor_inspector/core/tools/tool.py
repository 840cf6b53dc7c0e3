"""What another tool's configurations are read into, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictor_inspector.core.config import kind_of
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Document


@dataclass(frozen=True)
class Grid:
    """The voxels of ground truth: their size per axis, slowest first, and its unit; `name` for what is written of them."""

    voxel_size: tuple[float, ...]
    unit: str = "nm"
    name: str = "target"

    @property
    def largest(self) -> float:
        """The largest voxel size, in which descriptors' windows are counted here."""
        return max(self.voxel_size)


@dataclass(frozen=True)
class Reading:
    """A target that was read.

    `config` is a predictor's configuration, None where no predictor makes that target; `of` names it in the tool's own words;
    `notes` are sentences on what the configuration leaves out or means otherwise.
    """

    config: dict[str, Any] | None
    of: str
    notes: tuple[str, ...] = ()

    def told(self, source: str) -> tuple[str, ...]:
        """What to say of reading it from `source`; nothing of a configuration of our own."""
        return (f"{source} was read as {self.of}", *self.notes) if self.of else self.notes


@dataclass(frozen=True)
class Tool:
    """Another tool: its name, what a configuration of it is called, and how one is read and written.

    `read` gives the targets in a document, none if the document isn't the tool's; `write` a text for a predictor, or a
    ``ValueError`` that names what can't be expressed.
    """

    name: str
    title: str
    read: Callable[[Document, Grid | None], Sequence[Reading]]
    write: Callable[[Predictor, Grid], str]


def check_expressible(predictor: Predictor, tool: str, kinds: Sequence[str], parameters: Sequence[str]) -> None:
    """``ValueError`` if `tool` has none of the predictor's kind, or no word for a parameter that isn't its default.

    How weights are balanced and how the head is built are not the target's and may be anything.
    """
    kind = kind_of(predictor)
    if kind not in kinds:
        raise ValueError(f"{tool} has no target like {kind!r}; what can be written for it: {', '.join(kinds)}")
    for described in parameters_of(type(predictor)):
        value = getattr(predictor, described.name)
        if described.name in parameters or described.affects in ("weight", "model"):
            continue
        if described.required or value != described.default:
            raise ValueError(
                f"{described.name} cannot be expressed in {tool}: it is {value}, and only {described.default} can"
            )


def cube_edge(grid: Grid | None, of: str) -> float:
    """The edge of voxels that are cubes, for what counts in voxels; ``ValueError`` if they aren't, or aren't known."""
    if grid is None:
        raise ValueError(f"{of} counts in voxels: which voxel size it is for must be known")
    if len(set(grid.voxel_size)) > 1:
        sizes = " × ".join(f"{size:g}" for size in grid.voxel_size)
        raise ValueError(f"{of} counts in voxels as if they were cubes, and here they are {sizes} {grid.unit}")
    return grid.voxel_size[0]


def whole_voxels(sigma: float, grid: Grid | None, of: str) -> int:
    """A descriptor's window in voxels of the largest axis; ``ValueError`` if it is no whole number of them, or unknown."""
    if grid is None:
        raise ValueError(f"sigma of {of} is a length: which voxel size it is for must be known")
    voxels = sigma / grid.largest
    if voxels < 1 or abs(voxels - round(voxels)) > 1e-6:
        raise ValueError(
            f"sigma of {of} is {sigma:g} {grid.unit}, which is {voxels:g} of the largest voxels, {grid.largest:g} {grid.unit}; "
            f"num_voxels is a whole number of them"
        )
    return round(voxels)


def described_window(values: Mapping[str, Any], grid: Grid | None, of: str) -> tuple[float, Grid, str]:
    """What `whole_voxels` takes for descriptors with a sigma in the unit of a voxel size of their own, voxels by default."""
    sigma, sizes = values.get("sigma"), values.get("voxel_size")
    if not isinstance(sigma, (int, float)):
        raise ValueError(f"sigma of {of} can be read as one number, got {sigma!r}")
    if not sizes:
        cube_edge(grid, of)
        sizes = [1.0]
    return float(sigma), Grid(tuple(float(size) for size in sizes), "of its voxel_size"), of
