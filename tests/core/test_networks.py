"""Configurations of networks, presets and import paths."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from predictor_inspector.core import Model, UNet, UNetConfig, network_from_config, network_to_config
from predictor_inspector.core.networks import ModuleConfig, chosen_network, network_presets

FILE = """
import torch
from beside import CHANNELS

def make():
    return torch.nn.Conv2d(CHANNELS, 3, 5)

trained = torch.nn.Conv2d(2, 1, 3)
number = 3

def broken():
    raise RuntimeError("no such layer")

def text():
    return "text"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("CHANNELS = 2\n")
    (tmp_path / "nets.py").write_text(FILE)
    return tmp_path / "nets.py"


@pytest.mark.parametrize("name", network_presets())
def test_presets_can_be_built_and_survive_a_file(name: str) -> None:
    network = network_presets()[name]
    assert network_from_config(network_to_config(network)) == network
    assert network.build().input_shape == tuple(network.input_shape)


def test_a_u_net_is_built_as_configured_without_memory() -> None:
    config = {"kind": "unet", "input_shape": [44, 44], "num_fmaps": 4, "downsample_factors": [[2, 2], 2]}
    built = network_from_config(config).build()
    assert isinstance(built, UNet)
    assert built.num_out_channels == 72
    assert all(parameter.is_meta for parameter in built.parameters())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": [44, 44]}, "a network's configuration needs the key 'kind', one of unet, module"),
        ({"kind": "unett"}, "unknown network 'unett'; did you mean 'unet'"),
        ({"kind": "unet", "num_fmap": 3}, "did you mean 'num_fmaps'"),
        ({"kind": "unet", "num_fmaps": 0}, "num_fmaps must be ≥ 1"),
        ({"kind": "unet", "batch_size": 0}, "batch_size must be ≥ 1"),
        ({"kind": "unet", "padding": "some"}, "padding"),
        ({"kind": "module"}, "module needs a value for path"),
    ],
)
def test_a_wrong_configuration_is_an_error_that_names_what_is_wrong(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network_from_config(config)


def test_a_network_is_chosen_by_preset_file_or_path(tmp_path: Path) -> None:
    assert chosen_network("cellmap", ["input_shape=[234,234,234]"]) == UNetConfig((234,) * 3)
    (tmp_path / "net.yaml").write_text("kind: unet\nnum_fmaps: 5\n")
    assert chosen_network(str(tmp_path / "net.yaml")) == UNetConfig(num_fmaps=5)
    assert chosen_network("package.module:name") == ModuleConfig("package.module:name")
    with pytest.raises(ValueError, match="did you mean 'cellmap'"):
        chosen_network("celmap")
    with pytest.raises(FileNotFoundError, match="is not there"):
        chosen_network(str(tmp_path / "other.yaml"))


def test_modules_come_from_files_with_what_lies_beside_them(file: Path) -> None:
    built = ModuleConfig(f"{file}:make", (16, 16), num_in_channels=2).build()
    assert (built.num_in_channels, built.num_out_channels) == (2, 3)


def test_a_module_that_exists_keeps_its_weights(file: Path) -> None:
    first, second = (ModuleConfig("torch.nn:Identity", (16, 16)).build() for _ in range(2))
    assert first is not second
    built = ModuleConfig(f"{file}:trained", (16, 16), num_in_channels=2).build()
    before = [parameter.clone() for parameter in built.parameters()]
    Model(built, torch.nn.Identity())
    assert any(
        not torch.equal(a, b) for a, b in zip(before, built.parameters(), strict=True)
    )  # a copy's, not the module's


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("makes", "has no 'makes'; did you mean 'make'"),
        ("number", "is int; it must be a torch module or make one"),
        ("broken", "can't be called: RuntimeError: no such layer"),
        ("text", "makes str; it must make a torch module"),
    ],
)
def test_what_is_wrong_with_a_path_is_said_in_a_sentence(file: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModuleConfig(f"{file}:{name}", (16, 16)).build()


@pytest.mark.parametrize("path", ["nets", ":make", "nets:"])
def test_a_path_without_module_or_name_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match=r"module:name or path"):
        ModuleConfig(path, (16, 16)).build()


def test_a_module_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't be imported: ModuleNotFoundError"):
        ModuleConfig("no_such_package.nets:make", (16, 16)).build()
    with pytest.raises(ValueError, match=r"there is no file"):
        ModuleConfig(f"{tmp_path / 'none.py'}:make", (16, 16)).build()


def test_a_plain_module_needs_its_input_shape(file: Path) -> None:
    with pytest.raises(ValueError, match="input_shape must be given"):
        ModuleConfig(f"{file}:make").build()
