"""`Predictor`: ground truth to targets and weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.array_types import ArrayType, DistanceArray, ProbabilityArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.drawn import drawing
from predictor_inspector.core.html import html_facts, html_titled
from predictor_inspector.core.parameters import parameter_rows, parameters_of

if TYPE_CHECKING:
    from predictor_inspector.core.model import Architecture, Model
    from predictor_inspector.core.result_cache import ResultCache


class Spec(Protocol):
    """What a predictor needs of a spec: our own `ArraySpec` has it, and gunpowder's ArraySpec too."""

    roi: Roi
    voxel_size: Coordinate

    def copy(self) -> Self:
        """An independent copy of the same type."""
        ...


SpecT = TypeVar("SpecT", bound=Spec)


class Predictor(ABC):
    """Turns ground truth into what a network is trained on.

    Subclasses are frozen dataclasses whose fields are the predictor's parameters (see `parameter`). They hold no other
    state: the same input gives the same numbers, and work happens on the device on which the ground truth lies.

    The context guarantee: a target computed from the ground truth in ``gt_region_for_roi(spec).roi`` and cropped to
    ``spec.roi`` differs by at most `context_tolerance` from one computed from unlimited ground truth.

    `presets` are named sets of parameter values to start from.
    """

    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    bytes_per_context_voxel: ClassVar[int] = 40
    """What it works with at most per voxel of ground truth, beside the labels, for estimates of memory. Measured."""
    context_tolerance: Any = 0.0

    def __post_init__(self) -> None:
        for parameter in parameters_of(type(self)):
            parameter.check(type(self).__name__, getattr(self, parameter.name))

    @abstractmethod
    def create_model(self, architecture: Architecture) -> Model:
        """A model whose head has exactly the target's channels, on top of `architecture`."""

    @abstractmethod
    def create_target(self, gt: Array) -> Array:
        """The target on the whole of ``gt.roi``: float32, [C, …spatial axes], on the device of `gt`.

        `gt` is integer ground truth in ``gt_region_for_roi(spec).roi``; crop the result to ``spec.roi``. Here and as a mask,
        our predictors take other packages' arrays, too, see `as_array`.
        """

    @abstractmethod
    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: Any = None
    ) -> tuple[Array, Any]:
        """The weight of every value in `target` for the loss, and the class counts to hand to the next call.

        Parameters
        ----------
        gt : Array
            The ground truth that `target` was made from; may reach beyond it.
        target : Array
            What `create_target` returned, or a crop of it. Classes are balanced over ``target.roi``.
        mask : Array, optional
            Non-zero where `gt` is annotated, on the same grid; may reach beyond `target`, and what it doesn't cover is
            not annotated. Without a channel axis it holds for every channel. None: annotated everywhere.
        moving_class_counts : object, optional
            What an earlier call returned, not modified; None starts afresh.

        Returns
        -------
        weight : Array
            float32, shape and ROI of `target`.
        moving_class_counts : object
            The counts so far, this call included.
        """

    @property
    @abstractmethod
    def output_array_type(self) -> ArrayType:
        """What the target's channels are."""

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        """The ground truth needed for the target in ``target_spec.roi``: the same ROI, unless a subclass needs context.

        What gunpowder's specs say of the target's values, `dtype` and `interpolatable`, isn't asked of the ground truth's:
        it is None in what comes back. ``ValueError`` if the ROI or the voxel size is missing.
        """
        for name in ("roi", "voxel_size"):
            if getattr(target_spec, name) is None:
                raise ValueError(
                    f"target_spec must have a {name}, got None; in a gunpowder node, take it from the ground truth's "
                    f"spec or the request: target_spec.{name} = …"
                )
        spec = target_spec.copy()
        for name in ("dtype", "interpolatable"):
            if getattr(spec, name, None) is not None:
                setattr(spec, name, None)
        return spec

    def padding(self, gt_voxel_size: Iterable[int], subdivision: int = 1) -> Coordinate:
        """The most that `gt_region_for_roi` grows a ROI by on any side, per axis: a multiple of the voxel size.

        Both are in counts of 1/`subdivision` of the unit.
        """
        voxel_size = Coordinate(gt_voxel_size)
        roi = Roi((0,) * voxel_size.dims, voxel_size)
        region = self.gt_region_for_roi(ArraySpec(roi, voxel_size, subdivision=subdivision)).roi
        return Coordinate(
            max(low, high) for low, high in zip(roi.begin - region.begin, region.end - roi.end, strict=True)
        )

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """``create_target(gt)[roi]``; a subclass may leave out what lies outside `roi`, and use the cache."""
        return self.create_target(gt)[roi]

    def weight_in(
        self,
        gt: Array,
        target: Array,
        mask: Array | None = None,
        moving_class_counts: Any = None,
        cache: ResultCache | None = None,
    ) -> tuple[Array, Any]:
        """`create_weight`; a subclass may use the cache."""
        return self.create_weight(gt, target, mask, moving_class_counts)

    def positive(self, target: torch.Tensor) -> torch.Tensor:
        """Which values of a target, [C, …], stand for the positive class of their channel when weights are balanced."""
        return target > 0

    def show(self, gt: Array | None = None, roi: Roi | None = None, mask: Array | None = None, raw: Any = None) -> Any:
        """A widget for notebooks: this predictor's target and weight, with its parameters to move.

        It shows ground truth that is small enough to be computed while the hand moves, by default a made sample; see
        `predictor_inspector.inspection.output.notebook.show`.
        """
        return drawing("show")(self, gt, roi, mask, raw)

    def _repr_html_(self) -> str:
        return html_titled(type(self).__name__, html_facts(parameter_rows(self)))

    def coarser(self) -> Predictor | None:
        """A predictor for previews: a similar target in much less time. None if there is none."""
        return None

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """What the target's channels are, in order; by default only what `output_array_type` says.

        `axes` names the ground truth's spatial axes, slowest first, for channels named after them such as ``"aff z+1"``;
        by default the last of ``z, y, x``.
        """
        meaning = self.output_array_type
        lowest = -1.0 if isinstance(meaning, DistanceArray) else getattr(meaning, "minimum", 0.0)
        highest = getattr(meaning, "maximum", 1.0)
        group = "classes" if isinstance(meaning, ProbabilityArray) else ""
        return tuple(
            Channel(name, "", lowest, highest, group=group, mask_channel=i)
            for i, name in enumerate(meaning.channel_names)
        )

    @property
    def channel_names(self) -> tuple[str, ...]:
        """One name per channel of the target, with axes called z, y, x; see `describe_channels`."""
        return tuple(channel.name for channel in self.describe_channels())

    def value_of(self, channel: Channel, role: str, default: Any = None) -> Any:
        """The value of the parameter that plays a role for a channel, `default` if none does."""
        name = channel.roles.get(role)
        return default if name is None else getattr(self, name)

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        """Starting values that suit `gt`, for the required parameters at least."""
        return {}
