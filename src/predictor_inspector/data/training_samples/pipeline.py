"""Training pipelines: found by name, called, iterated, and their errors told."""

from __future__ import annotations

import importlib
import re
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from predictor_inspector.core.import_path import found_in, module_at, parted

_NOT_THEIRS = (*(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")), str(Path(__file__).parents[2]))


def load(path: str) -> Any:
    """What ``module:name`` or ``path/to/file.py:name`` is; for workers that are spawned, too."""
    place, name = parted(path)
    return found_in(module_at(place, stays=True), name)


def called(found: Any) -> Any:
    """What a function or class makes without arguments; anything else as it is."""
    is_made = hasattr(found, "__iter__") or hasattr(found, "__getitem__")
    return found() if isinstance(found, type) or (callable(found) and not is_made) else found


def items_of(made: Any, opened: ExitStack) -> tuple[Iterator[Any], bool]:
    """Item after item of anything that gives some, and whether those are batches."""
    if isinstance(made, tuple) and len(made) == 2 and hasattr(made[0], "request_batch"):
        pipeline, request = made
        opened.enter_context(importlib.import_module("gunpowder").build(pipeline))
        return _batches(pipeline, request), False
    if hasattr(made, "request_batch"):
        raise ValueError("a gunpowder pipeline needs a request: return (pipeline, request)")
    if isinstance(made, (str, bytes, dict)) or not (hasattr(made, "__iter__") or hasattr(made, "__getitem__")):
        raise ValueError(
            f"it must return an iterator, a Dataset, a DataLoader or (pipeline, request) of gunpowder, "
            f"got {type(made).__module__}.{type(made).__name__}"
        )
    # DataLoader by its attributes: other packages have ones that aren't torch's.
    batched = hasattr(made, "batch_sampler") and hasattr(made, "dataset") and made.batch_sampler is not None
    if hasattr(made, "__getitem__") and hasattr(made, "__len__") and not batched:
        return (made[n] for n in range(len(made))), False
    return iter(made), batched


def _batches(pipeline: Any, request: Any) -> Iterator[Any]:
    while True:
        yield pipeline.request_batch(request)


def last_line(error: BaseException) -> str:
    """The last line of an error; of one that tells another one's traceback, as of a worker, that other's."""
    lines = str(error).splitlines()
    begins = [n for n, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    if begins:
        told = [line for line in lines[begins[-1] + 1 :] if line.strip() and not line.startswith(" ")]
        if told:
            return told[0]
    if isinstance(error, ValueError) and not place_of(error):
        return " ".join(str(error).split())  # ours
    return " ".join("".join(traceback.format_exception_only(error)).split())


def place_of(error: BaseException) -> str:
    """The last line of the pipeline's own code that an error went through: ``"train.py, line 12, in load"``."""
    frames = [(f.filename, f.lineno, f.name) for f in traceback.extract_tb(error.__traceback__)]
    frames += [(file, int(n), name) for file, n, name in re.findall(r'File "(.+)", line (\d+), in (\S+)', str(error))]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append((error.filename, error.lineno, "<module>"))
    theirs = [frame for frame in frames if not frame[0].startswith(("<", *_NOT_THEIRS))]
    if not theirs:
        return ""
    file, line, name = theirs[-1]
    return f"{Path(file).name}, line {line}" + (f", in {name}" if not name.startswith("<") else "")
