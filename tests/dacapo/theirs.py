"""DaCapo's own networks, from its files: importing the package would take all that it depends on."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("kernel_size_down", "kernel_size_up", "upsample_factors", "_eval_shape_increase")),
    "constant_upsample": True,
    "padding": "valid",
    "use_attention": False,
    "batch_norm": False,
}


AVAILABLE = find_spec("dacapo")


def module(name: str) -> Any:
    """A module of DaCapo, without the modules of the packages that it lies in."""
    folder = Path(AVAILABLE.origin).parent
    for package in ("dacapo", "dacapo.experiments", "dacapo.experiments.architectures"):
        if package not in sys.modules:
            stand_in = ModuleType(package)
            stand_in.__path__ = [str(folder.joinpath(*package.split(".")[1:]))]
            sys.modules[package] = stand_in
    architectures = sys.modules["dacapo.experiments.architectures"]
    architectures.Architecture = import_module("dacapo.experiments.architectures.architecture").Architecture
    return import_module(f"dacapo.experiments.{name}")


def unet(**settings: Any) -> torch.nn.Module:
    return module("architectures.cnnectome_unet").CNNectomeUNet(SimpleNamespace(**(DEFAULTS | settings)))
