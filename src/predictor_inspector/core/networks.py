"""Network configurations: a U-Net, or any module by its import path; presets."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import torch

from predictor_inspector.core.config import CONFIG_FILES, config_from_file, config_of, made_from_config, parsed_values
from predictor_inspector.core.import_path import found_in, module_at, parted
from predictor_inspector.core.model import Architecture, Model, ModuleArchitecture
from predictor_inspector.core.parameters import parameter, parameters_of
from predictor_inspector.core.registry import Extensions, derived_from, nearest
from predictor_inspector.core.unet import UNet

Sizes = tuple[int, ...]
Factors = tuple[int | Sizes, ...]
Kernels = tuple[tuple[int | Sizes, ...], ...]

_INPUT_SHAPE: dict[str, Any] = {
    "doc": "Voxels of the input in training, one number per axis, slowest first.",
    "unit": "voxels",
}
_BATCH_SIZE: dict[str, Any] = {
    "doc": "Inputs in a batch; only the memory of a training step depends on it.",
    "minimum": 1,
}
_MIXED: dict[str, Any] = {
    "doc": "Whether activations are kept in 16 bits; only the memory of a training step depends on it."
}


class NetworkConfig(ABC):
    """How to make a network and how it is trained: a frozen dataclass whose fields are made by `parameter`.

    All have `input_shape` (None: the network's own), `batch_size` and `mixed_precision`. `presets` are named sets of values to
    start from. Where `runs_code` is true, making the network runs other people's code.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    runs_code: ClassVar[bool] = False
    input_shape: Any
    batch_size: Any
    mixed_precision: Any

    def __post_init__(self) -> None:
        for described in parameters_of(type(self)):
            described.check(type(self).__name__, getattr(self, described.name))

    @abstractmethod
    def build(self) -> Architecture | Model:
        """The network; its parameters may lie on the meta device, without values. ``ValueError`` if values don't fit."""

    def with_input(self, shape: Sequence[int]) -> Self:
        """The same network for another input."""
        return dataclasses.replace(self, input_shape=tuple(map(int, shape)))  # type: ignore[type-var]


@dataclass(frozen=True)
class UNetConfig(NetworkConfig):
    """CNNectome's U-Net as DaCapo builds it, with the names of its ``CNNectomeUNetConfig``; the default is CellMap's."""

    input_shape: Sizes = parameter((216, 216, 216), **_INPUT_SHAPE)
    fmaps_in: int = parameter(1, doc="Channels of the raw data.", minimum=1)
    num_fmaps: int = parameter(12, doc="Feature maps on the finest level.", minimum=1)
    fmap_inc_factor: int = parameter(6, doc="By how many times more there are on every next level.", minimum=1)
    fmaps_out: int = parameter(72, doc="Feature maps of the output, which a predictor's head takes.", minimum=1)
    downsample_factors: Factors = parameter(
        (2, 3, 3), doc="From every level to the next: a number, or one per axis, as in ((1, 2, 2), (2, 2, 2))."
    )
    upsample_factors: Factors = parameter(
        (), doc="More upsampling after the finest level, for an output of smaller voxels than the input's."
    )
    padding: Literal["valid", "same"] = parameter(
        "valid", doc="valid: convolutions see real data only, and the output is smaller; same: they are padded with 0."
    )
    kernel_size_down: Kernels | None = parameter(
        None, doc="For every level, finest first, the sizes of its convolutions: two of 3 by default.", advanced=True
    )
    kernel_size_up: Kernels | None = parameter(
        None, doc="The same on the way up, for every level but the coarsest.", advanced=True
    )
    constant_upsample: bool = parameter(
        True, doc="Whether upsampling repeats voxels rather than being a transposed convolution.", advanced=True
    )
    use_attention: bool = parameter(
        False, doc="Whether attention weights the features that skip levels.", advanced=True
    )
    batch_norm: bool = parameter(False, doc="Whether batches are normalised after each convolution.", advanced=True)
    batch_size: int = parameter(1, **_BATCH_SIZE)
    mixed_precision: bool = parameter(False, **_MIXED)

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "cellmap": {},
        "cellmap-upsample": {"upsample_factors": (2,)},
        "cellmap-yoshi": {"input_shape": (188, 188, 188), "downsample_factors": (2, 2, 2)},
        "ronneberger-2015": {
            "input_shape": (572, 572),
            "num_fmaps": 64,
            "fmap_inc_factor": 2,
            "fmaps_out": 64,
            "downsample_factors": (2, 2, 2, 2),
        },
    }

    def build(self) -> Architecture:
        """The U-Net without values."""
        values = {p.name: getattr(self, p.name) for p in parameters_of(type(self))}
        for name in ("batch_size", "mixed_precision"):
            del values[name]
        with torch.device("meta"):
            return UNet(**values)


