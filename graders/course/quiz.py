"""The quiz's questions: one file for the site's page and for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field

from graders import settings
from graders.course.lab import Slug, Words
from graders.course.walkthrough import shown
from graders.errors import UsageError
from graders.files import read_text
from graders.yamlfile import parse_yaml, read_entries

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = settings.ROOT / "docs" / "quiz.yml"
LETTERS: Final = "abcdefgh"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Choice(_Strict):
    """One choice of a question, and why it is right or wrong."""

    text: Words
    right: bool
    why: Words


Choices: TypeAlias = Annotated[
    list[Choice], Field(min_length=2, max_length=len(LETTERS))
]


class Question(_Strict):
    """One question; of `choices` several may be right, of `choice` one."""

    id: Slug
    question: Words
    kind: Literal["choice", "choices"]
    choices: Choices
    explanation: Words

    @property
    def several(self) -> bool:
        """Whether more than one choice may be taken."""
        return self.kind == "choices"

    @property
    def right(self) -> set[int]:
        """The places of the right choices, from 0."""
        return {at for at, one in enumerate(self.choices) if one.right}


def load_quiz(file: Path = FILE) -> list[Question]:
    """Return the questions.

    Raises:
        UsageError: the file cannot be read, or all that is wrong with it,
            each with its line.

    """
    place = shown(file)
    raw = parse_yaml(file, place)
    root = yaml.compose(read_text(file))
    if not isinstance(raw, list) or not raw:
        raise UsageError(f"{place}:1 must be a list of questions")
    entries, problems = read_entries(root, raw, Question, place)
    questions: list[Question] = []
    for line, question in entries:
        told = _odd(question, [one.id for one in questions])
        problems += [f"{place}:{line}: {problem}" for problem in told]
        questions.append(question)
    if problems:
        raise UsageError(*problems)
    return questions


def _odd(question: Question, known: list[str]) -> list[str]:
    """Return what is wrong with a question that has all its parts."""
    found, right = [], len(question.right)
    if question.id in known:
        found.append("must have an id that no other question has")
    if not right:
        found.append("must have an answer: no choice is right")
    if right > 1 and not question.several:
        found.append(f"must have one right choice, not {right}")
    return [f"question {question.id!r} {problem}" for problem in found]
