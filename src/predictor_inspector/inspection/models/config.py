"""Model configurations: where a trained model is, how raw data go into it; their registry."""

from __future__ import annotations

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from predictor_inspector.core.config import CONFIG_FILES, config_from_file, config_of, made_from_config, parsed_values
from predictor_inspector.core.networks import NetworkConfig, network_to_config
from predictor_inspector.core.parameters import parameter, parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.registry import Extensions, derived_from

RawAs = Literal["0..1", "-1..1", "unchanged"]
Beyond = Literal["zeros", "reflect", "nothing"]


@dataclass(frozen=True)
class ModelConfig(ABC):
    """A trained model and what it takes: a frozen dataclass whose fields are made by `parameter`.

    Where `runs_code` is true, loading it runs other people's code.
    """

    runs_code: ClassVar[bool] = True

    path: str = parameter(doc="The file, or an import path: package.module:name, or /path/to/file.py:name.")
    input_shape: tuple[int, ...] | None = parameter(
        None,
        doc="Voxels of an input that it takes, slowest axis first; None: what it says itself, or the first that it takes.",
        unit="voxels",
    )
    raw_as: RawAs = parameter(
        "0..1",
        doc="How it takes raw data: whole numbers as shares of their type's range, 0..1 or -1..1, or unchanged. Numbers of a "
        "floating-point type are 0..1 already.",
    )
    scale: float = parameter(1.0, doc="What raw data are multiplied by after that.")
    shift: float = parameter(0.0, doc="What is added to them then.")
    beyond: Beyond = parameter(
        "zeros",
        doc="What it sees beyond the raw data: zeros, as DaCapo trains and predicts, the data mirrored, or nothing: then only "
        "voxels with their whole context are predicted.",
    )

    def __post_init__(self) -> None:
        for described in parameters_of(type(self)):
            described.check(type(self).__name__, getattr(self, described.name))

    @property
    @abstractmethod
    def gives_logits(self) -> bool:
        """Whether probabilities and descriptors come before the sigmoid."""

    @abstractmethod
    def load(self, predictor: Predictor | None) -> torch.nn.Module:
        """The model on the CPU, in eval mode: [B, C, …spatial axes] to [B, channels of the target, …].

        Called in a process of its own. ``ValueError`` or ``OSError`` if it can't be loaded.
        """

    def prepared(self, raw: np.ndarray) -> torch.Tensor:
        """Raw data of any type as the model takes them: float32, of the same shape."""
        values = torch.from_numpy(raw.astype(np.float32))
        if self.raw_as != "unchanged":
            if raw.dtype.kind in "iu":
                low, high = np.iinfo(raw.dtype).min, np.iinfo(raw.dtype).max
                values = (values - float(low)) / float(high - low)
            values = values * 2 - 1 if self.raw_as == "-1..1" else values
        return values * self.scale + self.shift


MODELS: Extensions[type[ModelConfig]] = derived_from(
    ModelConfig,
    noun="model",
    group="predictor_inspector.models",
    built_in={
        "torchscript": "predictor_inspector.inspection.models.kinds:TorchScriptModel",
        "exported": "predictor_inspector.inspection.models.kinds:ExportedModel",
        "module": "predictor_inspector.inspection.models.kinds:ModuleModel",
        "checkpoint": "predictor_inspector.inspection.models.kinds:CheckpointModel",
    },
)


def model_from_config(config: dict[str, Any]) -> ModelConfig:
    """The model for a configuration such as ``{"kind": "torchscript", "path": "model.pt", …}``.

    Parameters left out keep their defaults; errors as `predictor_from_config`. Nothing is loaded or run.
    """
    return made_from_config(MODELS, config)


def model_of_any_kind(config: Mapping[str, Any]) -> ModelConfig:
    """A stand-in with the path and the parameters that all kinds have, where only the model's file says its kind.

    Errors as of `model_from_config`. Nothing is opened or run.
    """
    if "kind" in config:
        raise ValueError("the kind of a model is what its file says; leave it out")
    return model_from_config({**config, "kind": "torchscript"})


def model_to_config(model: ModelConfig) -> dict[str, Any]:
    """The configuration that describes `model`, of plain lists, numbers and strings: fit for YAML and JSON."""
    return config_of(MODELS, model)


def chosen_model(text: str, values: Sequence[str] = (), network: NetworkConfig | None = None) -> ModelConfig:
    """A command's model: a model's file, a YAML or JSON file, or an import path, ``module:name``; then single values.

    `network` is that of a checkpoint, which doesn't say it itself; other kinds take no notice. Nothing is loaded or run.

    Raises
    ------
    FileNotFoundError
        If the file isn't there.
    ValueError
        If it is of no known kind, or something of the configuration is wrong.
    """
    file = Path(text).expanduser()
    if text.lower().endswith(CONFIG_FILES):
        config = config_from_file(file, "model's configuration")
    elif file.is_file():
        config = {"kind": _kind_of_file(file), "path": str(file)}
    elif ":" in text:
        config = {"kind": "module", "path": text}
    else:
        raise FileNotFoundError(f"there is no file {text}; a model is a file or an import path, module:name")
    if config.get("kind") == "checkpoint" and network is not None:
        config["network"] = network_to_config(network)
    return model_from_config({**config, **parsed_values(values, "--model")})


def _kind_of_file(file: Path) -> str:
    """The kind of what torch has saved, by what lies in it."""
    if not zipfile.is_zipfile(file):
        with file.open("rb") as opened:
            if opened.read(1) == b"\x80":  # a pickle, as torch saved before 1.6
                return "checkpoint"
        raise ValueError(
            f"{file} is neither TorchScript, nor a program of torch.export, nor a checkpoint of torch.save"
        )
    with zipfile.ZipFile(file) as opened:
        names = {name.partition("/")[2] for name in opened.namelist()} | set(opened.namelist())
    if any("aotinductor/" in name for name in names):
        raise ValueError(f"{file} is compiled for one machine by AOTInductor; save the program with torch.export.save")
    if {"models/model.json", "serialized_exported_program.json"} & names:
        return "exported"
    if "constants.pkl" in names:
        return "torchscript"
    if "data.pkl" in names:
        return "checkpoint"
    raise ValueError(f"{file} is neither TorchScript, nor a program of torch.export, nor a checkpoint of torch.save")
