"""What people read of a lab is right for where it is."""

from __future__ import annotations

import pytest

from graders.cli.brief import show_brief
from graders.course.lab import all_labs
from graders.course.templates import names, vocabulary
from graders.plan.plan import make_plan
from graders.settings import HOSTS, KIND
from graders.site.fragments import Diagnostics, read_piece
from graders.site.plan_placeholders import numbered

LAB = all_labs()[0]
PLAN = make_plan()


@pytest.mark.parametrize("where", [KIND, HOSTS])
def test_names(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """They are the plan's, and the words of the environment's provider."""
    monkeypatch.setenv("CLUSTER", where)
    plan = PLAN.as_vars()

    assert names(PLAN) == plan | vocabulary(where, plan)
    assert names(PLAN, HOSTS) == plan | vocabulary(HOSTS, plan)


@pytest.mark.parametrize(
    ("where", "typed"),
    [(KIND, "kind get clusters"), (HOSTS, "k config get-contexts")],
)
def test_a_brief_is_for_where_the_lab_stands(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    where: str,
    typed: str,
) -> None:
    """`lab brief` goes by the environment."""
    monkeypatch.setenv("CLUSTER", where)
    show_brief(PLAN, LAB)

    assert typed in capsys.readouterr().out


def test_the_site_has_the_briefs_for_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever the lab of the one who builds it stands."""
    monkeypatch.setenv("CLUSTER", HOSTS)
    brief = read_piece(LAB.folder / "README.md", template=True)
    problems = Diagnostics()
    text = numbered(brief, problems)

    assert problems.problems == []
    assert "kind get clusters" in text
    assert "k config get-contexts" not in text
    assert text.count("\n") == brief.text.count("\n")
