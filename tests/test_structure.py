"""The source's own rules that no other tool checks."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "predictor_inspector"
MOST_LETTERS = 90


@cache
def modules() -> dict[str, ast.Module]:
    """The source's modules, by their places."""
    return {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}


def test_a_class_name_exists_once() -> None:
    classes = Counter(
        node.name for tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, number in classes.items() if number > 1] == []


def test_modules_say_in_a_short_line_what_they_are() -> None:
    lines = {module: (ast.get_docstring(tree) or "").partition("\n")[0] for module, tree in modules().items()}
    assert {module: line for module, line in lines.items() if not 0 < len(line) <= MOST_LETTERS} == {}


def test_tests_and_scripts_use_no_private_names_of_the_dock() -> None:
    private = set()
    for module, tree in modules().items():
        if module.startswith("plugin/"):
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.ctx, ast.Store)
                    and re.match("_[a-z]", node.attr)
                ):
                    private.add(node.attr)
                elif isinstance(node, ast.ClassDef):
                    private |= {
                        f.name for f in node.body if isinstance(f, ast.FunctionDef) and re.match("_[a-z]", f.name)
                    }
    used = []
    for path in [*(ROOT / "tests" / "plugin").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in private and ast.unparse(node.value) != "self":
                used.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    assert used == []


def test_the_reference_names_what_there_is() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    names = re.findall(r"^::: (\S+)$", pages, re.MULTILINE)
    assert names
    for name in names:
        assert resolve_name(name) is not None