@dataclass(frozen=True)
class ModuleConfig(NetworkConfig):
    """Any network by its import path: a torch module, an `Architecture` or a `Model`, or a function that makes one."""

    path: str = parameter(doc="Where it is: package.module:name, or /path/to/file.py:name.")
    input_shape: Sizes | None = parameter(
        None, doc="Voxels of the input in training, slowest axis first; None: what an Architecture says itself."
    )
    num_in_channels: int = parameter(1, doc="Channels of the raw data, of a plain module.", minimum=1)
    batch_size: int = parameter(1, **_BATCH_SIZE)
    mixed_precision: bool = parameter(False, **_MIXED)

    runs_code: ClassVar[bool] = True

    def build(self) -> Architecture | Model:
        """The network that the path leads to, with its values; importing it runs its code."""
        made = module_from(imported(self.path), self.path)
        if isinstance(made, (Architecture, Model)) and self.input_shape in (None, tuple(made.input_shape)):
            return made
        if self.input_shape is None:
            raise ValueError(f"path {self.path!r} is a plain module, so input_shape must be given")
        channels = made.num_in_channels if isinstance(made, (Architecture, Model)) else self.num_in_channels
        return ModuleArchitecture(made, self.input_shape, channels)


NETWORKS: Extensions[type[NetworkConfig]] = derived_from(
    NetworkConfig,
    noun="network",
    group="predictor_inspector.networks",
    built_in={
        "unet": "predictor_inspector.core.networks:UNetConfig",
        "module": "predictor_inspector.core.networks:ModuleConfig",
    },
)


def network_from_config(config: dict[str, Any]) -> NetworkConfig:
    """The network for a configuration such as ``{"kind": "unet", "input_shape": [188, 188, 188], …}``.

    Parameters left out keep their defaults; errors as `predictor_from_config`. Nothing is imported or built.
    """
    return made_from_config(NETWORKS, config)


def network_to_config(network: NetworkConfig) -> dict[str, Any]:
    """The configuration that describes `network`, of plain lists, numbers and strings: fit for YAML and JSON."""
    return config_of(NETWORKS, network)


def network_presets() -> dict[str, NetworkConfig]:
    """All kinds' presets by name."""
    loaded, _ = NETWORKS.load_all()
    return {name: cls(**values) for cls in loaded.values() for name, values in cls.presets.items()}


def chosen_network(text: str, values: Sequence[str] = ()) -> NetworkConfig:
    """A command's network: a preset's name, a YAML or JSON file, or an import path, ``module:name``; then single values.

    Raises
    ------
    FileNotFoundError
        If the file isn't there.
    ValueError
        If there is no such preset, or something of the configuration is wrong.
    """
    presets = network_presets()
    if text in presets:
        config = network_to_config(presets[text])
    elif text.lower().endswith(CONFIG_FILES):
        config = config_from_file(Path(text), "network's configuration")
    elif ":" in text:
        config = {"kind": "module", "path": text}
    else:
        raise ValueError(
            f"there is no network {text!r}{nearest(text, presets)}; or give a YAML file, or the import path of a module, "
            "module:name"
        )
    return network_from_config({**config, **parsed_values(values, "NETWORK")})


def module_from(found: Any, path: str) -> torch.nn.Module:
    """A copy of a torch module that was found at an import path, or what the function found there makes.

    ``ValueError`` if that can't be called, or is something else.
    """
    if isinstance(found, torch.nn.Module):
        return deepcopy(found)  # a head that is put on it begins with new weights
    if not callable(found):
        raise ValueError(f"path {path!r} is {type(found).__name__}; it must be a torch module or make one")
    try:
        made = found()
    except Exception as error:  # other people's code may fail in any way
        raise ValueError(f"path {path!r} can't be called: {type(error).__name__}: {error}") from error
    if not isinstance(made, torch.nn.Module):
        raise ValueError(f"path {path!r} makes {type(made).__name__}; it must make a torch module")
    return made


def imported(path: str) -> Any:
    """What an import path leads to; its code is run, and whatever that raises is a ``ValueError``."""
    place, name = parted(path)
    try:
        module = module_at(place)
    except Exception as error:  # other people's code may fail in any way
        raise ValueError(f"path {path!r} can't be imported: {type(error).__name__}: {error}") from error
    return found_in(module, name)
