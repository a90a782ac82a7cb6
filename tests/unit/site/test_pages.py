"""What pages are made of: fences, pictures, tables from the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from graders.course.lab import LabFile, Variant, all_labs
from graders.course.quiz import load_quiz
from graders.course.topology import topology
from graders.grading.result import CheckResult, GradeResult
from graders.plan.plan import make_plan
from graders.settings import ROOT
from graders.site import fences, plan_placeholders
from graders.site.check_pages import check_table, checks_of
from graders.site.fragments import (
    Diagnostics,
    Fragment,
    GeneratedPage,
    after_title,
)
from graders.site.pages import collect
from graders.site.quiz_page import quiz_page
from graders.site.reference import commands_page, lab_schema_page

if TYPE_CHECKING:
    from graders.course.lab import Lab

LABS = all_labs()
each_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)


def _text(made: GeneratedPage) -> str:
    return "\n".join(piece.text for piece in made.pieces)


def test_marks_become_classes_and_titles() -> None:
    """Markdown for the site knows none of the kit's own fences."""
    problems = Diagnostics()
    piece = Fragment("```shell runnable\nls\n```\n  ```vtysh\n  show\n  ```")

    text = fences.for_site(piece, problems).split("\n")

    assert text[0] == '``` { .shell .runnable title="type this" }'
    assert text[3] == '  ``` { .text title="on the router, in vtysh" }'
    assert problems.problems == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\n```shell runable\n```", ":6: after ```shell may come only"),
        ("```python quickly\n```", ":5: after ```python may come only n"),
        ("a\n\n```text\nb", ":7: a ``` block must be closed"),
    ],
)
def test_a_fence_that_is_astray(text: str, problem: str) -> None:
    """It is told with the line of its file."""
    problems = Diagnostics()

    fences.for_site(Fragment(text, "docs/x.md", 5), problems)

    assert problems.problems[0].startswith(f"docs/x.md{problem}")


def test_only_what_is_outside_of_blocks_has_links() -> None:
    """Lines keep their numbers."""
    text = "a\n```text\nb\n```\nc"

    assert list(fences.outside(text)) == [(1, "a"), (5, "c")]


def test_a_brief_without_its_title_keeps_its_lines() -> None:
    """Problems in it are told with the file's own line."""
    piece = after_title(Fragment("\n# T\nbody", "labs/x/README.md"))

    assert (piece.text, piece.line) == ("body", 3)


@each_lab
def test_a_lab_s_picture_has_a_name_and_numbers(lab: Lab) -> None:
    """It is sound XML, tells what it shows, and each number is the plan's."""
    figure = ET.fromstring(topology(lab, plan_placeholders.in_picture))  # noqa: S314 - our own
    svg = figure.find("svg")
    assert svg is not None
    ids = {one.get("id") for one in svg}

    assert set(str(svg.get("aria-labelledby")).split()) <= ids
    shown = {one.get("data-plan"): one.text for one in svg.iter("tspan")}
    assert shown == {
        path: plan_placeholders.leaves()[str(path)] for path in shown
    }
    assert str(make_plan().lan) in shown.values()


@each_lab
def test_the_table_of_checks_is_the_graders(lab: Lab) -> None:
    """Every check is there, in order, with its sentence and points."""
    rows = check_table(lab).split("\n")[2:-1]

    assert [one.name for one in checks_of(lab)] == [
        row.split("`")[1] for row in rows
    ]
    for check, row in zip(checks_of(lab), rows, strict=True):
        assert f"| {lab.checks[check.name]} |" in row
        assert check.layer in row
        assert ("--full" in row) == check.disruptive


def test_the_reference_of_lab_yml_is_whole() -> None:
    """Every key is there, and says what it means."""
    text = _text(lab_schema_page())

    for model in (LabFile, Variant):
        for key, field in model.model_fields.items():
            assert field.description, key
            assert f"| `{key}` |" in text


def test_the_result_s_page_has_every_key() -> None:
    """docs/json.md is written by hand; it drifts from no model."""
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    document, checks = text.split("Each entry of `checks`")
    for part, model in ((document, GradeResult), (checks, CheckResult)):
        rows = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert model.model_json_schema()["properties"].keys() <= named


def test_every_command_is_on_the_page() -> None:
    """With its options and what they are for."""
    text = _text(commands_page())

    for wanted in (
        "## grade",
        "## lab images save",
        "## lab quiz",
        "`--variant`",
        "Use this fault instead of the student's own.",
    ):
        assert wanted in text


def test_editions_differ_by_answers() -> None:
    """Only the instructor's has pages of solutions, and the quiz's key."""
    student = {made.uri for made in collect("student").pages}
    instructor = {made.uri for made in collect("instructor").pages}

    assert student < instructor
    more = instructor - student
    assert all(uri.startswith("solutions/") for uri in more)
    assert len(more) >= sum(len(lab.variants) for lab in LABS)


def test_the_quiz_s_page_hides_its_answers() -> None:
    """No explanation can be read in its text."""
    text = _text(quiz_page(load_quiz()))

    for question in load_quiz():
        assert question.choices[0].text[:20] in text
        assert question.explanation[:20] not in text
        assert all(one.why[:20] not in text for one in question.choices)
