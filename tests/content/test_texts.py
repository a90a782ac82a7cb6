"""What people read of a lab can be shown to every student, everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from graders import settings
from graders.cli.brief import show_brief
from graders.course.lab import all_labs
from graders.course.templates import names
from graders.course.vocabulary import vocabulary
from graders.course.walkthrough import read_walkthrough
from graders.grading.hints import render
from graders.plan.plan import make_plan
from graders.settings import HOSTS, KIND
from graders.site.diagnostics import Diagnostics
from graders.site.fragments import read_piece
from graders.site.plan_placeholders import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.lab import Lab
    from graders.plan.plan import Plan

LABS = all_labs()
PLANS = [make_plan(), make_plan("ada")]
# What a lab on hosts has not: docker in any words, kind where it is typed.
ENGINE = re.compile(
    r"(?i:\bdocker\b.*)|(?:^|[`|&;(]) *kind\b(?![-:]).*", re.MULTILINE
)

each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
each_plan = pytest.mark.parametrize("plan", PLANS, ids=["demo", "ada"])
each_where = pytest.mark.parametrize("where", [KIND, HOSTS])


def _told(lab: Lab, values: dict[str, Any]) -> Iterator[str]:
    """Yield what a student may read: brief, hints, file for answers."""
    for path in (lab.folder / "README.md", lab.folder / "answers.yml.j2"):
        if path.is_file():
            yield render(path.read_text(encoding="utf-8"), values)
    for ladders in (lab.hints, *(v.hints for v in lab.variants.values())):
        for ladder in ladders.values():
            yield from (render(rung, values) for rung in ladder)


@each_where
def test_names(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """They are the plan's, and the words of the environment's provider."""
    monkeypatch.setenv("CLUSTER", where)
    plan = PLANS[0].as_vars()

    assert names(PLANS[0]) == plan | vocabulary(where, plan)
    assert names(PLANS[0], HOSTS) == plan | vocabulary(HOSTS, plan)


@each_where
@each_plan
def test_walkthroughs_can_be_typed(plan: Plan, where: str) -> None:
    """Every name in them is one of the plan's."""
    for path in sorted(settings.SOLUTIONS.rglob("*.md")):
        assert read_walkthrough(path, names(plan, where)).blocks


@each_where
@each_plan
@each_lab
def test_brief_and_hints_can_be_shown(
    lab: Lab, plan: Plan, where: str
) -> None:
    """Every name in them is one of the plan's, and none is left over."""
    for text in _told(lab, names(plan, where)):
        assert "{{ " not in text
        assert "{% " not in text


@each_lab
def test_on_hosts_nobody_is_sent_to_an_engine(lab: Lab) -> None:
    """No brief, hint or walkthrough there is about docker, or types kind."""
    # demo's own network is called kind.
    values = names(PLANS[1], HOSTS)
    texts = [*_told(lab, values), lab.title]
    for path in sorted((settings.SOLUTIONS / lab.id).rglob("*.md")):
        for block in read_walkthrough(path, values).blocks:
            texts += block.lines

    assert [hit[0] for text in texts for hit in ENGINE.finditer(text)] == []


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
    show_brief(PLANS[0], LABS[0])

    assert typed in capsys.readouterr().out


def test_the_site_has_the_briefs_for_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever the lab of the one who builds it stands."""
    monkeypatch.setenv("CLUSTER", HOSTS)
    brief = read_piece(LABS[0].folder / "README.md", template=True)
    problems = Diagnostics()
    text = numbered(brief, problems)

    assert problems.found == []
    assert "kind get clusters" in text
    assert "k config get-contexts" not in text
    assert text.count("\n") == brief.text.count("\n")


@each_lab
def test_on_kind_docker_is_asked(lab: Lab) -> None:
    """The pattern of the test above finds what it should."""
    told = "\n".join(_told(lab, names(PLANS[1], KIND)))

    assert (ENGINE.search(told) is not None) == (lab.number in {0, 1, 3, 5})


def test_a_condition_is_on_one_line() -> None:
    """So a line has the same number before and after it is rendered."""
    briefs = [lab.folder / "README.md" for lab in LABS]
    for path in [*briefs, *settings.SOLUTIONS.rglob("*.md")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line.count("{% if ") == line.count("{% endif %}"), path


@each_lab
def test_a_brief_names_every_check_but_two(lab: Lab) -> None:
    """A student can read what is graded before it is."""
    brief = (lab.folder / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", brief, re.MULTILINE))

    assert set(lab.checks) - named <= {"reservation", "password_kept"}
    assert named <= set(lab.checks)


@each_lab
def test_a_brief_does_not_name_its_variants(lab: Lab) -> None:
    """One brief serves them all and gives none away."""
    brief = (lab.folder / "README.md").read_text(encoding="utf-8")

    assert [name for name in lab.variants if f"`{name}`" in brief] == []
