"""Print a result so that it fits on a screen of 80 columns and 24 lines.

A check is one line, and one more if it has a reason; what failed first is
shown whole under the summary, where the eye is. In a file or a pipe,
`Report` shows all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.grading.report import Report

if TYPE_CHECKING:
    from rich.text import Text

    from graders.grading.result import CheckResult, GradeResult

_CUT: Final = "..."
_UNDER: Final = " " * 9
# The line of the shell's prompt.
_PROMPT: Final = 1


class ScreenReport(Report):
    """Prints as `Report` does, with what failed first at the end."""

    _rows = 0
    _whole = False

    def check(self, check: CheckResult) -> None:
        """Print one check's result, without its evidence."""
        self._line(check)
        for text in (check.measurements, self._reason(check)):
            if text:
                room = self._width - len(_UNDER)
                self._print(self._text(_UNDER) + self._cut(text, room))

    def foot(self, result: GradeResult) -> None:
        """Print the summary, and what failed first with its evidence."""
        super().foot(result)
        first = next(iter(result.failed + result.errors), None)
        if first is None:
            return
        self._whole = True
        super().check(first)

    def _reason(self, check: CheckResult) -> str:
        failed = check.outcome != "pass" and not self._in_line(check)
        return check.reason if failed else ""

    def _sentence(self, sentence: str, room: int) -> list[Text]:
        if self._whole:
            return super()._sentence(sentence, room)
        return [self._cut(sentence, room)]

    def _cut(self, text: str, room: int) -> Text:
        """Return as much of `text` as fits into one line."""
        line, *more = self._wrap(text, room)
        line.rstrip()
        if not more:
            return line
        line.truncate(room - len(_CUT))
        return line + self._text(_CUT)

    def _evidence_room(self) -> int:
        left = self._console.height - self._rows - _PROMPT
        # One line says that there is more.
        return max(min(super()._evidence_room(), left - 1), 0)

    def _print(self, line: Text) -> None:
        self._rows += line.plain.count("\n") + 1
        super()._print(line)
