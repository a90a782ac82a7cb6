"""The checkers that `scripts/bench --compare` compares the kit with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import all_labs
from graders.course.templates import names, render
from graders.plan.plan import make_plan
from graders.settings import KIND, ROOT

if TYPE_CHECKING:
    from graders.course.lab import Lab

FOLDER: Final = ROOT / "scripts" / "templates" / "usual-checker"


@pytest.mark.parametrize("lab", all_labs(), ids=lambda lab: str(lab.number))
def test_each_lab_has_one(lab: Lab) -> None:
    """Its names are the plan's, and bash can read it."""
    file = FOLDER / f"lab-{lab.number}.sh.j2"
    text = file.read_text(encoding="utf-8")

    script = render(text, names(make_plan(), KIND))

    done = subprocess.run(
        ["bash", "-n"],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    assert "sleep " in script, "the usual kind waits for a fixed time"
