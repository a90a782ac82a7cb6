"""What commands printed in a real run, for the first page of the site.

`scripts/record` writes the file; it is not edited.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pexpect
from pydantic import BaseModel, ConfigDict, ValidationError

from graders import settings
from graders.errors import CannotCheck, UsageError
from graders.files import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE: Final = settings.ROOT / "docs" / "recording.json"
# Like the terminal that most people have.
_COLUMNS: Final = 80
_ROWS: Final = 24
_SECONDS: Final = 300
_LEFT_OUT: Final = "..."
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_FORM: Final = ConfigDict(extra="forbid", frozen=True)


class Pane(BaseModel):
    """One command, and what it printed: text with a terminal's colours."""

    model_config = _FORM

    caption: str
    command: str
    text: str


class Recording(BaseModel):
    """All panes in order, and the day and the kit's version of the run."""

    model_config = _FORM

    date: str
    kit: str
    panes: tuple[Pane, ...]


def load_recording(file: Path = FILE) -> Recording | None:
    """Return the recording, None if there is none.

    Raises:
        UsageError: the file is damaged.

    """
    try:
        return Recording.model_validate_json(read_text(file))
    except FileNotFoundError:
        return None
    except (ValueError, ValidationError) as error:
        raise UsageError(
            f"{file} is damaged", remedy="scripts/record makes a new one"
        ) from error


def printed(
    argv: Sequence[str], env: Mapping[str, str], ends: Sequence[int]
) -> str:
    """Run a command on a terminal; return what it printed there.

    Raises:
        CannotCheck: it does not end in time, or with none of the codes `ends`.

    """
    child: pexpect.spawn[str] = pexpect.spawn(
        argv[0],
        [*argv[1:]],
        env={**env, "TERM": "xterm-256color"},
        dimensions=(_ROWS, _COLUMNS),
        encoding="utf-8",
        timeout=_SECONDS,
    )
    try:
        child.expect(pexpect.EOF)
    except pexpect.TIMEOUT:
        raise CannotCheck(f"{argv[0]} does not end") from None
    finally:
        text = str(child.before).replace("\r\n", "\n")
        child.close(force=True)
    if child.exitstatus not in ends:
        raise CannotCheck(f"{argv[0]} ended with {child.exitstatus}: {text}")
    return text


def cut(text: str, first: str = "", last: str = "") -> str:
    """Return lines from one that begins with `first` to one with `last`.

    Where lines are left out, there is a line that says so.

    Raises:
        CannotCheck: there are no such lines.

    """
    lines = text.rstrip("\n").split("\n")
    plain = [_COLOUR.sub("", line) for line in lines]
    begin = _find(plain, first, 0)
    end = _find(plain, last, begin) if last else len(lines) - 1
    shown = lines[begin : end + 1]
    before = [_LEFT_OUT] if begin else []
    after = [_LEFT_OUT] if end + 1 < len(lines) else []
    return "\n".join([*before, *shown, *after])


def _find(lines: list[str], start: str, at: int) -> int:
    for number in range(at, len(lines)):
        if lines[number].startswith(start):
            return number
    raise CannotCheck(
        f"no line begins with {start!r} in:\n" + "\n".join(lines)
    )
