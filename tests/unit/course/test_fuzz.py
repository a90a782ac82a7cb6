"""No file of an author or a class ends a command with a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.course.lab import read_lab
from graders.course.quiz import load_quiz
from graders.course.templates import names
from graders.course.walkthrough import has_blocks, read_head, read_walkthrough
from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.proof.bench import load_figures
from graders.settings import ROOT
from tests.fuzzing import FUZZ, damaged, read

if TYPE_CHECKING:
    from collections.abc import Callable

TOY = Path(__file__).parents[2] / "toy" / "lab-9-toy"
NAMES = names(make_plan(), "kind")
SOLUTION = """\
---
variant: no-pool
refused-by: vip
---

# A repair

```shell
kubectl get nodes
```

```shell router may-fail
vtysh -c 'show run'
```
"""
ALIASES = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
YAML = (
    *("!!timestamp x", "!!int ''", "!!bool x", "!!float x", "!!binary x"),
    *(
        "? [a]\n: b",
        "a: 0x" + "f" * 9000,
        "<<: [1]",
        "[" * 3000,
        "a: 2026-13-45",
    ),
    *(
        "%YAML 9.9\n---\n",
        "--- a\n--- b\n",
        "a: 1\na: 2",
        "\ufeffa: 1",
        ALIASES,
    ),
)


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _walkthrough(file: Path) -> None:
    """Read all parts of a solution, as far as they can be."""
    for part in (
        read_head,
        has_blocks,
        lambda it: read_walkthrough(it, NAMES),
    ):
        read(lambda part=part: part(file))  # type: ignore[misc]


READERS: dict[str, tuple[Callable[[Path], object], st.SearchStrategy[str]]] = {
    "quiz": (load_quiz, damaged(_text("docs/quiz.yml")[:3000], *YAML)),
    "figures": (load_figures, damaged(_text("docs/bench.json")[:2000])),
    "solution": (_walkthrough, damaged(SOLUTION)),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@FUZZ
def test_files(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """A file is right, or all that is wrong with it is told."""
    reader, texts = READERS[name]
    file = tmp_path / "file.md"
    text = data.draw(texts)
    file.write_text(text, encoding="utf-8", errors="surrogateescape")

    read(lambda: reader(file))


@given(text=damaged((TOY / "lab.yml").read_text(encoding="utf-8"), *YAML))
@FUZZ
def test_labs(tmp_path: Path, text: str) -> None:
    """So is a lab.yml."""
    folder = tmp_path / TOY.name
    shutil.copytree(TOY, folder, dirs_exist_ok=True)
    (folder / "lab.yml").write_text(
        text, encoding="utf-8", errors="surrogateescape"
    )

    read(lambda: read_lab(folder))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (ALIASES, r"lab.yml:2 must be YAML: alias \*a must be written out"),
        ("a: " + "x" * 65536, "must be a readable file: it is larger than 64"),
    ],
)
def test_limits(tmp_path: Path, text: str, rule: str) -> None:
    """Neither aliases nor large files are read."""
    (tmp_path / "lab.yml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=rule):
        read_lab(tmp_path)
