"""Kinds of trained models: TorchScript, programs of torch.export, import paths, checkpoints."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import torch

from predictor_inspector.core.model import Architecture, Model, ModuleArchitecture
from predictor_inspector.core.networks import imported, module_from, network_from_config
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_shape, listed
from predictor_inspector.data.their_errors import last_line
from predictor_inspector.inspection.models.config import ModelConfig


@dataclass(frozen=True)
class _Program(ModelConfig):
    """A model that is complete, and says nothing of its last activation."""

    logits: bool = parameter(False, doc="Whether it gives probabilities and descriptors before the sigmoid.")

    @property
    def gives_logits(self) -> bool:
        """As it was said."""
        return self.logits


@dataclass(frozen=True)
class TorchScriptModel(_Program):
    """A program that ``torch.jit.save`` has written. It is other people's code."""

    def load(self, predictor: Predictor | None) -> torch.nn.Module:
        """The program, and one without values to find shapes with, where that can be."""
        program = _loaded(self.path, lambda: torch.jit.load(self.path, map_location="cpu"))  # type: ignore[no-untyped-call]
        try:
            without_values = torch.jit.load(self.path, map_location="meta")  # type: ignore[no-untyped-call]
        except RuntimeError:  # one with constants in its code
            without_values = None
        return _Script(program, without_values).eval()


@dataclass(frozen=True)
class ExportedModel(_Program):
    """A program that ``torch.export.save`` has written. It may call operations, not code of its own."""

    def load(self, predictor: Predictor | None) -> torch.nn.Module:
        """The program, with the shape of its example if that is all it takes."""
        program = _loaded(self.path, lambda: torch.export.load(self.path))
        taken = [
            n for n in program.graph.nodes if n.op == "placeholder" and n.name in program.graph_signature.user_inputs
        ]
        if len(taken) != 1 or taken[0].meta["val"].ndim < 3:
            raise ValueError(f"{self.path} must take raw data as its only argument, [B, C, …], but takes {len(taken)}")
        return _Exported(program)


@dataclass(frozen=True)
class ModuleModel(_Program):
    """Any module or function by its import path: a torch module, a function that makes one, or one that predicts itself."""

    def load(self, predictor: Predictor | None) -> torch.nn.Module:
        """What the path leads to; importing it runs its code."""
        found = imported(self.path)
        if not isinstance(found, (torch.nn.Module, type)) and callable(found) and _takes_something(found):
            return _Function(found).eval()
        return module_from(found, self.path).eval()


@dataclass(frozen=True)
class CheckpointModel(ModelConfig):
    """Weights of a network that is described beside them, with the predictor's head: DaCapo's, or any state dict.

    Only tensors are loaded, no code.
    """

    runs_code: ClassVar[bool] = False

    network: dict[str, Any] | None = parameter(
        None, doc="Configuration of the network whose weights they are, as of 'predictor-inspector network'."
    )

    @property
    def gives_logits(self) -> bool:
        """Always: as in training, what follows is up to the loss."""
        return True

    def load(self, predictor: Predictor | None) -> torch.nn.Module:
        """The network with its weights."""
        if self.network is None:
            raise ValueError(f"{self.path} holds weights only; give the network whose they are, --network")
        weights = _weights_in(self.path)
        network = network_from_config(self.network).build()
        model: torch.nn.Module
        if isinstance(network, ModuleArchitecture) and set(network.module.state_dict()) == set(weights):
            model = network.module  # which has a head of its own
        elif isinstance(network, Model):
            model = network
        elif predictor is None:
            raise ValueError(
                f"{self.path} needs the predictor whose head is on the network; give it with --config or --predictor"
            )
        else:
            with torch.device("meta"):
                model = predictor.create_model(network)
        _load_weights(model, weights, self.path)
        if isinstance(model, Model):
            model.eval_activation = None
        return model.float().eval()


class _Script(torch.nn.Module):
    """TorchScript, which functions of torch don't take for a module."""

    def __init__(self, program: Any, without_values: Any) -> None:
        super().__init__()
        self._programs = program, without_values  # in a tuple they are no submodules

    def forward(self, raw: torch.Tensor) -> Any:
        program, without_values = self._programs
        if not raw.is_meta:
            return program(raw)
        if without_values is None:
            raise NotImplementedError("TorchScript with constants needs values")
        return without_values(raw)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        self._programs[0].to(*args, **kwargs)
        return self


