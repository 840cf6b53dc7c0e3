"""The setup tab's sections in a window."""

from __future__ import annotations

from predictor_inspector.plugin.forms.collapsible import Collapsible

from ...window import Window


def test_sections_fold(window: Window) -> None:
    window.add_labels()
    sections = {s.button.text(): s for s in window.widget.tabs["setup"].findChildren(Collapsible)}
    assert list(sections) == [
        "Data",
        "Predictor",
        "Network: none",
        "Parameters",
        "Region",
        "As the trainer does it",
        "Computation",
    ]
    assert window.control("predictor").isVisible()
    sections["Predictor"].button.click()
    assert not window.control("predictor").isVisible()
