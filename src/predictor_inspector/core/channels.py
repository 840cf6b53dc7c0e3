"""Channel descriptions: name, kind, range, colour, and the parameters that shape each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Channel:
    """What one channel of a target means; limits, colours, findings and explanations are made from this alone.

    Attributes
    ----------
    name : str
        Unique within its target. The rest is optional.
    kind : str
        What the value is, or ``""``; other packages may use words of their own.

        - ``"affinity"``: 1 where a voxel and the one at `offset` are of the same object, else 0
        - ``"signed distance"``: tanh of the distance to the nearest boundary, negative on background
        - ``"distance"``: the same inside objects, 0 on background
        - ``"boundary"``: 1 where another id lies within a few voxels, else 0
        - ``"flow"``: of a unit vector towards an object's centre, the part along one axis; 0 on background
        - ``"depth"``: the distance to the nearest voxel of another id as a share of the largest in the object; 0 on background
        - ``"ray"``: voxels to where the object ends in one direction in 2-D; 0 on background
        - ``"ray 3-D"``: the same in 3-D
        - ``"one-hot"``: 1 where a voxel is of a class, else 0
        - ``"descriptor"``: a local shape descriptor; `group` says which: ``"mean offset"``, ``"variance"``, ``"pearson"``
          or ``"size"``, each with its channels in the order of the axes
        - ``"constant"``: the same everywhere
    minimum, maximum : float
        The range of target values.
    offset : tuple of int
        Of an affinity: voxels to the partner, one number per spatial axis.
    roles : mapping of str to str
        The predictor's parameter for each role; see `Predictor.value_of`.

        - ``"clipmin"``, ``"clipmax"``: least and largest share of the voxels that a class counts as when weights are balanced
        - ``"mask"``: switch that takes the weight of values which depend on what is not annotated
        - ``"epsilon"``: of that mask: how much nearer than its boundary a distance's unknown voxels may be
        - ``"threshold"``: of that mask: the target from which on unknown voxels are far enough
        - ``"scale"``: length that a distance is divided by before tanh
        - ``"window"``: σ of a descriptor's Gaussian, in voxels along the axis with the largest ones
        - ``"downsampling"``: d, where a descriptor is computed on every d-th voxel
        - ``"offsets"``: all offsets of affinities
        - ``"background"``: switch that makes background, id 0, one more object
        - ``"erosion"``: by how many voxels objects are eroded first
        - ``"erosion in planes"``: whether only along the last two axes
        - ``"thickness"``: of a boundary: voxels on either side of where ids change, a number or one for each axis
        - ``"mode"``: whether it lies on objects, on background or on both: ``"inner"``, ``"outer"`` or ``"thick"``
        - ``"connectivity"``: what neighbouring voxels share at least: ``"faces"``, ``"edges"`` or ``"corners"``
        - ``"with background"``: switch that gives objects a boundary with background, too
        - ``"iterations"``: how often heat spreads, or None
        - ``"size"``: the length along any axis that no object exceeds
        - ``"rays"``: how many rays there are
        - ``"ignore"``: the id of voxels that are of no class and have no weight, or None
        - ``"classes"``: names of the classes: by `label`, or by `source` where that is None
    group : str
        Channels of one group can be seen together, blended into one RGB view; ``""``: with no others.
    colour : str
        ``"#rrggbb"`` in such views, or ``""`` for one that tells it apart from its neighbours.
    source : int
        The ground truth's channel that it is made from.
    mask_channel : int
        The mask's channel that says where it is annotated, if the mask has several.
    label : int or None
        Of a class: the id of its voxels. None: ids stand for objects, or don't matter.
    row : int or None
        The row of the class counts by which its weights are balanced; channels of one row share their weight. None: not
        balanced, or not by `ClassCounts`.
    """

    name: str
    kind: str = ""
    minimum: float = 0.0
    maximum: float = 1.0
    offset: tuple[int, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)
    group: str = ""
    colour: str = ""
    source: int = 0
    mask_channel: int = 0
    label: int | None = None
    row: int | None = None

    @property
    def signed(self) -> bool:
        """Whether values may be negative."""
        return self.minimum < 0

    @property
    def is_binary(self) -> bool:
        """Whether it is 1 or 0: of a kind that says yes or no."""
        return self.kind in ("affinity", "boundary", "one-hot")

    @property
    def is_distance(self) -> bool:
        """Whether it is a distance to boundaries, signed or not."""
        return self.kind in ("signed distance", "distance")
