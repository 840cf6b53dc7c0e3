"""`NetworkFacts`: valid sizes, receptive field and memory of a network; where its boxes lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import floor
from typing import Any

import torch
from funlib.geometry import Coordinate, Roi
from torch.multiprocessing.reductions import StorageWeakRef

from predictor_inspector.core.array import Array
from predictor_inspector.core.model import Model
from predictor_inspector.core.networks import NetworkConfig, network_to_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.receptive_fields import AxisField, UnknownFieldError, receptive_field
from predictor_inspector.core.text import format_bytes, format_shape

SIZES = 12
"""Valid sizes that are listed."""

FARTHEST = 1024  # voxels by which an input is enlarged to find the next that is valid
_FLOAT = 4  # bytes
_OPTIMISER = 2  # values that Adam keeps of each parameter

Tell = Callable[[str, float], None]

OutputOf = Callable[[Coordinate], Coordinate | None]
"""The shape of a network's output for an input of some shape, both in voxels; None for an input that it doesn't take."""


@dataclass(frozen=True)
class StepMemory:
    """Memory of a training step in bytes, an estimate.

    `parameters` counts values, gradients and Adam's two averages, `activations` what is kept for the backward pass, `passing`
    what that works with besides where it is largest, and `update` what Adam works with later.
    """

    parameters: int
    activations: int
    passing: int
    update: int

    @property
    def total(self) -> int:
        """The most at any time, without what libraries themselves take."""
        return self.parameters + max(self.activations + self.passing, self.update)


@dataclass(frozen=True)
class NetworkFacts:
    """What can be said of a network without training it. Shapes are in voxels, slowest axis first.

    Attributes
    ----------
    network : NetworkConfig
        The network.
    head : str
        The predictor's head that is on it, as text; empty for none.
    in_channels, out_channels : int
        Of its input and output.
    input_shape, output_shape : Coordinate
        In training.
    smallest : Coordinate
        The smallest valid input.
    steps : tuple of tuple of int
        For each axis by how many voxels inputs can grow, and by how many the output grows then.
    sizes : tuple of tuple of Coordinate
        Valid inputs and their outputs, the smallest first, each a step larger on every axis.
    field : tuple of AxisField
        For each axis; empty if it isn't known, then `field_unknown` says why.
    parameters : int
        How many numbers are learnt.
    memory : StepMemory or None
        None if the network can't run without values.
    """

    network: NetworkConfig
    head: str
    in_channels: int
    out_channels: int
    input_shape: Coordinate
    output_shape: Coordinate
    smallest: Coordinate
    steps: tuple[tuple[int, int], ...]
    sizes: tuple[tuple[Coordinate, Coordinate], ...]
    field: tuple[AxisField, ...]
    field_unknown: str
    parameters: int
    memory: StepMemory | None

    @property
    def apart(self) -> tuple[Fraction, ...]:
        """Input voxels from one output voxel to the next, per axis: ½ where it upsamples by 2."""
        return tuple(Fraction(step, period) for step, period in self.steps)

    def input_voxel_size(self, output_voxel_size: Sequence[int]) -> tuple[Fraction, ...]:
        """The voxel size of the raw data that makes an output of this voxel size, in the same counts."""
        return tuple(int(v) / apart for v, apart in zip(output_voxel_size, self.apart, strict=True))

    def largest_input(self, within: Sequence[int]) -> Coordinate | None:
        """The largest valid input that isn't larger than the network's own, nor than `within` voxels; None if none is."""
        found = []
        for own, most, least, (step, _) in zip(self.input_shape, within, self.smallest, self.steps, strict=True):
            size = own - step * max(0, -((most - own) // step))
            if size < least:
                return None
            found.append(size)
        return Coordinate(found)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it; memory in bytes."""
        return {
            "network": network_to_config(self.network),
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
            "smallest": list(self.smallest),
            "steps": [list(step) for step in self.steps],
            "sizes": [[list(i), list(o)] for i, o in self.sizes],
            "field": [asdict(field) for field in self.field] or None,
            "field_unknown": self.field_unknown,
            "parameters": self.parameters,
            "memory": None if self.memory is None else {**asdict(self.memory), "total": self.memory.total},
        }

    def summary(self) -> str:
        """One line: ``"216³ → 36³ voxels · field 162³ · 234.7 million parameters · step ≈ 6.8 GB"``."""
        least, most = (powers([getattr(f, name) for f in self.field]) for name in ("smallest", "largest"))
        field = "unknown" if not self.field else most if least == most else f"{least} to {most}"
        learnt = f"{self.parameters / 1e6:.1f} million" if self.parameters >= 10**6 else f"{self.parameters:,}"
        told = [
            f"{powers(self.input_shape)} → {powers(self.output_shape)} voxels",
            f"field {field}",
            f"{learnt} parameters",
        ]
        return " · ".join([*told, *([f"step ≈ {format_bytes(self.memory.total)}"] if self.memory else [])])


