"""The kit's commands that a seat runs for its student, and their options.

The seat's service runs them with rights that the student does not have. So
only what is listed here is run: no option that names a student, a fault, a
file or an editor, and no program that opens a shell, such as a pager.
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAB: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_TEXT: Final = re.compile(r"[^\0]{0,500}")
_HELP: Final = "--help"
# A line with none of these is the same to every shell.
_PLAIN: Final = re.compile(r"[^|&;<>()$`\\*?\[\]{}~!#\n]*")


@dataclass(frozen=True)
class Verb:
    """A command's options, and what else may follow it, how often.

    `screen` says that it needs a terminal.
    """

    options: tuple[str, ...] = ()
    operand: re.Pattern[str] | None = None
    most: int = 0
    least: int = 0
    screen: bool = False


VERBS: Final = {
    "start": Verb(operand=_LAB, most=1, least=1),
    "brief": Verb(),
    "grade": Verb(("--full", "--json")),
    "hint": Verb(),
    "watch": Verb(("--plain",)),
    "shell": Verb(operand=_LAB, most=1, least=1, screen=True),
    "reset": Verb(),
    "status": Verb(),
    "list": Verb(operand=_LAB, most=1),
    "progress": Verb(("--json",)),
    "quiz": Verb(operand=_ID, most=1),
    "submit": Verb(("--full", "--show")),
    "solution": Verb(("--give-up",), _LAB, 1),
    "ticket": Verb(),
    "help": Verb(("--done",), _TEXT, 60),
}
OVERVIEW: Final = """\
A seat runs these commands of the kit, for its student's lab:

  lab start LAB         start a lab; `lab list` lists them
  lab brief             show what is wanted
  grade [--full]        check the lab
  lab hint              show the next hint
  lab watch             show the lab live
  lab shell MACHINE     open a shell on a machine or node
  lab reset             bring back the lab's start state
  lab submit            hand in the repair
  lab solution          show the solution, after the pass or with --give-up
  lab status, lab list, lab progress, lab quiz, lab ticket
  lab help "..."        raise your hand on the class board

In the seat's shell there are kubectl, k, helm and on MACHINE COMMAND, too.
"""


@dataclass(frozen=True)
class KitCommand:
    """A command line of the kit, its verb and its first operand, or ""."""

    verb: str
    argv: tuple[str, ...]
    operand: str = ""


def kit_line(line: str) -> list[str] | None:
    """Return the words of a line that is a command of the kit, else None.

    Raises:
        UsageError: its quotes do not match.

    """
    first = line.split(maxsplit=1)[:1]
    if first not in [["lab"], *([verb] for verb in VERBS)]:
        return None
    if not _PLAIN.fullmatch(line):
        return None
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"could not read the command: {error}") from None


def kit_command(words: Sequence[str]) -> KitCommand | None:
    """Return the command that is meant; None if the overview is.

    `lab` may be left out.

    Raises:
        UsageError: a seat does not run it so.

    """
    rest = list(words[1:] if words[:1] == ("lab",) else words)
    rest = rest[1:] if rest[:1] == ["lab"] else rest
    if not rest or rest[0] in {_HELP, "-h"}:
        return None
    name = rest.pop(0)
    verb = VERBS.get(name)
    if verb is None:
        raise UsageError(
            f"a seat has no command {name!r}",
            remedy="`lab --help` lists those that it has",
        )
    options, operands = _parts(name, verb, rest)
    program = [_program("grade")] if name == "grade" else [_program("lab")]
    if name != "grade":
        program.append(name)
    # What follows -- is no option, whatever it begins with.
    tail = ["--", *operands] if operands else []
    return KitCommand(
        name, (*program, *options, *tail), operands[0] if operands else ""
    )


def environment(student: str, term: str) -> dict[str, str]:
    """Return the variables that each command gets besides the service's.

    A pager and an editor could be made to run programs as the service.
    """
    return {
        "STUDENT": student,
        "TERM": term,
        "PAGER": "cat",
        "MANPAGER": "cat",
        "LESSSECURE": "1",
        "EDITOR": "false",
        "VISUAL": "false",
    }


def _parts(
    name: str, verb: Verb, rest: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the options and the other words."""
    options = [word for word in rest if word.startswith("-")]
    operands = [word for word in rest if not word.startswith("-")]
    if _HELP in options:
        return [_HELP], []
    allowed = " and ".join(verb.options) or "no options"
    for option in options:
        if option not in verb.options:
            raise UsageError(
                f"in a seat, {name} takes {allowed}, not {option!r}"
            )
    if not verb.least <= len(operands) <= verb.most:
        counts = (
            "no operands"
            if not verb.most
            else f"{verb.least} to {verb.most} operands"
        )
        raise UsageError(f"{name} takes {counts}, not {len(operands)}")
    for operand in operands:
        if not verb.operand or not verb.operand.fullmatch(operand):
            raise UsageError(f"{name} does not take {operand!r}")
    return options, operands


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
