"""The generated pages, and their entries in the menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from graders import settings
from graders.course.lab import all_labs
from graders.course.quiz import load_quiz
from graders.site.check_pages import checks_page
from graders.site.fragments import GeneratedPage, read_piece
from graders.site.lab_pages import lab_page, labs_page
from graders.site.quiz_page import answers_page, quiz_page
from graders.site.reference import (
    commands_page,
    lab_schema_page,
    result_schema_page,
)
from graders.site.solution_pages import solution_pages

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from graders.course.quiz import Question

Edition: TypeAlias = Literal["student", "instructor"]
Entry: TypeAlias = dict[str, object]


@dataclass(frozen=True)
class Collection:
    """Pages, and entries of the menu by section."""

    pages: list[GeneratedPage]
    menu: dict[str, list[Entry]]


def collect(edition: Edition) -> Collection:
    """Return every page that is in no file of docs/.

    Raises:
        KitError: all that is wrong with labs, questions and solutions.

    """
    labs, questions = all_labs(), load_quiz()
    instructor = edition == "instructor"
    in_labs = [labs_page(labs), *map(lab_page, labs)]
    reference = [
        commands_page(),
        checks_page(labs, instructor=instructor),
        lab_schema_page(),
        result_schema_page(),
        _contributing(),
    ]
    menu: dict[str, list[Entry]] = {
        "Labs": [_entry(page) for page in in_labs],
        "Reference": [_entry(page) for page in reference],
    }
    pages = [quiz_page(questions), *in_labs, *reference]
    if instructor:
        solutions, menu["Solutions"] = _solutions(labs, questions)
        pages += solutions
    return Collection(pages, menu)


def _solutions(
    labs: list[Lab], questions: list[Question]
) -> tuple[list[GeneratedPage], list[Entry]]:
    quiz = answers_page(questions)
    pages, menu = [quiz], [_entry(quiz)]
    for lab in labs:
        solutions = solution_pages(lab)
        pages += solutions
        entries: list[Entry] = [_entry(page) for page in solutions]
        menu.append({f"Lab {lab.number}": entries})
    return pages, menu


def _contributing() -> GeneratedPage:
    piece = read_piece(settings.ROOT / "CONTRIBUTING.md")
    return GeneratedPage("contributing.md", "Add a lab", (piece,))


def _entry(page: GeneratedPage) -> Entry:
    return {page.title: page.uri}
