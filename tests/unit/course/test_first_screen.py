"""The brief in short: what a student needs to begin, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.first_screen import ROWS, first_screen
from graders.course.lab import all_labs, load_lab
from graders.course.rules.texts import brief_text
from graders.course.templates import names
from graders.plan.plan import make_plan
from graders.settings import HOSTS, KIND

if TYPE_CHECKING:
    from graders.course.lab import Lab

PLAN = make_plan("a" * 20)
BRIEF = """\
# A lab

## The story

`web` is
**down**.

## What is wanted

It answers.

## What is known

```text
client -> router -> pod
```

## What must stay as it is, and why

- **The pool.**
  Others have it.
- **The router**, which is old.

## Commands worth typing

```text
k get svc
k get pods
k get nodes
```
"""


@pytest.mark.parametrize("where", [KIND, HOSTS])
@pytest.mark.parametrize("lab", all_labs(), ids=str)
def test_each_lab_fits(lab: Lab, where: str) -> None:
    """All parts are there, in a terminal of 80x24 with its prompt."""
    brief = brief_text(lab, names(PLAN, where))

    lines = first_screen(lab, brief, PLAN.student)

    assert len(lines) <= ROWS
    assert max(map(len, lines)) <= 80
    assert len("".join(lines[2 : lines.index("", 2)])) > 100
    labels = [line[:14].rstrip() for line in lines if line[:1].strip()]
    assert labels[-5:] == [
        *("Wanted", "Keep as it is", "Begin with", "Read on", "Then")
    ]
    text = "\n".join(lines)
    assert "`" not in text
    assert "**" not in text


def test_parts() -> None:
    """They are the brief's own words; of the rules, those in bold."""
    lines = first_screen(load_lab("1"), BRIEF, "ada")

    assert lines[1:9] == [
        "",
        "web is down.",
        "",
        "Wanted        It answers.",
        "Keep as it is The pool. The router.",
        "Begin with    .venv/bin/lab shell",
        "              k get svc",
        "              k get pods",
    ]


def test_without_parts() -> None:
    """What a brief does not have is left out."""
    lines = first_screen(load_lab("1"), "# A lab\n\nNothing.\n", "ada")

    assert "Nothing." not in "\n".join(lines)
    assert "Begin with    .venv/bin/lab shell" in lines
    assert not any(line.startswith(("Wanted", "Keep")) for line in lines)
