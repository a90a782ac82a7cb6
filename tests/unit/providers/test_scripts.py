"""Commands of several machines: how many at a time, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.providers.scripts import (
    NOT_FOUND,
    TIMED_OUT,
    Command,
    reports,
    run,
    run_parallel,
    script_on,
)

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("a", "b", "c", "d", "e")


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


@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        (
            Command(("sleep", "9"), timeout=1),
            TIMED_OUT,
            "no answer within 1 s",
        ),
        (Command(("no-such",)), NOT_FOUND, "No such file or directory"),
    ],
)
def test_no_answer(command: Command, status: int, error: str) -> None:
    """The exit status and the error say why."""
    done = run(command)
    assert done.returncode == status
    assert done.stderr == f"{command.argv[0]}: {error}"


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
