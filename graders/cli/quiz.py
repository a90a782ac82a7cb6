"""`lab quiz`: the site's questions in the terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import command_context
from graders.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.markdown import Markdown

    from graders.course.quiz import Question

ALL_RIGHT = 0
NOT_ALL_RIGHT = 1


def quiz(
    question: Annotated[
        str, typer.Argument(help="Its id; all questions if left out.")
    ] = "",
) -> None:
    """Answer the module's questions; each choice is explained.

    Ends with 0 if all are right, 1 if not. Answers may come from a pipe.
    """
    from graders.plan.plan import DEMO

    with command_context("lab quiz", DEMO):
        sys.exit(ask_quiz(question))


def ask_quiz(question_id: str) -> int:
    """Ask all questions, or one; return the exit code.

    Raises:
        UsageError: there is no such question, or the file is wrong.

    """
    from graders.console import Terminal
    from graders.course.quiz import load_quiz

    questions = _select(load_quiz(), question_id)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a pipe may hold anything
    console = Terminal()
    right = 0
    for number, question in enumerate(questions, start=1):
        _show(console, question, f"{number} of {len(questions)}")
        answer = _read_answer(question)
        if answer is None:
            missing = len(questions) - number + 1
            word = "question" if missing == 1 else "questions"
            console.print(
                f"\nThe input has ended: {missing} {word} unanswered."
            )
            break
        right += _explain(console, question, answer)
    console.print(f"\n{right} of {len(questions)} right.", highlight=False)
    return ALL_RIGHT if right == len(questions) else NOT_ALL_RIGHT


def letters(text: str, question: Question) -> set[int] | str:
    """Return the choices that an answer names, or what is wrong with it."""
    from graders.course.quiz import LETTERS

    known = LETTERS[: len(question.choices)]
    named = [letter for letter in text.lower() if letter not in " ,"]
    if not named or any(letter not in known for letter in named):
        return f"answer with {known[0]} to {known[-1]}, not {text!r}"
    if len(set(named)) > 1 and not question.several:
        return "one choice only"
    return {known.index(letter) for letter in named}


def _select(questions: list[Question], question_id: str) -> list[Question]:
    selected = [
        question for question in questions if question_id in {"", question.id}
    ]
    if not selected:
        ids = ", ".join(question.id for question in questions)
        raise UsageError(f"question must be one of {ids}, not {question_id!r}")
    return selected


def _show(console: Console, question: Question, number: str) -> None:
    from graders.course.quiz import LETTERS

    console.rule(f"Question {number}", align="left")
    console.print(_markdown(question.question))
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        console.print()
        console.print(_markdown(f"**{letter}** {choice.text}"))


def _read_answer(question: Question) -> set[int] | None:
    """Ask until the answer can be read; None when the input has ended."""
    several = ", all that are right, such as ac" if question.several else ""
    while True:
        sys.stdout.write(f"\nYour answer{several}: ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return None
        answer = letters(line.strip(), question)
        if not isinstance(answer, str):
            return answer
        sys.stdout.write(f"{answer}\n")


def _explain(console: Console, question: Question, answer: set[int]) -> bool:
    """Print whether an answer is right, and why; return it."""
    from rich.padding import Padding

    from graders.course.quiz import LETTERS

    right = answer == question.right
    console.print()
    console.print("Right." if right else "Not right.", style="bold")
    for index, choice in enumerate(question.choices):
        if index in answer | question.right:
            word = "right" if choice.right else "wrong"
            why = f"**{LETTERS[index]}** is {word}: {choice.why}"
            console.print(Padding(_markdown(why), (0, 0, 0, 1)))
    console.print()
    console.print(_markdown(question.explanation))
    console.print()
    return right


def _markdown(text: str) -> Markdown:
    from rich.markdown import Markdown

    return Markdown(text)
