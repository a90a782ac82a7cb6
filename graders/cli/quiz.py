"""What `lab quiz` does: the site's questions, in the terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from rich.markdown import Markdown
from rich.padding import Padding

from graders.console import Terminal
from graders.course.quiz import LETTERS, load_quiz
from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.course.quiz import Question

ALL_RIGHT = 0
NOT_ALL_RIGHT = 1


def ask_quiz(only: str) -> int:
    """Ask all questions, or one; return the exit code.

    Raises:
        UsageError: there is no such question, or the file is astray.

    """
    questions = _chosen(load_quiz(), only)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a pipe may hold anything
    console = Terminal()
    right = 0
    for number, question in enumerate(questions, start=1):
        _show(console, question, f"{number} of {len(questions)}")
        taken = _take(question)
        if taken is None:
            left = len(questions) - number + 1
            word = "question" if left == 1 else "questions"
            console.print(f"\nThe input has ended: {left} {word} unanswered.")
            break
        right += _judge(console, question, taken)
    console.print(f"\n{right} of {len(questions)} right.", highlight=False)
    return ALL_RIGHT if right == len(questions) else NOT_ALL_RIGHT


def letters(text: str, question: Question) -> set[int] | str:
    """Return the choices that an answer names, or what is wrong with it."""
    known = LETTERS[: len(question.choices)]
    named = [one for one in text.lower() if one not in " ,"]
    if not named or any(one not in known for one in named):
        return f"answer with {known[0]} to {known[-1]}, not {text!r}"
    if len(set(named)) > 1 and not question.several:
        return "one choice only"
    return {known.index(one) for one in named}


def _chosen(questions: list[Question], only: str) -> list[Question]:
    found = [one for one in questions if only in ("", one.id)]
    if not found:
        ids = ", ".join(one.id for one in questions)
        raise UsageError(f"question must be one of {ids}, not {only!r}")
    return found


def _show(console: Terminal, question: Question, number: str) -> None:
    console.rule(f"Question {number}", align="left")
    console.print(Markdown(question.question))
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        console.print()
        console.print(Markdown(f"**{letter}** {choice.text}"))


def _take(question: Question) -> set[int] | None:
    """Ask until the answer can be read; None when the input has ended."""
    several = ", all that are right, such as ac" if question.several else ""
    while True:
        sys.stdout.write(f"\nYour answer{several}: ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return None
        taken = letters(line.strip(), question)
        if not isinstance(taken, str):
            return taken
        sys.stdout.write(f"{taken}\n")


def _judge(console: Terminal, question: Question, taken: set[int]) -> bool:
    """Say whether it is right, and why; return it."""
    right = taken == question.right
    console.print()
    console.print("Right." if right else "Not right.", style="bold")
    for at, choice in enumerate(question.choices):
        if at in taken | question.right:
            word = "right" if choice.right else "wrong"
            why = f"**{LETTERS[at]}** is {word}: {choice.why}"
            console.print(Padding(Markdown(why), (0, 0, 0, 1)))
    console.print()
    console.print(Markdown(question.explanation))
    console.print()
    return right
