"""The debrief of a solved lab: the fault, how to find it, other repairs.

All but the fault's own sentence comes from `solutions/`. A copy of the kit
for students may be without that folder: the debrief is shorter then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jinja2

from graders import settings
from graders.course.overview import fault_sentence
from graders.course.solutions import repairs_for
from graders.course.templates import render
from graders.course.walkthrough import read_head, read_text, typed_lines
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from graders.course.lab import Lab

_FENCE: Final = re.compile(r"^```(router|vtysh|client|lan-client|dhcp|desk)\b")


class Command(NamedTuple):
    """A command, and the machine on which it is typed, "" for the shell."""

    text: str
    place: str


class Turn(NamedTuple):
    """Another repair: its title, and why it is right or wrong."""

    title: str
    reason: str


@dataclass(frozen=True)
class Debrief:
    """The explanation of a fault that the student has found."""

    fault: str
    layer: str
    found_by: tuple[Command, ...] = ()
    other: tuple[Turn, ...] = ()
    wrong: tuple[Turn, ...] = ()


def debrief(lab: Lab, variant: str, values: Mapping[str, Any]) -> Debrief:
    """Return what is said about one fault, with the plan's `values`.

    Raises:
        UsageError: something is wrong with the lab's solutions.

    """
    fault = fault_sentence(lab.folder, variant)
    layer = lab.variant(variant).layer
    if not has_solutions(lab):
        return Debrief(fault, layer)
    repairs = repairs_for(lab, variant)
    return Debrief(
        fault,
        layer,
        found_by=tuple(_commands(repairs.solution, values)),
        other=tuple(_turn(path, values) for path in repairs.other),
        wrong=tuple(_turn(one.path, values) for one in repairs.wrong),
    )


def has_solutions(lab: Lab) -> bool:
    """Tell whether this copy of the kit has the lab's solutions."""
    return (settings.SOLUTIONS / lab.id).is_dir()


def solution_text(lab: Lab, variant: str, values: Mapping[str, Any]) -> str:
    """Return the walkthrough and the other repairs as one Markdown text.

    Raises:
        UsageError: they are not there, or something is wrong with them.

    """
    if not has_solutions(lab):
        raise UsageError(
            f"this copy of the kit has no solutions/{lab.id}",
            remedy="ask who gave it to you",
        )
    repairs = repairs_for(lab, variant)
    parts = [_text(repairs.solution, values)]
    for title, paths in (
        ("Other correct repairs", repairs.other),
        ("Wrong turns", tuple(one.path for one in repairs.wrong)),
    ):
        if paths:
            parts.append(f"## {title}")
            parts += [deeper(_text(path, values)) for path in paths]
    return "\n\n".join("\n".join(_with_places(part)) for part in parts)


def deeper(text: str) -> str:
    """Return Markdown with each heading two levels deeper."""
    fenced = False
    lines = []
    for line in text.split("\n"):
        fenced ^= line.strip().startswith("```")
        deep = line.startswith("#") and not fenced
        lines.append(f"##{line}" if deep else line)
    return "\n".join(lines)


def _commands(path: Path, values: Mapping[str, Any]) -> Iterator[Command]:
    places = typed_lines(path)
    for command in read_head(path).found_by:
        place = places[command]
        text = render(command, values)
        yield Command(text, "" if place == "shell" else place)


def _turn(path: Path, values: Mapping[str, Any]) -> Turn:
    """Return the title of a walkthrough, and the paragraph under it."""
    title, _, rest = _text(path, values).strip().partition("\n")
    reason = rest.strip().partition("\n\n")[0]
    return Turn(title.lstrip("# "), " ".join(reason.split()))


def _text(path: Path, values: Mapping[str, Any]) -> str:
    try:
        return read_text(path, values)
    except jinja2.TemplateError as error:
        raise UsageError(f"{path}: {error}") from None


def _with_places(text: str) -> Iterator[str]:
    """Yield lines in which blocks say where they are typed."""
    for line in text.split("\n"):
        if fence := _FENCE.match(line):
            yield f"On {place_name(fence[1])}:\n\n```text"
        else:
            yield line


def place_name(place: str) -> str:
    """Return the place of a block in words."""
    return "router, in vtysh" if place == "vtysh" else place
