"""Data sets as text: tables of crops, classes and draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from predictor_inspector.core.text import amount, counted, format_shape, format_table, percent
from predictor_inspector.data.dataset import CropFacts
from predictor_inspector.inspection.dataset import Draws

_MOST = 20  # lines of a table of draws, those of what is seen least


def crop_row(facts: CropFacts) -> tuple[str, ...]:
    """A crop in cells: name, split, voxel size with its unit, size, classes, foreground."""
    grid = facts.grid
    if grid is None:
        return facts.name, facts.split, "can't be read", "", "", ""
    stored = [found for found in facts.classes if found.stored]
    classes = len([found for found in stored if found.known is None or found.known > 0])
    return (
        facts.name,
        facts.split,
        grid.voxel_size_text,
        format_shape(grid.shape),
        f"{classes:,}" if len(facts.classes) == len(stored) else f"{classes:,} of {len(facts.classes):,}",
        "" if facts.foreground is None else percent(facts.foreground),
    )


CROP_TITLES = ("CROP", "SPLIT", "VOXEL SIZE", "SIZE", "CLASSES", "FOREGROUND")


def describe_crops(facts: Sequence[CropFacts]) -> str:
    """A line for each crop, with a header, and one for all of them; then what can't be read, and why."""
    table = format_table([CROP_TITLES, *map(crop_row, facts)], right=[5])
    splits = Counter(crop.split or "not split" for crop in facts)
    parts = ", ".join(f"{number:,} {split}" for split, number in splits.items())
    voxels = sum(crop.voxels for crop in facts)
    problems = [f"{crop.name} can't be read: {crop.problem}" for crop in facts if crop.problem]
    return "\n".join([table, "", f"{counted(len(facts), 'crop')} ({parts}), {counted(voxels, 'voxel')}", *problems])


def describe_classes(facts: Sequence[CropFacts]) -> str:
    """A line for each class, with a header: in how many crops it is annotated and there, its share and its objects."""
    rows = [("CLASS", "ANNOTATED IN", "PRESENT IN", "VOXELS", "OF ANNOTATED", "OBJECTS")]
    for name in dict.fromkeys(found.name for crop in facts for found in crop.classes):
        found = [fact for crop in facts for fact in crop.classes if fact.name == name]
        annotated = [fact for fact in found if (fact.stored if fact.known is None else fact.known)]
        known, present = (sum(getattr(fact, key) or 0 for fact in found) for key in ("known", "present"))
        are_counted = any(fact.known is not None for fact in found)
        told = (
            f"{sum(bool(fact.present) for fact in found):,}",
            f"{present:,}",
            percent(present / known) if known else "",
            f"{sum(fact.objects or 0 for fact in found):,}",
        )
        rows.append((name, counted(len(annotated), "crop"), *(told if are_counted else ("",) * 4)))
    return format_table(rows, right=range(1, 6))


def describe_draws(draws: Draws) -> str:
    """How often crops, classes and objects are seen, the rarest first, and the weights in the end."""
    plan = draws.plan
    head = f"{counted(plan.steps, 'region')} of {format_shape(draws.size)} voxels, {plan.sampling} sampling"
    rarest = sorted(draws.crops.items(), key=lambda item: item[1])
    crops = [("CROP", "REGIONS"), *((name, f"{times:,}") for name, times in rarest[:_MOST])]
    classes = [("CLASS", "SEEN IN", "POSITIVE", "WEIGHT OF 0", "WEIGHT OF 1", "SETTLED AFTER")]
    for i, (name, times) in enumerate(draws.classes.items()):
        negative, positive = (amount(float(w), 3) for w in draws.weights[-1, i])
        cells = (counted(times, "region"), percent(draws.positive[name]), negative, positive)
        classes.append((name, *cells, counted(draws.settled[name], "region")))
    tables = [format_table(crops, right=[1]) + _and_more(len(rarest), "crop")]
    tables.append(format_table(classes, right=range(1, 6)))
    if draws.objects:
        objects = [("OBJECTS OF", "IN CROP", "NUMBER", "NEVER SEEN", "MEDIAN REGIONS")]
        for o in sorted(draws.objects, key=lambda o: (-o.never / o.objects, o.median))[:_MOST]:
            objects.append((o.of_class, o.crop, f"{o.objects:,}", f"{o.never:,}", amount(o.median)))
        tables.append(format_table(objects, right=[2, 3, 4]) + _and_more(len(draws.objects), "line"))
    left_out = [f"{name} is never drawn: {reason}" for name, reason in draws.left_out.items()]
    return "\n\n".join([head, *tables, *left_out])


def _and_more(number: int, noun: str) -> str:
    return f"\nand {counted(number - _MOST, noun)} more, seen more often" if number > _MOST else ""
