"""Data sets: every crop examined, and how often sampling would see what they hold."""

from predictor_inspector.inspection.dataset.examination import Checks, Examined, examine, examine_all, findings_over
from predictor_inspector.inspection.dataset.sampling import Draws, Plan, simulate

__all__ = ["Checks", "Draws", "Examined", "Plan", "examine", "examine_all", "findings_over", "simulate"]
