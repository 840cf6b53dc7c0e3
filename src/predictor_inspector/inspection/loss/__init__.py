"""Where the loss of a prediction is, as trainings compute it."""

from predictor_inspector.inspection.loss.compare import LossComparison, compare_losses
from predictor_inspector.inspection.loss.loss_map import LossMap, WorstPlace, loss_map
from predictor_inspector.inspection.loss.losses import LOSSES, Loss, Term, chosen_loss
from predictor_inspector.inspection.loss.voxel import explain_loss

__all__ = [
    "LOSSES",
    "Loss",
    "LossComparison",
    "LossMap",
    "Term",
    "WorstPlace",
    "chosen_loss",
    "compare_losses",
    "explain_loss",
    "loss_map",
]
