"""Print a result on the terminal, line by line as the checks finish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.text import Text

from graders.console import Terminal
from graders.errors import printable
from graders.grading.outage_chart import chart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from graders.grading.result import (
        CheckResult,
        GradeResult,
        Heading,
        Outcome,
    )

MARKS: Final[dict[Outcome, tuple[str, str]]] = {
    "pass": ("PASS", "green"),
    "fail": ("FAIL", "bold red"),
    "cannot-check": ("----", "yellow"),
}
WIDEST: Final = 100
NARROWEST: Final = 72
EVIDENCE_LINES: Final = 8

_TITLE: Final = 44
_LAYER: Final = 13
_LEFT: Final = len(" PASS  ") + _LAYER + 2
_POINTS: Final = 5
_ROOMY: Final = 96
_UNDER: Final = " " * 9
_SEEN_BY: Final = "seen by   "
_MEASURED: Final = "measured  "
_EVIDENCE: Final = " " * 11


class Report:
    """Prints on a console, in 72 to 100 columns; no text is markup."""

    def __init__(self, console: Console | None = None) -> None:
        """Print on the terminal unless another console is given."""
        self._console = console or Terminal()
        self._width = max(min(self._console.width, WIDEST), NARROWEST)
        # "needs <check>" is in the last column if it fits, else below.
        self._last = 16 if self._width >= _ROOMY else 11

    def whole(self, result: GradeResult) -> None:
        """Print a finished result."""
        self.head(result.heading)
        for check in result.checks:
            self.check(check)
        self.foot(result)
        self.outages(result)

    def head(self, heading: Heading) -> None:
        """Print which lab this is, whose, and the attempt."""
        short = "-".join(heading.lab.split("-")[:2])
        left = self._text(f"{short}  {heading.title}", "bold")
        left.pad_right(max(_TITLE - left.cell_len, 4))
        right = f"student {heading.student}    attempt {heading.attempt}"
        self._print(left + self._text(right))

    def check(self, check: CheckResult) -> None:
        """Print one check's result, with evidence if it failed."""
        self._line(check)
        if check.measurements:
            self._wrapped(_UNDER + _MEASURED, check.measurements, "dim")
        if check.outcome == "pass":
            return
        if not self._in_line(check):
            self._wrapped(_UNDER, check.reason)
        if check.command:
            self._wrapped(_UNDER + _SEEN_BY, check.command, "dim")
        self._evidence(check.evidence)

    def foot(self, result: GradeResult) -> None:
        """Print the verdict, the points and the next command."""
        sums = (
            f"{result.points} of {result.total} points,"
            f" {result.seconds:.1f} s."
        )
        if result.solved:
            self._print(self._text(f"Solved. {sums}", "bold green"))
            return
        verdict, advice = _verdict(result)
        line = f"{verdict}   {sums}"
        gap = "   " if len(line + advice) + 3 <= self._width else "\n"
        self._print(self._text(line, "bold") + gap + self._text(advice))

    def outages(self, result: GradeResult) -> None:
        """Draw the outages that were measured."""
        for check in result.checks:
            if check.outage:
                self.lines([""])
                for text, style in chart(check.outage, self._width):
                    self._print(self._text(text, style))

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines that are not folded."""
        for line in lines:
            self._print(self._text(line))

    def _line(self, check: CheckResult) -> None:
        """Print mark, layer, sentence, points, and seconds or reason."""
        room = self._width - _LEFT - _POINTS - self._last - 5
        mark, style = MARKS[check.outcome]
        first, *rest = self._sentence(check.sentence, room)
        first.pad_right(room - first.cell_len)
        points = f"{check.points}/{check.max_points}"
        line = Text(" ") + Text(mark, style)
        line += Text(f"  {check.layer:{_LAYER}}  ") + first
        line += Text(f"  {points:>{_POINTS}}   ")
        self._print(line + self._text(self._last_column(check)))
        for more in rest:
            self._print(Text(" " * _LEFT) + more)

    def _sentence(self, sentence: str, room: int) -> list[Text]:
        """Return a check's sentence in lines of at most `room` cells."""
        return self._wrap(sentence, room)

    def _last_column(self, check: CheckResult) -> str:
        if self._in_line(check):
            return check.reason
        return f"{check.seconds:.1f} s"

    def _in_line(self, check: CheckResult) -> bool:
        """Return whether the reason fits in the column of seconds."""
        room = self._last - cell_len(printable(check.reason))
        return check.outcome == "cannot-check" and room >= 0

    def _evidence(self, evidence: str) -> None:
        """Print the first lines of the evidence, folded and not cut."""
        limit = self._evidence_room()
        room = self._width - len(_EVIDENCE)
        lines: list[Text] = []
        for raw in evidence.strip("\n").splitlines()[: limit + 1]:
            # No more of a line than fits into all of the lines shown.
            text = raw.expandtabs().rstrip()[: room * (limit + 1)]
            lines += self._wrap(text, room, "dim")
        for line in lines[:limit]:
            self._print(Text(_EVIDENCE) + line)
        if len(lines) > limit:
            self._wrapped(_EVIDENCE, "... (grade --json shows all)", "dim")

    def _evidence_room(self) -> int:
        """Return how many lines of evidence are shown."""
        return EVIDENCE_LINES

    def _wrapped(self, lead: str, text: str, style: str = "") -> None:
        """Print `text` after `lead`, and its further lines under it."""
        for line in self._wrap(text, self._width - len(lead), style):
            self._print(Text(lead, style) + line)
            lead = " " * len(lead)

    def _wrap(self, text: str, room: int, style: str = "") -> list[Text]:
        """Return `text` in lines of at most `room` cells, at least one."""
        lines = self._text(text, style).wrap(self._console, room)
        return list(lines) or [Text()]

    def _text(self, text: str, style: str = "") -> Text:
        """Return `text` with escapes for what this console cannot show."""
        code = self._console.encoding or "ascii"
        shown = printable(text).encode(code, "backslashreplace").decode(code)
        return Text(shown, style)

    def _print(self, line: Text) -> None:
        line.rstrip()
        self._console.print(line, soft_wrap=True)


def _verdict(result: GradeResult) -> tuple[str, str]:
    """Return the first broken layer, and the command that helps."""
    layer = result.first_broken_layer
    if layer:
        return f"First broken layer: {layer}.", "Stuck? lab hint"
    if result.flawless:
        return "Nothing broken so far.", "The rest: grade --full"
    missing, of = len(result.unchecked), len(result.checks)
    return f"Could not check {missing} of {of}.", "Why? lab status"
