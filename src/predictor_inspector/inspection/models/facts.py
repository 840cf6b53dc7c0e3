"""`ModelFacts`: what a loaded model takes, found by trying; its context and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, prod
from typing import Any

import torch
from funlib.geometry import Coordinate
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from predictor_inspector.core.model import Model, run_on_meta
from predictor_inspector.core.receptive_fields import AxisField, UnknownFieldError, receptive_field
from predictor_inspector.core.text import counted, format_shape
from predictor_inspector.data.their_errors import last_line
from predictor_inspector.inspection.engine.network import smallest_of, steps_of

_SIDES = (*range(8, 257, 4), *range(9, 257))
"""Sides of cubes that are tried as inputs where nothing is known."""

_SIDES_WITH_VALUES = (16, 32, 64, 96, 128)
"""The same where a model must really run to be tried."""


@dataclass(frozen=True)
class ModelFacts:
    """What a model takes and gives. Shapes are in voxels, slowest axis first.

    Attributes
    ----------
    channels : int
        Of its output.
    smallest, output : tuple of int
        The smallest input, and what comes out of it.
    steps : tuple of tuple of int
        For each axis by how many voxels inputs can grow, and by how many the output grows then; empty for a model that
        takes nothing but `smallest`.
    padded : tuple of tuple of int
        For each axis how many voxels at the beginning and at the end of the output see padding of the network.
    padded_unknown : str
        Why that isn't known, where it isn't and 0 is assumed.
    usual : tuple of int
        An input that it takes: that of the training where it is known.
    bytes_per_voxel : float
        Memory that it works with, per voxel of the input.
    """

    channels: int
    smallest: tuple[int, ...]
    output: tuple[int, ...]
    steps: tuple[tuple[int, int], ...]
    padded: tuple[tuple[int, int], ...]
    padded_unknown: str
    usual: tuple[int, ...]
    bytes_per_voxel: float

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> ModelFacts:
        """The facts that ``asdict`` has made and JSON has kept."""
        pairs = {name: tuple(map(tuple, told[name])) for name in ("steps", "padded")}
        shapes = {name: tuple(told[name]) for name in ("smallest", "output", "usual")}
        return cls(**{**told, **pairs, **shapes})


def facts_of(
    model: torch.nn.Module, channels: int, apart: Sequence[Fraction], shape: Sequence[int] | None
) -> ModelFacts:
    """Find out what a model takes; one that runs on PyTorch's meta device takes no time and memory for that.

    Parameters
    ----------
    model : torch.nn.Module
        In eval mode, on the CPU.
    channels : int
        Of the raw data.
    apart : sequence of Fraction
        Voxels of the raw data from one of the target to the next, for each axis: believed where it can't be found by trying.
    shape : sequence of int, optional
        Of an input that it takes; by default one is looked for.

    Raises
    ------
    ValueError
        If it takes no such input, or none can be found, or it gives something else than a tensor like the input.
    """
    if shape is not None and len(shape) != len(apart):
        raise ValueError(f"its input_shape must have {counted(len(apart), 'axis', 'axes')}, got {format_shape(shape)}")
    tried = _Tried(model, channels)
    usual = _first_input(tried, len(apart)) if shape is None else Coordinate(shape)
    output = tried(usual)
    if output is None:
        raise ValueError(f"it can't take {channels} × {format_shape(usual)} (channels, voxels): {tried.why_not(usual)}")
    try:
        steps = steps_of(tried, usual)
        smallest = smallest_of(tried, usual, steps)
    except ValueError:  # it takes nothing else
        steps, smallest = (), usual
    watched = _Watched()
    with watched:
        tried(usual)
    least = tried(smallest)
    if least is None:  # along one axis alone it would do
        smallest, least = usual, output
    padded = ((0, 0),) * len(apart)
    unknown = "it normalises each input by itself" if watched.normalises else ""
    if not unknown:
        try:
            between = steps or tuple((a.numerator, a.denominator) for a in apart)
            fields = receptive_field(model, usual, channels, between)
            padded = tuple(map(_padded, fields, between, smallest, least))
        except (UnknownFieldError, ValueError, AssertionError) as error:
            unknown = last_line(error)
    return ModelFacts(
        channels=tried.channels_out,
        smallest=tuple(map(int, smallest)),
        output=tuple(map(int, least)),
        steps=steps,
        padded=padded,
        padded_unknown=unknown,
        usual=tuple(map(int, usual)),
        bytes_per_voxel=watched.peak / prod(usual),
    )


def _padded(field: AxisField, between: tuple[int, int], size: int, output: int) -> tuple[int, int]:
    """How many voxels at either end of the output see padding; rather too many where only the central one is known."""
    if field.padded is not None:
        return field.padded
    step, period = between
    # Others may lie worse in the coarsest voxels; the first has half a voxel and a margin before its centre.
    apart = step / period
    seen = apart * (period - 1) - apart / 2 - (size - output * apart) / 2
    before, after = (max(0, ceil((n + seen) / apart - 1e-9)) for n in (field.before, field.after))
    return before, after


class _Tried:
    """The output's voxels for an input of some shape, by running the model, without values if it can; None if it can't."""

    def __init__(self, model: torch.nn.Module, channels: int) -> None:
        self._model, self.channels = model, channels
        self.without_values: bool | None = None  # whether that works; None before it did
        self.channels_out = 0

    def __call__(self, shape: Coordinate) -> Coordinate | None:
        if min(shape) < 1 or (isinstance(self._model, Model) and not self._model.architecture.fits(shape)):
            return None
        try:
            output = self._output((1, self.channels, *map(int, shape)))
        except Exception:  # other people's code may refuse in any way
            return None
        if not isinstance(output, torch.Tensor) or output.ndim != 2 + shape.dims or len(output) != 1:
            what = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
            raise ValueError(
                f"it must give [B, C, …] with {shape.dims} spatial axes, got {what} for {format_shape(shape)} voxels"
            )
        if min(output.shape) < 1:
            return None
        self.channels_out = output.shape[1]
        return Coordinate(output.shape[2:])

    def why_not(self, shape: Coordinate) -> str:
        """Why it doesn't take an input."""
        try:
            self._output((1, self.channels, *map(int, shape)))
        except Exception as error:
            return last_line(error)
        return "nothing is left of it"

    def _output(self, shape: tuple[int, ...]) -> Any:
        if self.without_values is not False:
            try:
                with torch.no_grad():
                    output = run_on_meta(self._model, torch.empty(shape, device="meta"))
                self.without_values = True
                return output
            except Exception:
                if self.without_values:
                    raise
        with torch.no_grad():
            output = self._model(torch.zeros(shape))
        self.without_values = False
        return output


def _first_input(tried: _Tried, dims: int) -> Coordinate:
    """The smallest cube that a model takes."""

    def sides() -> Iterator[int]:
        yield from _SIDES_WITH_VALUES[:1]
        yield from _SIDES if tried.without_values is not False else _SIDES_WITH_VALUES

    for side in sides():
        shape = Coordinate((side,) * dims)
        if tried(shape) is not None:
            return shape
    raise ValueError(
        f"it takes no input that was tried, of {counted(tried.channels, 'channel')} and {counted(dims, 'axis', 'axes')}; if it "
        f"should, give its input_shape; of the last: {tried.why_not(shape)}"
    )


class _Watched(TorchDispatchMode):
    """Bytes of all tensors at a time, at most, and whether something is normalised by statistics of the input itself."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak, self.normalises = 0, False
        self._alive: dict[Any, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        statistics = "batch_norm" in name and any(arg is True for arg in args)
        self.normalises |= statistics or "group_norm" in name or "layer_norm" in name
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self._alive[StorageWeakRef(storage)] = storage.nbytes()  # type: ignore[no-untyped-call]
        self._alive = {ref: size for ref, size in self._alive.items() if not ref.expired()}
        self.peak = max(self.peak, sum(self._alive.values()))
        return result
