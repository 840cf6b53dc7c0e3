"""Explaining voxels in the viewer: the panel, what is drawn on the canvas, and the mouse that asks."""

from predictor_inspector.plugin.tabs.explain.explainer import Explainer
from predictor_inspector.plugin.tabs.explain.panel import ExplainPanel
from predictor_inspector.plugin.tabs.numbers.histogram_panel import HistogramPanel
from predictor_inspector.plugin.tabs.numbers.probe_table import Prober, ProbeTable

__all__ = ["ExplainPanel", "Explainer", "HistogramPanel", "ProbeTable", "Prober"]
