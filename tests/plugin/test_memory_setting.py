"""The memory setting is kept among napari's preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManifest

import predictor_inspector
from predictor_inspector.plugin.memory_setting import CHOICES, PLUGIN, MemorySetting
from predictor_inspector.plugin.model.settings import Settings

from .window import Window

MANIFEST = Path(predictor_inspector.__file__).with_name("napari.yaml")


@pytest.fixture
def known_to_napari(plugin_settings: Any, npe2pm: Any) -> None:
    """A napari with the plugin in it and fresh preferences."""
    npe2pm.register(PluginManifest.from_file(MANIFEST))


def test_the_manifest_offers_the_same_choices() -> None:
    memory = PluginManifest.from_file(MANIFEST).contributions.configurations["compute"].properties["memory"]
    assert tuple(memory.enum) == CHOICES
    assert memory.default == CHOICES[0]


@pytest.mark.usefixtures("known_to_napari")
def test_a_value_is_kept_in_a_file_and_told_to_others(tmp_path: Path) -> None:
    first, second = Settings(), Settings()
    keepers = MemorySetting(first), MemorySetting(second)
    first.memory = "4 GB"
    assert second.memory == "4 GB"
    assert "memory: 4 GB" in (tmp_path / f"{PLUGIN}.yaml").read_text(encoding="utf-8")
    keepers[1].close()
    first.memory = "8 GB"
    assert second.memory == "4 GB"
    first.memory = "1234 MB"  # not one of the choices, so it is this dock's alone
    third = Settings()
    keeper = MemorySetting(third)
    assert third.memory == "8 GB"
    keeper.close()
    keepers[0].close()


@pytest.mark.usefixtures("plugin_settings")
def test_where_napari_does_not_know_the_plugin_nothing_is_kept() -> None:
    settings = Settings()
    keeper = MemorySetting(settings)
    settings.memory = "4 GB"
    keeper.close()
    other = Settings()
    MemorySetting(other).close()
    assert other.memory == "auto"


@pytest.mark.usefixtures("known_to_napari")
def test_the_dock_follows_the_preferences_and_they_follow_the_dock(window: Window) -> None:
    from napari.settings import get_plugin_settings

    kept = get_plugin_settings(PLUGIN).compute
    window.after(lambda: setattr(window.widget, "memory", "2 GB"))
    assert kept.memory == "2 GB"
    window.after(lambda: setattr(kept, "memory", "1 GB"))
    assert window.widget.memory == "1 GB"
    window.after(lambda: setattr(kept, "memory", "auto"))
