"""Lessons run without a window, and their notebooks hold what their pages do."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from predictor_inspector.core import AffinitiesPredictor
from predictor_inspector.data import faulty_cells
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import find

SCRIPT = Path(__file__).parents[1] / "scripts" / "docs_lessons.py"
WINDOWS = ("napari", "qtpy", "PyQt6", "PySide6", "magicgui", "superqt", "vispy")

LESSON = """# Title

{{ notebook }}

```python
twice = 2 * 21
print("it is")
twice
```

See [data](../data.md#memory) and [this](weights.md).

<details markdown="1">
<summary>Answer</summary>

```python
twice / 2
```

</details>

```python
import matplotlib.pyplot as plt
_ = plt.plot([1, 2])
```
"""


@pytest.fixture(scope="module")
def lessons() -> Any:
    spec = importlib.util.spec_from_file_location("docs_lessons", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_all_lessons_run_where_there_is_neither_napari_nor_qt() -> None:
    code = f"""
import sys
sys.modules.update(dict.fromkeys({WINDOWS}))
sys.path.insert(0, {str(SCRIPT.parent)!r})
import docs_lessons
for name, markdown in docs_lessons.lessons().items():
    outputs = docs_lessons.run(name, markdown)
    print(name, sum(len(output.pngs) for output in outputs), flush=True)
"""
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    pictures = dict(line.split() for line in ran.stdout.splitlines())
    assert len(pictures) == 7
    assert all(int(number) >= 2 for number in pictures.values())


def test_the_seven_bugs_are_found_as_their_lesson_says() -> None:
    usual = ["context-outside-data", "truncated-object", "zero-weight"]
    predictor = AffinitiesPredictor([[0, 1], [1, 0]], lsds=False)
    found = {}
    for name, crop in faulty_cells().items():
        inspection = inspect(predictor, crop.labels, mask=crop.annotated, raw=crop.raw, device="cpu")
        found[name] = sorted({finding.id for finding in find(inspection, ignore=usual)})
    assert found == {
        "A": ["raw-misaligned"],
        "B": ["split-object"],
        "C": ["unlabelled-object"],
        "D": ["holes"],
        "E": ["mask-not-binary"],
        "F": ["ignore-id"],
        "G": ["slivers", "small-object", "split-object"],
    }


def test_a_cell_shows_what_is_printed_its_last_value_and_figures(lessons: Any) -> None:
    first, answer, last = lessons.run("made", LESSON)
    assert first.printed == "it is\n42\n"
    assert answer.printed == "21.0\n"
    assert last.printed == ""
    (picture,) = last.pngs
    assert picture.startswith(b"\x89PNG")


def test_a_page_has_results_beneath_its_cells(lessons: Any) -> None:
    page = lessons.lesson_page("made", LESSON)
    assert "twice\n```\n\n```text\nit is\n42\n```\n" in page
    assert "![What the cell shows](made-3a.png)" in page
    assert "<summary>What the cell shows</summary>" not in page
    asked = lessons.lesson_page(
        "asked", LESSON.replace("See [data]", "**Question.** Why?\n\n```python\n7\n```\n\nSee [data]")
    )
    assert (
        "```python\n7\n```\n\n"
        '<details markdown="1">\n<summary>What the cell shows</summary>\n\n```text\n7\n```\n\n</details>\n'
    ) in asked
    assert "(made.ipynb)" in page


def test_a_notebook_has_cells_without_results_and_links_that_lead_somewhere(lessons: Any) -> None:
    made = nbformat.reads(lessons.notebook(LESSON), 4)
    kinds = [cell.cell_type for cell in made.cells]
    assert kinds == ["markdown", "code", "code", "markdown", "code"]
    assert made.cells[1].source.startswith("# Once")
    assert made.cells[2].source == 'twice = 2 * 21\nprint("it is")\ntwice'
    assert made.cells[2].outputs == []
    text = made.cells[3].source
    assert "```python\ntwice / 2\n```" in text
    assert re.findall(r"\]\((.*?)\)", text) == [
        "https://github.com/napari-predictor-inspector/napari-predictor-inspector/blob/main/docs/data.md#memory",
        "https://github.com/napari-predictor-inspector/napari-predictor-inspector/blob/main/docs/lessons/weights.md",
    ]
    assert lessons.notebook(LESSON) == lessons.notebook(LESSON)


def test_a_cell_that_fails_says_which_it_is(lessons: Any) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        lessons.run("made", "```python\n1 / 0\n```\n")
    assert raised.traceback[-1].path == "made, cell 1"
