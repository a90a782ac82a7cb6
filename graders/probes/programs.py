"""Programs that every machine of a lab has, unless a person has moved them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.errors import CheckFailed
from graders.providers.machine import TIMEOUT_S

if TYPE_CHECKING:
    from graders.providers.machine import Machine, Output

# Exit codes of `env`, and of scripts, without the program that they run.
_NOT_RUN: Final = frozenset({126, 127})
# What a script begins with that sends requests: without it they would be lost.
NEEDS_CURL: Final = '[ -x "$(command -v curl)" ] || exit 127\n'


def run_program(
    machine: Machine,
    *argv: str,
    program: str = "",
    seconds: float = TIMEOUT_S,
) -> Output:
    """Run a program; `program` is what a script needs.

    Example:
        run_program(lab.machine("router"), "ip", "-j", "route", "show")

    Raises:
        CheckFailed: it is not on the machine, or cannot be run there.
        CannotCheck: the machine does not answer.

    """
    done = machine.run(*argv, seconds=seconds)
    if done.code not in _NOT_RUN:
        return done
    name = program or argv[0]
    expected = f"{name} to be on {machine.role}, as it was"
    actual = "moved or changed (`lab reset` restores it)"
    raise CheckFailed(
        f"expected {expected}, not {actual}",
        expected=expected,
        actual=actual,
        seen_by=f"command -v {name} on {machine.role}",
        evidence=done.text,
    )