class _Exported(torch.nn.Module):
    """A program of ``torch.export``; `input_shape` is that of its example, and whether that is all it takes."""

    def __init__(self, program: Any) -> None:
        super().__init__()
        self._programs = (program,)
        self.called = program.module()
        (shape,) = (
            n.meta["val"].shape
            for n in program.graph.nodes
            if n.op == "placeholder" and n.name in program.graph_signature.user_inputs
        )
        self._batch = shape[0] if isinstance(shape[0], int) else 1
        example = program.example_inputs
        known = example[0][0].shape[2:] if example and example[0] else shape[2:]
        self.input_shape = tuple(map(int, known)) if all(isinstance(n, int) for n in known) else None

    def forward(self, raw: torch.Tensor) -> Any:
        # Where the batch is fixed all of it is the same.
        return self.called(raw.expand(self._batch, *raw.shape[1:]))[: len(raw)]

    def train(self, mode: bool = True) -> Self:
        return self  # it stays in the mode in which it was exported

    def to(self, *args: Any, **kwargs: Any) -> Self:
        from torch.export.passes import move_to_device_pass

        (program,) = self._programs
        self.called = move_to_device_pass(program, args[0]).module()
        return self


class _Function(torch.nn.Module):
    """A function that predicts."""

    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self._function = function

    def forward(self, raw: torch.Tensor) -> Any:
        return self._function(raw)


def own_shape(model: torch.nn.Module) -> tuple[int, ...] | None:
    """The voxels of the input that a model was trained on, if it says them."""
    shape = model.input_shape if isinstance(model, (Architecture, Model, _Exported)) else None
    return None if shape is None else tuple(map(int, shape))


def _loaded(path: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:  # files of other versions may fail in any way
        raise ValueError(f"{path} can't be loaded: {last_line(error)}") from error


def _takes_something(function: Callable[..., Any]) -> bool:
    """Whether a function must be given something."""
    return any(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    )


class _Weights:
    """Stands in for DaCapo's class of that name, which needn't be installed: it only holds two state dicts."""

    model: Any


_Weights.__module__, _Weights.__name__, _Weights.__qualname__ = "dacapo.store.weights_store", "Weights", "Weights"

_PLACES = ("model_state_dict", "state_dict", "model")
"""Where checkpoints keep a network's state dict, those of DaCapo, of Lightning and of most others."""

_PREFIXES = ("module.", "_orig_mod.", "model.")
"""What wrappers put before the names of all parameters: for several GPUs, for compiling, of Lightning."""


def _weights_in(path: str) -> dict[str, torch.Tensor]:
    """The state dict in a checkpoint; nothing but tensors, numbers and text is loaded."""
    torch.serialization.add_safe_globals([_Weights])
    try:
        found = torch.load(Path(path).expanduser(), map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # damaged files may fail in any way
        if "Unsupported global" in str(error) or "GLOBAL" in str(error):
            raise ValueError(
                f"{path} holds more than weights, and isn't loaded, as that would run its code; save model.state_dict() alone"
            ) from error
        raise ValueError(f"{path} is no checkpoint that can be read: {last_line(error)}") from error
    if isinstance(found, _Weights):
        found = found.model
    for place in _PLACES:
        if isinstance(found, Mapping) and isinstance(found.get(place), Mapping):
            found = found[place]
            break
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise ValueError(
            f"{path} holds no state dict, neither alone nor as {listed(map(repr, _PLACES))}: it is {type(found).__name__}"
        )
    weights = dict(found)
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in weights):
            weights = {name.removeprefix(prefix): value for name, value in weights.items()}
    return weights


def _load_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: str) -> None:
    """Put weights into a model, of which all must be there."""
    own = model.state_dict()
    given = {name: value for name, value in weights.items() if not name.startswith("chain.")}  # DaCapo has them twice
    missing, foreign = [n for n in own if n not in given], [n for n in given if n not in own]
    if missing or foreign:
        told = [f"it lacks {listed(missing, 3)}"] * bool(missing) + [f"has {listed(foreign, 3)} besides"] * bool(
            foreign
        )
        raise ValueError(
            f"{path} holds the weights of another network: {' and '.join(told)}; compare levels, padding and attention with "
            "those of the training's configuration"
        )
    others = [n for n in own if own[n].shape != given[n].shape]
    if others:
        name = others[0]
        theirs, ours = (format_shape(state[name].shape) for state in (given, own))
        why = (
            "the predictor has another number of channels"
            if name.startswith("prediction_head.")
            else "compare feature maps and kernel sizes with those of the training's configuration"
        )
        raise ValueError(f"{path}: {name} is {theirs}, but here {ours}; {why}")
    model.load_state_dict(given, assign=True)
