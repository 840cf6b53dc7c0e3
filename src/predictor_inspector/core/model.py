"""Network architectures, and models: an architecture with a predictor's head on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import prod

import torch
from funlib.geometry import Coordinate

from predictor_inspector.core.array import whole_numbers

_CONVOLUTIONS = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
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
        parameter = next(self.parameters(), torch.empty(0))
        with torch.no_grad(), _eval_mode(self.architecture), _eval_mode(self.prediction_head):
            raw = torch.empty((1, self.num_in_channels, *shape), dtype=parameter.dtype, device="meta")
            try:
                output = _on_meta(self.prediction_head, _on_meta(self.architecture, raw))
            except (RuntimeError, TypeError):
                # An operation without a meta kernel, or one that looks at values; a real fault comes up again here.
                output = self.prediction_head(self.architecture(torch.zeros_like(raw, device=parameter.device)))
        return int(output.shape[1]), Coordinate(output.shape[2:])

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


def _on_meta(module: torch.nn.Module, raw: torch.Tensor) -> torch.Tensor:
    """What `module` makes of a tensor without values, [B, C, …], on the meta device."""
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    without_values = {name: torch.empty_like(value, device="meta") for name, value in state.items()}
    output: torch.Tensor = torch.func.functional_call(module, without_values, (raw,))
    return output


@contextmanager
def _eval_mode(module: torch.nn.Module) -> Iterator[None]:
    """Keep `module` in eval mode for a while, so that no statistics are taken; then as it was."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