def powers(shape: Sequence[int]) -> str:
    """A shape for a line: ``"216³"``, ``"572²"``, ``"1 × 188 × 188"``."""
    if len(set(shape)) == 1 and len(shape) in (2, 3):
        return f"{shape[0]}{'²³'[len(shape) - 2]}"
    return format_shape(shape)


def head_of(predictor: Predictor | None) -> tuple[Any, ...]:
    """What a predictor's head on a network depends on: equal for those with the same."""
    if predictor is None:
        return ()
    cls = type(predictor)
    own = (getattr(predictor, p.name) for p in parameters_of(cls) if p.affects == "model")
    return (cls, len(predictor.channel_names), *own)


def measure(
    network: NetworkConfig, predictor: Predictor | None = None, tell: Tell | None = None, sizes: int = SIZES
) -> NetworkFacts:
    """Find out everything about a network, with the predictor's head on it; of CellMap's that takes about a second.

    Parameters
    ----------
    network : NetworkConfig
        Its `build` is called.
    predictor : Predictor, optional
        Whose head is put on an architecture. None, or a network that is a `Model` already: no head.
    tell : callable, optional
        Called with a step and the fraction of it that is done; raise from it to cancel.
    sizes : int
        Valid sizes that are listed.

    Raises
    ------
    ValueError
        If the network can't be made, or takes no input of its shape.
    """
    tell = tell or (lambda _step, _fraction: None)
    tell("making the network", 0.0)
    model, head = _model(network, predictor)
    shape, output = model.input_shape, model.output_shape
    tell("valid sizes", 0.0)
    output_of = _outputs(model)
    steps = steps_of(output_of, shape)
    smallest = smallest_of(output_of, shape, steps)
    growth = Coordinate(step for step, _ in steps)
    listed = [smallest + growth * k for k in range(sizes)]
    tell("receptive field", 0.0)
    field: tuple[AxisField, ...] = ()
    unknown = ""
    try:
        field = receptive_field(model, shape, model.num_in_channels, steps)
    except UnknownFieldError as error:
        unknown = str(error)
    tell("memory", 0.0)
    return NetworkFacts(
        network=network,
        head=head,
        in_channels=model.num_in_channels,
        out_channels=model.num_out_channels,
        input_shape=shape,
        output_shape=output,
        smallest=smallest,
        steps=steps,
        sizes=tuple((size, model.compute_output_shape(size)[1]) for size in listed),
        field=field,
        field_unknown=unknown,
        parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        memory=_step_memory(model, network),
    )


def _model(network: NetworkConfig, predictor: Predictor | None) -> tuple[Model, str]:
    """The network with a head on it, and what head, as text."""
    made = network.build()
    if isinstance(made, Model):
        return made, ""
    parameter = next(made.parameters(), None)
    with torch.device("cpu" if parameter is None else parameter.device):
        if predictor is None:
            return Model(made, torch.nn.Identity()), ""
        model = predictor.create_model(made)
    return model, str(model.prediction_head)


def steps_of(output_of: OutputOf, shape: Coordinate) -> tuple[tuple[int, int], ...]:
    """For each axis the least growth of an input of `shape` that lets the output grow, and by how much that grows.

    A ``ValueError`` if it doesn't grow with any input up to `FARTHEST` voxels larger.
    """
    output, found = output_of(shape), []
    assert output is not None
    for axis in range(shape.dims):
        for more in range(1, FARTHEST + 1):
            larger = output_of(shape + _along(axis, more, shape.dims))
            if larger is not None and larger[axis] > output[axis]:
                found.append((more, int(larger[axis] - output[axis])))
                break
        else:
            raise ValueError(
                f"the network's output doesn't grow with an input up to {FARTHEST} voxels larger than "
                f"{format_shape(shape)} along axis {axis}, so nothing can be said of its sizes"
            )
    return tuple(found)


