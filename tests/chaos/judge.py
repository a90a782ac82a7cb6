"""What is right after a mishap: of a command, of the way back, of a verdict.

Each judgement returns what is wrong, a line each; none is right.
"""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from graders.grading.result import GradeResult
from tests.chaos import mishap
from tests.chaos.mishap import DURING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.chaos.mishap import Mishap
    from tests.chaos.world import Ended

# Done, not solved, wrong usage, could not, interrupted; below 0 is a signal.
_CODES: Final = frozenset({0, 1, 2, 3, 130})
_COULD_NOT: Final = frozenset({2, 3})
# By which a mishap, or the kernel without memory, ends a command.
_SIGNALS: Final = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM}
)
_FAULT: Final = re.compile(
    r"Traceback \(most recent|a fault of the kit|INTERNALERROR"
)
# A place in the kit's code, but not a module that is being imported.
_OF_THE_KIT: Final = re.compile(
    r'File "[^"]*/graders/[^"]*", line \d+, in (?!<module>)'
)
# A way out names a command, or says what to do.
_WAY_OUT: Final = re.compile(
    r"`[^`]+`|\bmake [a-z-]+|\b([Rr]un|set|start|free|remove|restart|install"
    r"|wait until|use another|unset|mount|try again|delete|leave|see) "
)
_NAMED: Final = re.compile(
    r"`(?:make |lab |\S+/lab )?(up|reset|start|grade)\b[^`]*`"
    r"|\bmake (?:lab-\d+|(up|reset|grade)\b)"
)
_STARTS: Final = (mishap.START, mishap.RESET)
# The way back from a command, if it names none.
_BY_COMMAND: Final = {
    mishap.UP: mishap.UP,
    mishap.START: mishap.START,
    mishap.RESET: mishap.RESET,
    mishap.DOWN: mishap.START,
}


def judge_command(ended: Ended, one: Mishap) -> list[str]:
    """Judge the command that the mishap struck."""
    return list(_judge_command(ended, one))


def _judge_command(ended: Ended, one: Mishap) -> Iterator[str]:
    what = f"`{ended.command}`"
    if ended.code is None:
        yield f"{what} did not end within {ended.seconds:.0f} s"
        return
    killed = -ended.code in _SIGNALS and DURING in one.when
    if ended.code not in _CODES and not killed:
        yield f"{what} ended with {ended.code}"
    yield from _faults(ended)
    # What only a full grade looks at was not checked, and nothing is wrong.
    graded = verdict(ended)
    done = graded is not None and graded.flawless
    if ended.code in _COULD_NOT and not done:
        yield from _judge_words(ended, one)
    elif ended.command in one.refuses and ended.code >= 0:
        yield f"{what} ended with {ended.code}, and cannot have been done"


def _judge_words(ended: Ended, one: Mishap) -> Iterator[str]:
    """Judge what a command says that could not do it."""
    said = reasons(ended)
    what = f"`{ended.command}`"
    if not said:
        yield f"{what} ended with {ended.code} and does not say why"
    elif not _WAY_OUT.search(said):
        yield f"{what} names no way out: {said[-300:]}"
    if one.says and not re.search(one.says, said):
        yield f"{what} does not say what is wrong: {said[-300:]}"


def judge_meanwhile(
    ended: Ended, one: Mishap, red: Collection[str]
) -> list[str]:
    """Judge a verdict under a mishap that is not the student's.

    `red` are the checks that may fail: those that do so without it.
    """
    found = verdict(ended)
    if one.deed or found is None:
        return []
    more = [it for it in found.failed if it.name not in red]
    return [
        f"the machine's fault reads as the student's: {it.name}: {it.reason}"
        for it in more
    ]


def judge_back(ended: Ended) -> list[str]:
    """Judge the one command back, unless it is the grade itself."""
    wrong = [] if ended.code is None else _faults(ended)
    if ended.code != 0:
        wrong.append(
            f"the way back, `{ended.command}`, ended with {ended.code}:"
            f" {reasons(ended)[-300:]}"
        )
    return wrong


def judge_verdict(
    ended: Ended,
    breaks: str,
    *,
    solved: bool,
    red: Collection[str] | None = None,
) -> list[str]:
    """Judge the grade after the way back.

    `red` are the checks that fail as shipped; None if that is unknown.
    """
    wrong = _faults(ended)
    found = verdict(ended)
    if found is None:
        said = reasons(ended)[-300:]
        return [*wrong, f"no verdict; `grade` ended with {ended.code}: {said}"]
    if solved and not found.flawless:
        wrong.append(f"a solved lab must pass, and it {found.summary}")
    first = found.failed[0].name if found.failed else "nothing"
    if not solved and first != breaks:
        wrong.append(
            f"the first check that fails must be {breaks}, not {first}:"
            f" {found.summary}"
        )
    more = [it for it in found.failed if red and it.name not in red]
    if not solved:
        wrong += [f"more fails: {it.name}: {it.reason}" for it in more]
    if found.errors:
        wrong.append(f"not all could be checked: {found.summary}")
    return wrong


def way_back(ended: Ended, one: Mishap) -> str:
    """Return the one command that follows."""
    broken_off = ended.code != 0 and ended.command in _STARTS
    if broken_off and one.back in {"", mishap.UP}:
        # Until it is done, there is no verdict.
        name = named(reasons(ended))
        return name if name in _STARTS else ended.command
    if one.back:
        return one.back
    done = ended.code == 0 or verdict(ended) is not None
    if done and ended.command != mishap.DOWN:
        return mishap.GRADE
    return named(reasons(ended)) or _BY_COMMAND.get(
        ended.command, mishap.GRADE
    )


def loses_work(back: str, one: Mishap) -> bool:
    """Tell whether a way back throws away work that the mishap has kept."""
    return one.keeps and back not in mishap.KEEPING


def named(said: str) -> str:
    """Return the command of the kit that a message names, "" for none.

    The way out is behind its last semicolon.
    """
    for text in (said.rpartition("; ")[2], said):
        if found := _NAMED.search(text):
            return found[1] or found[2] or mishap.START
    return ""


def verdict(ended: Ended) -> GradeResult | None:
    """Return the result that a grade printed, if it did."""
    if not ended.command.startswith(mishap.GRADE):
        return None
    try:
        return GradeResult.model_validate_json(ended.stdout)
    except ValidationError:
        return None


def reasons(ended: Ended) -> str:
    """Return what a command says of why it could not do its work."""
    found = verdict(ended)
    checks = [it.reason for it in found.errors] if found else []
    return "\n".join([*checks, ended.stderr.strip()]).strip()


def _faults(ended: Ended) -> list[str]:
    fault = _FAULT.search(ended.text)
    if not fault or _was_starting(ended.stderr):
        return []
    return [f"`{ended.command}` printed {fault[0]!r}"]


def _was_starting(printed: str) -> bool:
    """Tell whether Ctrl-C came before Python had begun with the kit's code.

    That takes 0.1 s and more, and no program can do anything about it.
    """
    interrupted = printed.rstrip().endswith("KeyboardInterrupt")
    return interrupted and not _OF_THE_KIT.search(printed)
