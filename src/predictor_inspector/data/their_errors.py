"""Errors of other people's code, in a sentence: their last line, and where they came from."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path

_NOT_THEIRS = (
    "<",
    "code/__torch__",  # what TorchScript has made of it
    *(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")),
    str(Path(__file__).parents[1]),
)


def last_line(error: BaseException) -> str:
    """The last line of an error; of one that tells another one's traceback, as of a worker, that other's."""
    lines = str(error).splitlines()
    begins = [n for n, line in enumerate(lines) if re.search(r"Traceback.*\(most recent call last\)", line)]
    if begins:
        told = [line for line in lines[begins[-1] + 1 :] if line.strip() and not line.startswith(" ")]
        if told:
            return told[0]
    if isinstance(error, ValueError) and not place_of(error):
        return " ".join(str(error).split())  # ours
    return " ".join("".join(traceback.format_exception_only(error)).split())


def place_of(error: BaseException) -> str:
    """The last line of other people's own code that an error went through: ``"train.py, line 12, in load"``."""
    frames = [(f.filename, f.lineno, f.name) for f in traceback.extract_tb(error.__traceback__)]
    frames += [(file, int(n), name) for file, n, name in re.findall(r'File "(.+)", line (\d+), in (\S+)', str(error))]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append((error.filename, error.lineno, "<module>"))
    theirs = [frame for frame in frames if not frame[0].startswith(_NOT_THEIRS)]
    if not theirs:
        return ""
    file, line, name = theirs[-1]
    return f"{Path(file).name}, line {line}" + (f", in {name}" if not name.startswith("<") else "")
