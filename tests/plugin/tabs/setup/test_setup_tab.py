"""The setup tab's channel table and sections in a window."""

from __future__ import annotations

from predictor_inspector.plugin.forms.collapsible import Collapsible

from ...window import Window


def test_views_are_chosen_and_marked_and_channels_counted(window: Window) -> None:
    sections = {s.button.text(): s for s in window.widget.findChildren(Collapsible)}
    assert list(sections) == ["Data", "Predictor", "Region", "Compute", "Channels"]
    window.add_labels()
    window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    assert sections["Channels"].button.text() == "Channels (3)"
    views = {name: window.control(name) for name in ("target", "weight", "target RGB")}
    for chosen in ("weight", "target", "target RGB", "target RGB"):
        window.after(views[chosen].click)
        assert [name for name, view in views.items() if view.isChecked()] == [chosen]
        assert [name for name in views if window.viewer.layers[name].visible] == [chosen]
    window.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    assert sections["Channels"].button.text() == "Channels (1)"
    assert not views["target RGB"].isEnabled()
    sections["Channels"].button.click()
    assert not window.control("channel_table").isVisible()
