"""Commands of the kit are run as a student's, and can be struck."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.chaos import mishap, world
from tests.chaos.world import World

if TYPE_CHECKING:
    from pathlib import Path

_LAB = """\
#!/bin/sh
echo "$STUDENT $* $(umask) ${MORE-none}"
echo problem >&2
[ "$1" != status ] || { sleep 60 & wait; }
exit 3
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose `lab status` never ends, and all else with 3."""
    for name in ("lab", "grade"):
        program = tmp_path / name
        program.write_text(_LAB, encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setattr(world, "BIN", tmp_path)
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    return World("chaos", tmp_path, lab="3", variant="one-path")


def test_a_command_that_ends(lab: World) -> None:
    """With its output, by the words that a student types."""
    lab.environment = {"MORE": "x", "HOME": None}
    lab.umask = 0o027

    ended = lab.run(mishap.START)

    assert ended.code == 3
    assert ended.stdout == "chaos start 3 --variant one-path 0027 x\n"
    assert ended.stderr == "problem\n"
    assert lab.run(mishap.UP, STUDENT="eve").stdout.startswith("eve up ")
    assert lab.run(mishap.FULL).stdout.startswith("chaos --full --json ")


def test_a_command_that_does_not_end(lab: World) -> None:
    """It is killed with all that it has started."""
    running = lab.begin(mishap.STATUS)
    assert world.eventually(running.descendants, 10)

    ended = running.wait(0.1)

    assert ended.code is None
    assert world.eventually(lambda: not running.descendants(), 10)


def test_a_signal(lab: World) -> None:
    """Ctrl-C reaches it, also where the runner ignores it."""
    running = lab.begin(mishap.STATUS)
    assert world.eventually(running.descendants, 10)

    running.signal(signal.SIGINT, group=True)

    assert running.wait(10).code in {-signal.SIGINT, 130}
    running.signal(signal.SIGINT)  # nothing is there any more


def test_its_log(lab: World) -> None:
    """Only that of playbooks which it has begun itself."""
    running = lab.begin(mishap.RESET)
    logs = lab.state / "logs"
    logs.mkdir(parents=True)
    (logs / "reset-1.log").write_text("TASK [Break the lab]", encoding="utf-8")
    (logs / "up-1.log").write_text("TASK [other]", encoding="utf-8")

    assert lab.log_of(running) == "TASK [Break the lab]"
    running.wait(10)


def test_a_script_on_a_command(lab: World) -> None:
    """As a student pipes it."""
    assert (
        lab.shell('"$@" | cat > /dev/null', *lab.argv(mishap.UP))
        == "problem\n"
    )
