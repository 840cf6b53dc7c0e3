"""Network architectures, and models: an architecture with a predictor's head on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import prod
from typing import Any

import torch
from funlib.geometry import Coordinate
from torch.overrides import TorchFunctionMode

from predictor_inspector.core.array import whole_numbers
from predictor_inspector.core.text import format_error

_ACTIVATIONS = {torch.relu, *(getattr(torch.nn.functional, name) for name in ("elu", "gelu", "leaky_relu", "relu"))}
_CONVOLUTIONS = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
_MORE = 720
"""Voxels by which an input is made larger to see by how much the output grows: a multiple of what networks divide by."""

_TRANSPOSED = (torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d)


class Architecture(torch.nn.Module, ABC):
    """Maps raw data, [B, `num_in_channels`, …spatial axes], to features, [B, `num_out_channels`, …].

    Shapes are in voxels, without batch and channels, slowest axis first. Subclasses also define ``forward``.
    """

    @property
    @abstractmethod
    def input_shape(self) -> Coordinate:
        """Shape that the network is trained on, in voxels."""

    @property
    @abstractmethod
    def num_in_channels(self) -> int:
        """How many channels the raw data have."""

    @property
    @abstractmethod
    def num_out_channels(self) -> int:
        """How many channels the features have."""

    @property
    def dims(self) -> int:
        """Number of spatial axes."""
        return self.input_shape.dims

    @property
    def eval_shape_increase(self) -> Coordinate:
        """By how many voxels the input may be larger in prediction than in training; none by default."""
        return Coordinate((0,) * self.dims)

    def scale(self, voxel_size: Coordinate) -> Coordinate:
        """Voxel size of the output, given that of the input, in the same counts; the same by default."""
        return voxel_size

    def fits(self, shape: Iterable[int]) -> bool:
        """Whether the network takes an input of so many voxels; by default found by trying."""
        try:
            output = _output_shape([self], (1, self.num_in_channels, *shape))
        except Exception:  # other people's code may refuse in any way
            return False
        return min(output) > 0


class ModuleArchitecture(Architecture):
    """Any network as an architecture: its sizes are found by trying, on PyTorch's meta device where that can be.

    Parameters
    ----------
    module : torch.nn.Module
        Maps [B, `num_in_channels`, …spatial axes] to [B, C, …], with as many spatial axes.
    input_shape : sequence of int
        Voxels in training, slowest axis first.
    num_in_channels : int
        Channels of the raw data.

    Raises
    ------
    ValueError
        If `module` can't take such an input, or gives something of other dimensions.
    """

    def __init__(self, module: torch.nn.Module, input_shape: Iterable[int], num_in_channels: int = 1) -> None:
        super().__init__()
        self.module = module
        self._input_shape, self._num_in_channels = whole_numbers(input_shape, "input_shape"), num_in_channels
        shape = (1, num_in_channels, *self._input_shape)
        name = type(module).__name__
        try:
            output = _output_shape([module], shape)
        except Exception as error:  # other people's code may refuse in any way
            raise ValueError(
                f"{name} can't take an input of shape {shape} (batch, channels, voxels): {format_error(error)}"
            ) from error
        if len(output) != len(shape):
            raise ValueError(
                f"{name} must give as many axes as it takes, but makes {output} of an input of shape {shape}"
            )
        self._num_out_channels = output[1]

    @property
    def input_shape(self) -> Coordinate:
        """Shape that the network is trained on, in voxels."""
        return self._input_shape

    @property
    def num_in_channels(self) -> int:
        """How many channels the raw data have."""
        return self._num_in_channels

    @property
    def num_out_channels(self) -> int:
        """How many channels the features have."""
        return self._num_out_channels

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """What the module makes of `raw`."""
        features: torch.Tensor = self.module(raw)
        return features

    def scale(self, voxel_size: Coordinate) -> Coordinate:
        """Voxel size of the output: by how much it grows when the input does; ``ValueError`` if that isn't whole."""
        sizes = [
            _output_shape([self.module], (1, self.num_in_channels, *(self.input_shape + _MORE * k)))[2:] for k in (0, 1)
        ]
        scaled = []
        for axis, (size, before, after) in enumerate(zip(voxel_size, *sizes, strict=True)):
            if after <= before or size * _MORE % (after - before):
                raise ValueError(
                    f"voxel_size {tuple(voxel_size)} has no whole size in the output on axis {axis}, where {_MORE} voxels "
                    f"more of the input make {after - before} more; count in smaller fractions of the unit"
                )
            scaled.append(size * _MORE // (after - before))
        return Coordinate(scaled)


def conv_head(architecture: Architecture, channels: int, kernel_size: int = 1) -> torch.nn.Module:
    """A convolution from the architecture's features to the target's `channels`, without padding or activation.

    In 2-D and 3-D. `kernel_size` is odd, on every axis; the output is smaller than the features by ``kernel_size - 1``
    voxels.
    """
    if channels < 1:
        raise ValueError(f"channels must be at least 1, got {channels}: a head without channels predicts nothing")
    if kernel_size < 1 or kernel_size % 2 == 0:
        # An even kernel would put every output voxel between two input voxels.
        raise ValueError(f"kernel_size must be an odd whole number like 1 or 3, got {kernel_size}")
    if architecture.dims == 2:
        return torch.nn.Conv2d(architecture.num_out_channels, channels, kernel_size)
    if architecture.dims == 3:
        return torch.nn.Conv3d(architecture.num_out_channels, channels, kernel_size)
    raise ValueError(
        f"heads exist for 2-D and 3-D architectures, got {type(architecture).__name__} with {architecture.dims} "
        "dimensions"
    )


class Model(torch.nn.Module):
    """An architecture followed by a head: raw data, [B, C, …spatial axes], to predictions, [B, `num_out_channels`, …].

    Making a model draws new weights for all its convolutions, the architecture's included (He et al. 2015, for ReLUs);
    load trained weights afterwards.

    Parameters
    ----------
    prediction_head : torch.nn.Module
        Turns the architecture's features into as many channels as the target has.
    eval_activation : torch.nn.Module, optional
        Applied to the head's output in eval mode only: in training the loss takes logits.

    Attributes
    ----------
    num_in_channels, num_out_channels : int
        Channels of raw data and of predictions.
    input_shape, output_shape, eval_input_shape : Coordinate
        Shapes in voxels, without batch and channels: in training, and of the input in prediction, which is larger by the
        architecture's `eval_shape_increase`.
    """

    def __init__(
        self,
        architecture: Architecture,
        prediction_head: torch.nn.Module,
        eval_activation: torch.nn.Module | None = None,
    ) -> None:
        super().__init__()
        taken = prediction_head.in_channels if isinstance(prediction_head, _CONVOLUTIONS) else None
        if taken is not None and taken != architecture.num_out_channels:
            raise ValueError(
                f"prediction_head must take the {architecture.num_out_channels} channels of the architecture's output, "
                f"but takes {taken}"
            )
        if architecture.eval_shape_increase.dims != architecture.dims:
            raise ValueError(
                f"eval_shape_increase of the architecture needs {architecture.dims} numbers like its input_shape, "
                f"got {tuple(architecture.eval_shape_increase)}"
            )
        self.architecture = architecture
        self.prediction_head = prediction_head
        self.eval_activation = eval_activation
        self.num_in_channels = architecture.num_in_channels
        self.input_shape = architecture.input_shape
        self.eval_input_shape = self.input_shape + architecture.eval_shape_increase
        self.num_out_channels, self.output_shape = self.compute_output_shape(self.input_shape)
        for module in self.modules():
            _initialise(module)

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        """Predictions for `raw`, [B, C, …]: logits in training, activated in eval mode."""
        prediction: torch.Tensor = self.prediction_head(self.architecture(raw))
        if self.eval_activation is not None and not self.training:
            prediction = self.eval_activation(prediction)
        return prediction

    def compute_output_shape(self, input_shape: Iterable[int]) -> tuple[int, Coordinate]:
        """How many channels, and what shape in voxels, come out for an input of `input_shape` voxels.

        Takes no memory, unless the architecture does something that PyTorch's meta device doesn't know. ``ValueError`` if
        the shape has other dimensions than the architecture's, or the architecture refuses it.
        """
        shape = whole_numbers(input_shape, "input_shape")
        if shape.dims != self.architecture.dims:
            raise ValueError(
                f"input_shape needs {self.architecture.dims} numbers like the architecture's, got {tuple(shape)}"
            )
        _, channels, *sizes = _output_shape(
            (self.architecture, self.prediction_head), (1, self.num_in_channels, *shape)
        )
        return channels, Coordinate(sizes)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As of any module; DaCapo's models, which hold all their parameters twice, are understood."""
        own = {name: value for name, value in state_dict.items() if not name.startswith("chain.")}
        return super().load_state_dict(own, strict, assign)

    def scale(self, voxel_size: Coordinate) -> Coordinate:
        """Voxel size of the predictions, given that of the raw data, in the same counts."""
        return self.architecture.scale(voxel_size)


def _initialise(module: torch.nn.Module) -> None:
    """Draw a convolution's weights such that a ReLU after it keeps the variance; leave other modules alone."""
    if isinstance(module, _CONVOLUTIONS):
        torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    elif isinstance(module, _TRANSPOSED):
        # Here torch would count outputs; an output voxel sees as many input voxels as strides fit into the kernel.
        steps = prod(kernel / stride for kernel, stride in zip(module.kernel_size, module.stride, strict=True))
        fan_in = module.in_channels / module.groups * steps
        torch.nn.init.normal_(module.weight, std=(2 / fan_in) ** 0.5)


def on_meta(module: torch.nn.Module, shape: Iterable[int]) -> torch.Tensor:
    """What `module` makes, in eval mode, of a tensor of `shape`, [B, C, …], without values: so without time or memory."""
    with torch.no_grad(), _WithoutActivations():
        return run_on_meta(module, torch.empty(tuple(shape), dtype=_first_parameter(module).dtype, device="meta"))


class _WithoutActivations(TorchFunctionMode):
    """Tensors without values go through activations as they are: torch takes longer there than for a convolution."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _ACTIVATIONS and args and args[0].is_meta:
            return args[0]
        if func is torch.nn.functional.batch_norm and args[1] is not None and len(args[1]) == args[0].shape[1]:
            return args[0]
        return func(*args, **(kwargs or {}))


def run_on_meta(module: torch.nn.Module, raw: torch.Tensor) -> torch.Tensor:
    """What `module` makes, in eval mode and without values, of a tensor on the meta device, [B, C, …]."""
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    without_values = {
        name: value if value.is_meta else torch.empty_like(value, device="meta") for name, value in state.items()
    }
    with eval_mode(module):
        output: torch.Tensor = torch.func.functional_call(module, without_values, (raw,))
    return output


def _output_shape(modules: Sequence[torch.nn.Module], shape: Iterable[int]) -> tuple[int, ...]:
    """The shape, [B, C, …], that comes out of modules, one after the other, for an input of `shape`."""
    found = tuple(shape)
    for module in modules:
        try:
            output = on_meta(module, found)
        except (RuntimeError, TypeError):
            # An operation without a meta kernel, or one that looks at values; a real fault comes up again here.
            like = _first_parameter(module)
            with torch.no_grad(), eval_mode(module):
                output = module(torch.zeros(found, dtype=like.dtype, device=like.device))
        if not isinstance(output, torch.Tensor):
            raise ValueError(f"{type(module).__name__} makes {type(output).__name__}, which is no tensor")
        found = tuple(map(int, output.shape))
    return found


def _first_parameter(module: torch.nn.Module) -> torch.Tensor:
    return next(module.parameters(), torch.empty(0))


@contextmanager
def eval_mode(module: torch.nn.Module) -> Iterator[None]:
    """Keep `module` in eval mode for a while, so that no statistics are taken; then as it was.

    A program of ``torch.export`` stays in the mode in which it was exported.
    """
    modes = [(part, part.training) for part in module.modules()]
    with suppress(NotImplementedError):
        module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
