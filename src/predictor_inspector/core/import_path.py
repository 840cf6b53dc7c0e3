"""Import paths: what ``package.module:name`` or ``path/to/file.py:name`` leads to."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from predictor_inspector.core.registry import nearest


def parted(path: str) -> tuple[str, str]:
    """Module, or Python file, and name of a path; ``ValueError`` if it isn't one."""
    place, _, name = path.rpartition(":")
    if not place or not name:
        raise ValueError(f"an import path is module:name or path/to/file.py:name, got {path!r}")
    return place, name


def module_at(place: str, stays: bool = False) -> ModuleType:
    """The module, or that in a Python file, which is run anew; what lies beside it can be imported.

    A module may lie in the working directory. If it `stays`, processes that are spawned can import a file's module by its
    name. Raises a ``FileNotFoundError`` if there is no such file, and whatever the module's code does.
    """
    is_file = place.endswith(".py")
    file = Path(place).expanduser().resolve()
    if is_file and not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    folder = str(file.parent if is_file else Path.cwd())
    sys.path.insert(0, folder)
    try:
        if not is_file:
            return importlib.import_module(place)
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        if stays:
            sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        return module
    finally:
        if not stays:
            sys.path.remove(folder)


def found_in(module: ModuleType, name: str) -> Any:
    """What a module calls so, dots for attributes; ``ValueError`` if there is no such thing."""
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            place = getattr(module, "__file__", None) or module.__name__
            own = [n for n, v in vars(module).items() if getattr(v, "__module__", module.__name__) == module.__name__]
            raise ValueError(f"{place} has no {part!r}{nearest(part, [n for n in own if not n.startswith('_')])}")
        found = getattr(found, part)
    return found
