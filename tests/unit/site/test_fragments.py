"""What an author does wrong is told with the file and the line."""

from __future__ import annotations

import io
from html import unescape
from typing import TYPE_CHECKING

import pytest

from graders.cli.quiz import ask_quiz, letters
from graders.course.quiz import LETTERS, load_quiz
from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.site import links, page_html, plan_placeholders
from graders.site.fragments import Diagnostics, Fragment
from graders.site.page_html import accessible, slim

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = """\
- id: one
  question: Who answers?
  kind: choice
  choices:
    - {{text: the node, right: {right}, why: It has the address.}}
    - {{text: nobody, right: false, why: Somebody must.}}
  explanation: One node does.
"""


def test_a_name_that_the_plan_has_not() -> None:
    """The page's own line is named, wherever the piece begins."""
    problems = Diagnostics()
    piece = Fragment("a\n{{ pol }}\n", "docs/x.md", 10, template=True)

    plan_placeholders.numbered(piece, problems)

    (problem,) = problems.problems
    assert problem.startswith("docs/x.md:11: names in {{ }} must be")
    assert "pol" in problem


def test_numbers_are_the_demo_student_s() -> None:
    """And each is marked, so that another name can fill it in."""
    problems = Diagnostics()
    piece = Fragment("at {{ pool }}", "docs/x.md", template=True)

    html = plan_placeholders.with_elements(
        plan_placeholders.numbered(piece, problems)
    )

    assert f'data-plan="pool">{make_plan().pool}<' in html
    assert problems.problems == []


def test_links_that_lead_nowhere() -> None:
    """A page, a heading to be looked at later, and a picture's text."""
    problems = Diagnostics()
    page = links.Page("module/a.md", {"module/a.md", "labs/lab-1-x.md"}, [])
    text = (
        "[there](../../labs/lab-1-x/README.md#story)\n"
        "[gone](b.md) `[code](c.md)`\n"
        "```text\n[shown](d.md)\n```\n"
        "![](a.md)\n"
    )
    piece = Fragment(text, "docs/module/a.md")

    led = links.linked(piece, text, page, problems)

    assert "[there](../labs/lab-1-x.md#story)" in led
    assert problems.problems == [
        "docs/module/a.md:2: link to b.md: no such page",
        "docs/module/a.md:6: picture a.md must have a text",
    ]
    links.check_anchors(page.anchors, {"labs/lab-1-x.md": "<p>"}, problems)
    assert "docs/module/a.md:1: the link's #story" in problems.problems[-1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            QUESTION.format(right="false"),
            ":1: question 'one' must have an a",
        ),
        (QUESTION.format(right="maybe"), ":5: "),
        (QUESTION.format(right="true") * 2, ":8: question 'one' must have an"),
        ("- id: [\n", " must be YAML"),
        ("none", ":1 must be a list"),
    ],
)
def test_a_question_that_cannot_be_asked(
    tmp_path: Path, text: str, problem: str
) -> None:
    """It is told with its line."""
    file = tmp_path / "quiz.yml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as error:
        load_quiz(file)
    assert any(problem in one for one in error.value.problems)


def test_the_module_has_eight_questions() -> None:
    """Each can be answered, and each choice says why."""
    questions = load_quiz()

    assert len(questions) == 8
    assert all(choice.why for one in questions for choice in one.choices)


def test_what_is_no_answer_is_told() -> None:
    """And asked for again."""
    question = load_quiz()[0]

    assert letters("A", question) == {0}
    assert letters("z", question) == "answer with a to d, not 'z'"
    assert letters("", question) == "answer with a to d, not ''"
    assert letters("ab", question) == "one choice only"


def test_the_quiz_through_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right answers end with 0, wrong ones and an early end with 1."""
    right = [
        "".join(LETTERS[at] for at in sorted(one.right)) for one in load_quiz()
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(right) + "\n"))
    assert ask_quiz("") == 0
    assert "8 of 8 right." in capsys.readouterr().out

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert ask_quiz("") == 1
    assert "8 questions unanswered" in capsys.readouterr().out


def test_a_question_that_there_is_not() -> None:
    """The known ones are named."""
    with pytest.raises(UsageError, match="pending"):
        ask_quiz("nonsense")


def test_what_the_theme_leaves_out() -> None:
    """A block that scrolls can be reached, a dialog has a name."""
    assert 'tabindex="0"' in accessible("<pre><span></span><code>x</code>")
    dialog = 'class="md-search" data-md-component="search" role="dialog"'
    assert 'aria-label="Search"' in accessible(f"<div {dialog}>")


def test_white_space_that_nobody_sees() -> None:
    """It goes, and stays where it counts."""
    page = "<p>\n    a\n  b</p>\n<pre>\n  c\n</pre>\n  <p>\n"

    assert slim(page) == "<p>\na\nb</p>\n<pre>\n  c\n</pre>\n<p>\n"


def test_a_page_is_described_by_its_first_sentences() -> None:
    """Not by how long it takes, not for ever, and safe in an attribute."""
    time = "<p><b>Time:</b> 45 minutes, and a little more.</p>"
    text = f"<p>A &lt;VIP&gt; <i>is</i> {'x ' * 90}</p>"

    about = page_html.description(time + text, "T")

    assert about.startswith("T: A &lt;VIP&gt; is x x")
    assert about.endswith("x...")
    assert len(unescape(about)) <= 160
    assert page_html.description("<h1>T</h1>", "T") == "T"
