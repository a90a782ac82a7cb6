"""The public names that grader files import."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING

import pytest

from graders import checks
from graders.course.lab import all_labs

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = [
    name for name, it in vars(checks).items() if inspect.isfunction(it)
]
ALLOWED = {
    *("__future__", "collections.abc", "concurrent.futures", "contextlib"),
    *("functools", "random"),
    *("graders.checks", "itertools", "time", "typing"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples(name: str) -> None:
    """An author finds an example in each docstring, and it is valid Python."""
    text = inspect.getdoc(vars(checks)[name]) or ""
    _, example, rest = text.partition("Example:\n")

    assert example, f"the docstring of {name} must have an example"
    ast.parse(textwrap.dedent(rest.partition("\nRaises:")[0]))


@pytest.mark.parametrize(
    "file", [lab.grader_file for lab in all_labs()], ids=lambda file: file.stem
)
def test_imports_of_grader_files(file: Path) -> None:
    """One import from the kit is enough for a grader file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }

    assert imported <= ALLOWED
