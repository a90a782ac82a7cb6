"""Run commands and shell scripts on machines, several at a time."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from graders.providers import capture
from graders.providers.capture import LISTING_LIMIT, TooSlow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Exit statuses of a shell for a missing program, and of timeout(1).
NOT_FOUND: Final = 127
TIMED_OUT: Final = 124


@dataclass(frozen=True)
class Command:
    """A command of this computer, and the name of its time limit."""

    argv: Sequence[str]
    stdin: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    limit: str = ""


def run(command: Command) -> subprocess.CompletedProcess[str]:
    """Run a command; its exit status says if it is missing or too slow.

    What is too slow is killed, with all processes that it has started.
    """
    argv = list(command.argv)
    try:
        return capture.run(
            argv,
            timeout=command.timeout,
            stdin=command.stdin,
            env=os.environ | dict(command.environment),
            limit=LISTING_LIMIT,
            # ansible-runner ends what is in its own session.
            new_session=False,
        )
    except TooSlow as late:
        error = f"{late.error.rstrip()}\n{_late(command)}".lstrip()
        return subprocess.CompletedProcess(argv, TIMED_OUT, late.out, error)
    except OSError as problem:
        error = f"{argv[0]}: {problem.strerror}"
        return subprocess.CompletedProcess(argv, NOT_FOUND, "", error)


def _late(command: Command) -> str:
    name = f" (time limit {command.limit})" if command.limit else ""
    return (
        f"{command.argv[0]}: not done within {command.timeout:g} s{name};"
        " it was ended"
    )


def run_parallel(
    commands: Mapping[str, Command], limit: int
) -> subprocess.CompletedProcess[str]:
    """Run commands of several machines, at most `limit` at a time, 0 for all.

    All of them run, even if one fails; then so does the sum. Lines of stderr
    begin with the machine's name.
    """
    if not commands:
        return subprocess.CompletedProcess([], 0, "", "")
    with ThreadPoolExecutor(limit or len(commands)) as pool:
        results = [*pool.map(run, commands.values())]
    stderr = [
        f"{name}: {line}\n"
        for name, result in zip(commands, results, strict=True)
        for line in result.stderr.splitlines()
    ]
    return subprocess.CompletedProcess(
        [*commands],
        max(abs(result.returncode) for result in results),
        "".join(result.stdout for result in results),
        "".join(stderr),
    )


def reports(stdout: str) -> list[dict[str, Any]]:
    """Return what a script reports: each line of JSON is an object.

    `{"changed": "routes"}` says what the script has changed.
    """
    lines = (line for line in stdout.splitlines() if line.startswith("{"))
    reported = []
    for line in lines:
        try:
            reported.append(json.loads(line))
        except (ValueError, RecursionError):
            reported.append({"changed": "unknown", "line": line})
    return reported