def smallest_of(output_of: OutputOf, shape: Coordinate, steps: Sequence[tuple[int, int]]) -> Coordinate:
    """The smallest input that is a number of steps smaller than `shape` along each axis."""
    found = []
    for axis, (step, _) in enumerate(steps):
        low, high = 0, -(-shape[axis] // step)  # of so many steps less there is nothing left
        while high - low > 1:
            middle = (low + high) // 2
            fits = output_of(shape - _along(axis, middle * step, shape.dims)) is not None
            low, high = (middle, high) if fits else (low, middle)
        found.append(shape[axis] - low * step)
    return Coordinate(found)


def _along(axis: int, voxels: int, dims: int) -> Coordinate:
    return Coordinate(voxels * int(a == axis) for a in range(dims))


def _outputs(model: Model) -> OutputOf:
    def output_of(shape: Coordinate) -> Coordinate | None:
        if not model.architecture.fits(shape):
            return None
        try:
            output = model.compute_output_shape(shape)[1]
        except RuntimeError:  # too little is left for the head
            return None
        return output if min(output) > 0 else None

    return output_of


def _step_memory(model: Model, network: NetworkConfig) -> StepMemory | None:
    """What a step needs, found by running it without values; None where that can't be."""
    values = {
        **{
            name: torch.empty_like(p, device="meta", requires_grad=p.requires_grad)
            for name, p in model.named_parameters()
        },
        **{name: torch.empty_like(b, device="meta") for name, b in model.named_buffers()},
    }
    seen = {_storage(value) for value in values.values()}
    kept: list[torch.Tensor] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = _storage(tensor)
        if storage not in seen:
            seen.add(storage)
            kept.append(tensor)
        return tensor

    raw = torch.empty((network.batch_size, model.num_in_channels, *model.input_shape), device="meta")
    try:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            output = torch.func.functional_call(model, values, (raw,))
    except (RuntimeError, TypeError, NotImplementedError, ValueError):
        return None
    sizes = [tensor.untyped_storage().nbytes() for tensor in kept]
    learnt = [p.numel() for p in model.parameters() if p.requires_grad]
    # With target, weight, and the output's own gradient.
    activations = sum(sizes) + 3 * output.untyped_storage().nbytes()
    passing = 2 * max(sizes, default=0)  # the gradients before and after an operation
    if network.mixed_precision:
        activations, passing = activations // 2 + 2 * sum(learnt), passing // 2  # weights in 16 bits are kept, too
    update = 2 * _FLOAT * max(learnt, default=0)
    return StepMemory(_FLOAT * sum(learnt) * (2 + _OPTIMISER), activations, passing, update)


def _storage(tensor: torch.Tensor) -> StorageWeakRef:
    """Equal for tensors that share their memory."""
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]


def network_regions(facts: NetworkFacts, grid: Array, roi: Roi, voxel: Roi | None = None) -> dict[str, Roi]:
    """Where a network's boxes lie about a region: ``"output"``, ``"input"`` and, if it is known, ``"field"``.

    Output and input have the middle of `roi`, on the grid of the target, `grid`. The field is that of `voxel`, by default the
    central one of the output.
    """
    size = grid.voxel_size
    output = size * facts.output_shape
    begin = grid.snap(Roi(roi.center - output / 2, output), "closest").begin
    whole = [float(v * n) for v, n in zip(facts.input_voxel_size(size), facts.input_shape, strict=True)]
    around = [(n - o) / 2 for n, o in zip(whole, output, strict=True)]
    first = [floor(b - a) for b, a in zip(begin, around, strict=True)]
    regions = {"output": Roi(begin, output), "input": Roi(first, [floor(n) for n in whole])}
    if facts.field:
        centre = [b + v * (n // 2 + 0.5) for b, v, n in zip(begin, size, facts.output_shape, strict=True)]
        if voxel is not None:
            centre = [b + n / 2 for b, n in zip(voxel.begin, voxel.shape, strict=True)]
        scale = facts.input_voxel_size(size)
        low = [floor(c - float(v) * f.central[0]) for c, v, f in zip(centre, scale, facts.field, strict=True)]
        high = [floor(c + float(v) * f.central[1]) for c, v, f in zip(centre, scale, facts.field, strict=True)]
        regions["field"] = Roi(low, [b - a for a, b in zip(low, high, strict=True)])
    return regions
