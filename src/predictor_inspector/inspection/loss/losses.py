"""`Loss`: what a training makes of a prediction; and the registry of losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch.nn import functional

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.config import made_from_config, parsed_values
from predictor_inspector.core.parameters import parameter, parameters_of
from predictor_inspector.core.registry import Extensions, derived_from

Element = Literal["cross entropy", "squared error", "absolute error"]
Weights = Literal["ignored", "once", "squared"]

_POWERS: dict[Weights, int] = {"ignored": 0, "once": 1, "squared": 2}


@dataclass(frozen=True)
class Term:
    """A part of a loss: the mean over all values of some channels of an error times a power of the weight.

    `channels` are their indices, `power` is 0 where weights are ignored, and `factor` multiplies the mean.
    """

    channels: tuple[int, ...]
    element: Element
    power: int = 1
    factor: float = 1.0

    def errors(self, prediction: torch.Tensor, target: torch.Tensor, logits: bool) -> torch.Tensor:
        """The error of each value, unweighted; `logits`: whether predictions are before a sigmoid."""
        if self.element == "cross entropy":
            if logits:
                return functional.binary_cross_entropy_with_logits(prediction, target, reduction="none")
            return functional.binary_cross_entropy(prediction.clamp(0, 1), target, reduction="none")
        difference = (torch.sigmoid(prediction) if logits else prediction) - target
        return difference.abs() if self.element == "absolute error" else difference**2


class Loss(ABC):
    """The loss of a training: a sum of terms, each over some of the channels.

    Subclasses are frozen dataclasses whose fields are the loss's parameters, see `parameter`; `title` is what they are called
    in the dock.
    """

    title: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for one in parameters_of(type(self)):
            one.check(type(self).__name__, getattr(self, one.name))

    @abstractmethod
    def terms(self, channels: Sequence[Channel]) -> tuple[Term, ...]:
        """The terms for a target of these channels: each channel is in one of them, or doesn't count."""


@dataclass(frozen=True)
class _MeanError(Loss):
    """One mean over all channels."""

    element: ClassVar[Element]

    weights: Weights = parameter("once", doc="How often a value's weight multiplies its error.")  # noqa: RUF009

    def terms(self, channels: Sequence[Channel]) -> tuple[Term, ...]:
        """One term of all channels."""
        return (Term(tuple(range(len(channels))), self.element, _POWERS[self.weights]),)


@dataclass(frozen=True)
class CrossEntropy(_MeanError):
    """Binary cross-entropy: torch's ``BCEWithLogitsLoss``, the weight times the loss of each value."""

    title, element = "Cross-entropy", "cross entropy"


@dataclass(frozen=True)
class SquaredError(_MeanError):
    """Mean squared error, the weight times that of each value."""

    title, element = "Squared error", "squared error"


@dataclass(frozen=True)
class AbsoluteError(_MeanError):
    """Mean absolute error, the weight times that of each value."""

    title, element = "Absolute error", "absolute error"


@dataclass(frozen=True)
class DaCapoLoss(Loss):
    """What DaCapo 0.3 trains with, by the kind of channels.

    Affinities alone: cross-entropy, weights ignored; with descriptors, cross-entropy with weights, and the squared error of
    descriptors with theirs. Distances: squared error of prediction and target times the weight each, so that the weight counts
    squared; beside classes (hot distance), these have cross-entropy with weights. Other classes: absolute error, weights
    ignored.
    """

    title = "DaCapo 0.3"

    lsds_to_affs_weight_ratio: float = parameter(1.0, doc="Weight of the descriptors' term.", minimum=0)

    def terms(self, channels: Sequence[Channel]) -> tuple[Term, ...]:
        """A term for each kind of channels."""

        def of(*kinds: str) -> tuple[int, ...]:
            return tuple(i for i, channel in enumerate(channels) if channel.kind in kinds)

        affinities, descriptors = of("affinity"), of("descriptor")
        distances, classes = of("signed distance", "distance"), of("one-hot")
        others = tuple(sorted({*range(len(channels))} - {*affinities, *descriptors, *distances, *classes}))
        terms = [
            Term(affinities, "cross entropy", int(bool(descriptors))),
            Term(descriptors, "squared error", 1, self.lsds_to_affs_weight_ratio),
            Term(distances, "squared error", 2),
            Term(classes, "cross entropy") if distances else Term(classes, "absolute error", 0),
            Term(others, "absolute error", 0),
        ]
        return tuple(term for term in terms if term.channels)


LOSSES: Extensions[type[Loss]] = derived_from(
    Loss,
    noun="loss",
    group="predictor_inspector.losses",
    built_in={
        "bce": f"{__name__}:CrossEntropy",
        "mse": f"{__name__}:SquaredError",
        "mae": f"{__name__}:AbsoluteError",
        "dacapo": f"{__name__}:DaCapoLoss",
    },
)


def chosen_loss(kind: str | None = None, values: Sequence[str] = ()) -> Loss:
    """A command's loss, by default DaCapo's; `values` are ``key=value`` with the value in YAML.

    A ``ValueError`` if something is unknown.
    """
    return made_from_config(LOSSES, {"kind": kind or "dacapo", **parsed_values(values, "--loss")})
