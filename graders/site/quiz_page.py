"""The quiz as a page: plain forms, which `docs/assets/quiz.js` judges.

Without JavaScript the questions can still be read. The answers are in the
page for the script only, encoded so that readers do not see them by chance.
"""

from __future__ import annotations

import base64
import json
from html import escape
from typing import TYPE_CHECKING, Final

import markdown  # type: ignore[import-untyped] # it has none

from graders.course.quiz import LETTERS
from graders.site.fragments import Fragment, GeneratedPage

if TYPE_CHECKING:
    from graders.course.quiz import Question

_HEAD: Final = """\
---
title: Quiz
hide: [toc]
---

# Quiz

{count} questions from real operation.
Choose an answer and check it: each choice is explained, the wrong ones too.
Your answers are stored in this browser and sent nowhere.
In a terminal, `.venv/bin/lab quiz` asks the same questions.

"""
_FORM: Final = """\
<link rel="stylesheet" href="assets/quiz.css">
<div id="quiz-questions" class="quiz" data-key="{key}">
<noscript><p class="admonition warning">A script checks the answers,
and scripts are switched off here. <code>.venv/bin/lab quiz</code> asks the
same questions in a terminal.</p></noscript>
<div class="quiz-score" hidden>
<p role="status" id="quiz-score"></p>
<progress id="quiz-progress" max="{count}" value="0"
aria-label="Questions answered correctly"></progress>
<button type="button" class="md-button" id="quiz-reset">Start over</button>
</div>
{questions}
</div>
<script type="application/json" id="quiz-answers">"{answers}"</script>
<script defer src="assets/quiz.js"></script>
"""
_QUESTION: Final = """\
<h2 id="{id}">Question {number}</h2>
<form class="quiz-question" data-question="{id}" autocomplete="off">
<fieldset>
<legend>{question}</legend>
{note}{choices}
</fieldset>
<p class="quiz-buttons" hidden>
<button type="submit" class="md-button md-button--primary">Check</button>
<button type="button" class="md-button quiz-show">Show the answer</button>
</p>
<div class="quiz-verdict" role="status" aria-live="polite"></div>
</form>
"""
_CHOICE: Final = """\
<div class="quiz-choice"><input type="{kind}" name="{id}" value="{at}"
id="{id}-{letter}"><label for="{id}-{letter}">{text}</label>
<div class="quiz-why" hidden></div></div>"""


def quiz_page(questions: list[Question]) -> GeneratedPage:
    """Return the page; its answers are encoded."""
    html = _FORM.format(
        key=_key(questions),
        count=len(questions),
        questions="\n".join(map(_question, questions, range(1, 100))),
        answers=_packed(questions),
    )
    head = _HEAD.format(count=len(questions))
    return GeneratedPage("quiz.md", "Quiz", (Fragment(head + html),))


def answers_page(questions: list[Question]) -> GeneratedPage:
    """Return the page with all answers, for the instructor's edition."""
    parts = ["# Answers to the quiz"]
    for number, question in enumerate(questions, start=1):
        parts += [f"## Question {number}", question.question]
        for letter, choice in zip(LETTERS, question.choices, strict=False):
            word = "right" if choice.right else "wrong"
            parts.append(
                f"- **{letter}, {word}:** {choice.text}\n  *{choice.why}*"
            )
        parts.append(question.explanation)
    piece = Fragment("\n\n".join(parts) + "\n")
    return GeneratedPage("solutions/quiz.md", "Answers to the quiz", (piece,))


def _question(question: Question, number: int) -> str:
    several = "<p>More than one answer may be right.</p>\n"
    return _QUESTION.format(
        id=question.id,
        number=number,
        question=_inline(question.question),
        note=several if question.several else "",
        choices="\n".join(
            _CHOICE.format(
                kind="checkbox" if question.several else "radio",
                id=question.id,
                at=at,
                letter=LETTERS[at],
                text=_inline(choice.text),
            )
            for at, choice in enumerate(question.choices)
        ),
    )


def _packed(questions: list[Question]) -> str:
    answers = {
        one.id: {
            "right": sorted(one.right),
            "why": [_inline(choice.why) for choice in one.choices],
            "explanation": _inline(one.explanation),
        }
        for one in questions
    }
    text = json.dumps(answers, ensure_ascii=True)
    return base64.b64encode(text.encode()).decode()


def _key(questions: list[Question]) -> str:
    """Return a key for stored answers; other questions have another key."""
    return escape(
        "/".join(f"{one.id}:{len(one.choices)}" for one in questions)
    )


def _inline(text: str) -> str:
    """Return Markdown of one paragraph as HTML without the paragraph."""
    html: str = markdown.markdown(text).strip()
    return html.removeprefix("<p>").removesuffix("</p>")
