"""Commands of several machines: how many at a time, and what they come to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from graders.providers.scripts import (
    NOT_FOUND,
    TIMED_OUT,
    Command,
    reports,
    run,
    run_parallel,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOSTS = ("a", "b", "c", "d", "e")


def script_on(
    prefix: tuple[str, ...], script: str, environment: Mapping[str, str]
) -> Command:
    """Return a script with an environment, as `lab_exec` makes it."""
    given = map("=".join, environment.items())
    return Command([*prefix, "env", *given, "sh", "-s"], script)


@pytest.mark.parametrize("limit", [1, 2, 8, 0])
def test_no_more_hosts_in_parallel(tmp_path: Path, limit: int) -> None:
    """With 1 they are worked on one after the other, in their order."""
    script = """
    : > $DIR/$ROLE; ls $DIR | wc -l; sleep 0.1; rm $DIR/$ROLE
    """
    commands = {
        host: script_on((), script, {"DIR": str(tmp_path), "ROLE": host})
        for host in HOSTS
    }

    done = run_parallel(commands, limit)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) == len(HOSTS)
    assert max(map(int, done.stdout.split())) <= (limit or len(HOSTS))


@pytest.mark.parametrize("limit", [1, 2, 8])
@pytest.mark.parametrize("failing", ["", "a", "c", "e"])
def test_one_host_fails(limit: int, failing: str) -> None:
    """The others are done all the same, and the error names the host."""
    script = (
        'echo "$ROLE"; [ "$ROLE" != "$FAILING" ] || { echo no >&2; exit 3; }'
    )
    commands = {
        host: script_on((), script, {"ROLE": host, "FAILING": failing})
        for host in HOSTS
    }

    done = run_parallel(commands, limit)

    assert done.returncode == (3 if failing else 0)
    assert done.stdout.split() == [*HOSTS]
    assert done.stderr == (f"{failing}: no\n" if failing else "")


def test_nothing_to_run() -> None:
    """A step that has nothing to do has not failed."""
    assert run_parallel({}, 1).returncode == 0


def test_killed() -> None:
    """A command that a signal ended has failed."""
    command = script_on((), "kill -9 $$", {})
    assert run_parallel({"a": command}, 1).returncode != 0


def test_no_such_program() -> None:
    """The exit status and the error say so."""
    done = run(Command(("no-such",)))

    assert done.returncode == NOT_FOUND
    assert done.stderr == "no-such: No such file or directory"


def test_time_limit(tmp_path: Path) -> None:
    """Its name is told after what was written; nothing goes on running."""
    script = """
    (sleep 2; : > "$0/late") & echo out; echo 'waiting for x' >&2; wait
    """
    command = Command(
        ("bash", "-c", script, str(tmp_path)), timeout=0.5, limit="engine"
    )

    done = run(command)

    assert (done.returncode, done.stdout) == (TIMED_OUT, "out\n")
    assert done.stderr == (
        "waiting for x\n"
        "bash: not done within 0.5 s (time limit engine); it was ended"
    )
    time.sleep(2)
    assert not (tmp_path / "late").exists()


def test_time_limit_of_a_daemon() -> None:
    """A process that has left its parents keeps nobody waiting."""
    script = "(setsid sleep 3 &) ; sleep 9"
    start = time.monotonic()

    done = run(Command(("sh", "-c", script), timeout=0.2))

    assert done.stderr == "sh: not done within 0.2 s; it was ended"
    assert time.monotonic() - start < 2


def test_environment_arrives_as_it_is() -> None:
    """Neither quotes nor lines are lost on the way."""
    text = 'it\'s "so"\nand $HOME'
    done = run(script_on(("env",), 'printf %s "$TEXT"', {"TEXT": text}))
    assert done.stdout == text


def test_reports() -> None:
    """Lines of JSON are reports; a damaged one still says that it changed."""
    text = 'installing\n{"changed": "host"}\n{"changed": false, "n": 1}\n{x\n'
    assert reports(text) == [
        {"changed": "host"},
        {"changed": False, "n": 1},
        {"changed": "unknown", "line": "{x"},
    ]
