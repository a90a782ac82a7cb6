"""Rules for what people read of a lab: brief, hints and walkthroughs."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jinja2

from graders import settings
from graders.course.first_screen import ROWS, first_screen
from graders.course.templates import error_line, names, render
from graders.course.walkthrough import read_walkthrough, shown
from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.settings import HOSTS, KIND
from graders.yamlfile import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.course.lab import Lab

BRIEF: Final = "README.md"
# Two students whose numbers and names of networks are different.
PLANS: Final = (make_plan(), make_plan("ada"))
# A lab on hosts has no docker, and no command `kind`.
ENGINE: Final = re.compile(
    r"(?i:\bdocker\b.*)|(?:^|[`|&;(]) *kind\b(?![-:]).*", re.MULTILINE
)
# Addresses and AS numbers, which the plan gives.
NUMBER: Final = re.compile(
    r"(?<!\d)\d+\.\d+\.\d+\.\d+|\b172\.18\.|\b(64|65)\d{3}\b"
)
# A student's name cannot be longer.
_LONGEST: Final = make_plan("a" * 20)
_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}")
_CHECK: Final = re.compile(r"^\| `(\w+)` \|")


class Text(NamedTuple):
    """A template that students read: a file, or the text of a YAML key."""

    file: Path
    template: str
    keys: tuple[str | int, ...] = ()

    def at(self, line: int) -> str:
        """Return file and line, for line `line` of the template."""
        if self.keys:
            line = line_of(self.file, self.keys)
        return f"{shown(self.file)}:{line}"


def text_problems(lab: Lab) -> Iterator[str]:
    """Return what is wrong with a lab's texts."""
    for text in _texts(lab):
        yield from _template_problems(text)
    for page in _pages(lab):
        yield from _page_problems(page)
    for file in [lab.folder / BRIEF, *_pages(lab)]:
        yield from _condition_problems(file)
    yield from number_problems(lab.folder)
    yield from number_problems(settings.SOLUTIONS / lab.id)
    yield from _brief_problems(lab)


def checks_in_brief(lab: Lab) -> dict[str, int]:
    """Return the checks in the brief's table, with their lines."""
    lines = (lab.folder / BRIEF).read_text(encoding="utf-8").splitlines()
    return {
        match[1]: number
        for number, line in enumerate(lines, start=1)
        if (match := _CHECK.match(line))
    }


def _texts(lab: Lab) -> Iterator[Text]:
    """Return brief, answer file and hints."""
    for file in (lab.folder / BRIEF, lab.folder / "answers.yml.j2"):
        if file.is_file():
            yield Text(file, file.read_text(encoding="utf-8"))
    file = lab.folder / "lab.yml"
    yield Text(file, lab.title, ("title",))
    holders: list[tuple[tuple[str, ...], dict[str, list[str]]]] = [
        ((), lab.hints),
        *((("variants", name), at.hints) for name, at in lab.variants.items()),
    ]
    for keys, ladders in holders:
        for check, ladder in ladders.items():
            for index, rung in enumerate(ladder):
                yield Text(file, rung, (*keys, "hints", check, index))


@cache
def _values() -> list[dict[str, Any]]:
    """Return what texts may name, by student and provider.

    The last is on hosts, and not of the student whose network is called kind.
    """
    return [
        names(plan, provider) for plan in PLANS for provider in (KIND, HOSTS)
    ]


def _template_problems(text: Text) -> Iterator[str]:
    """Find unknown names, and words that are wrong on hosts."""
    for values in _values():
        try:
            shown_text = render(text.template, values)
        except jinja2.TemplateError as error:
            yield f"{text.at(error_line(error))}: {error}"
            return
        if mark := re.search(r"\{[{%] ", shown_text):
            line = shown_text.count("\n", 0, mark.start()) + 1
            yield f"{text.at(line)}: {mark[0]}is left in the text"
            return
    hosts_text = render(text.template, _values()[-1])
    for hit in ENGINE.finditer(hosts_text):
        line = hosts_text.count("\n", 0, hit.start()) + 1
        yield f"{text.at(line)}: {_engine_rule(hit[0])}"


def _page_problems(page: Path) -> Iterator[str]:
    """Find what cannot be typed, and what is wrong on hosts."""
    for values in _values():
        try:
            read_walkthrough(page, values)
        except UsageError as error:
            yield error.problems[0]
            return
    for block in read_walkthrough(page, _values()[-1]).blocks:
        for index, line in enumerate(block.lines):
            if hit := ENGINE.search(line):
                yield f"{block.at(index)}: {_engine_rule(hit[0])}"


def _engine_rule(words: str) -> str:
    return (
        f"a lab on hosts has no engine, so {words!r} must come from"
        " labs/vocabulary"
    )


def _condition_problems(file: Path) -> Iterator[str]:
    """Keep line numbers the same before and after rendering."""
    for number, line in enumerate(_lines(file), start=1):
        if line.count("{% if ") != line.count("{% endif %}"):
            yield f"{shown(file)}:{number}: a condition must end on its line"


def number_problems(folder: Path) -> Iterator[str]:
    """Find numbers that are different for each student."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        for number, line in enumerate(_lines(file), start=1):
            if hit := NUMBER.search(_EXPRESSION.sub("", line)):
                yield (
                    f"{shown(file)}:{number}: {hit[0]} must be a name of the"
                    " plan, such as {{ pool }}"
                )


def _brief_problems(lab: Lab) -> Iterator[str]:
    """One brief serves all variants and gives none of them away."""
    file = lab.folder / BRIEF
    for number, line in enumerate(_lines(file), start=1):
        for variant in lab.variants:
            if f"`{variant}`" in line:
                yield f"{shown(file)}:{number}: must not name `{variant}`"
    for check, number in checks_in_brief(lab).items():
        if check not in lab.checks:
            yield f"{shown(file)}:{number}: lab.yml has no check {check!r}"
    yield from _first_screen_problems(lab)


def _first_screen_problems(lab: Lab) -> Iterator[str]:
    """Keep what `lab start` shows of a brief to one screen."""
    for provider in (KIND, HOSTS):
        try:
            brief = brief_text(lab, names(_LONGEST, provider))
        except UsageError:
            return  # reported with the other templates
        rows = len(first_screen(lab, brief, _LONGEST.student))
        if rows > ROWS:
            yield (
                f"{shown(lab.folder / BRIEF)}:1: what `lab start` shows of it"
                f" has {rows} lines, and a terminal has {ROWS}: shorten the"
                " story, or what is wanted"
            )
            return


def _pages(lab: Lab) -> list[Path]:
    return sorted((settings.SOLUTIONS / lab.id).rglob("*.md"))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


def brief_text(lab: Lab, values: dict[str, Any]) -> str:
    """Return a lab's brief with the student's numbers.

    Raises:
        UsageError: the brief uses a name that the plan does not have.

    """
    file = lab.folder / BRIEF
    try:
        return render(file.read_text(encoding="utf-8"), values)
    except jinja2.TemplateError as error:
        place = f"{shown(file)}:{error_line(error)}"
        raise UsageError(f"{place}: {error}") from error
