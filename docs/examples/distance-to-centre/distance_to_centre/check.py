"""A check: whether objects are larger than the radius says."""

from collections.abc import Iterator

from predictor_inspector.inspection.findings import Finding, Kind, Subject, check

BEYOND = Kind(
    "beyond-radius",
    "Parts of an object are farther from its centre than the radius; their target is 0, as on background.",
    "Choose a radius of half the size of the largest object.",
)


@check(BEYOND)
def beyond_radius(subject: Subject) -> Iterator[Finding]:
    """A warning if any voxel of an object has target 0."""
    for target, channel in zip(subject.target, subject.inspection.channels, strict=True):
        if channel.kind == "nearness":
            far = (subject.labels[0][subject.kept] > 0) & (target == 0)
            if far.any():
                message = f"{far.sum()} voxels of objects are farther from the centre than radius."
                yield subject.finding(BEYOND, "warning", message, channels=[channel.name], where=far)
