"""`lab watch` on a real terminal, and every way out of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# The command, without a lab and without an engine.
_WATCH = """
import sys
from types import SimpleNamespace
from graders.cli.main import lab_app
from graders.errors import CannotCheck

def nothing(student):
    raise CannotCheck("no lab is running", remedy="run `make lab-1`")

sys.modules["graders.cli.running_lab"] = SimpleNamespace(
    open_running_lab=nothing
)
lab_app(["watch", *sys.argv[1:]], prog_name="lab")
"""
_MESSAGE = "no lab is running; run `make lab-1`"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a folder of the test."""
    return os.environ | {
        "METALLB_LAB_STATE": str(tmp_path),
        "STUDENT": "ada",
        "TERM": "xterm-256color",
    }


def _opened(environment: dict[str, str], columns: int) -> pexpect.spawn[str]:
    """Run it on a terminal of 24 lines, up to its message."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", _WATCH],
        cwd=str(ROOT),
        env=environment,
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=120,
    )
    child.expect_exact("\x1b[?1049h")
    child.expect(re.escape("no lab is running"))
    return child


@pytest.fixture
def terminal(environment: dict[str, str]) -> Iterator[pexpect.spawn[str]]:
    """Run it on a terminal of 80x24."""
    child = _opened(environment, 80)
    yield child
    child.close(force=True)


def _rest(terminal: pexpect.spawn[str]) -> tuple[str, int | None]:
    """Return what follows until the end, and the exit code."""
    terminal.expect(pexpect.EOF)
    rest = str(terminal.before)
    echoes = termios.tcgetattr(terminal.child_fd)[3] & termios.ECHO
    terminal.close()
    assert "\x1b[?1049l" in rest, "the screen from before is back"
    assert rest.rindex("\x1b[?25h") > rest.rfind("\x1b[?25l")
    assert echoes
    assert "Traceback" not in rest
    return rest, terminal.exitstatus


@pytest.mark.slow
@pytest.mark.parametrize(("key", "code"), [("q", 0), ("\x03", 130)])
def test_keys(terminal: pexpect.spawn[str], key: str, code: int) -> None:
    """Q and Ctrl-C leave the terminal as it was."""
    terminal.send(key)

    assert _rest(terminal)[1] == code


@pytest.mark.slow
@pytest.mark.parametrize("progress", ["{", '{"version": 9}'])
def test_narrow(environment: dict[str, str], progress: str) -> None:
    """40 columns are enough, and no file of progress is needed or changed."""
    folder = Path(environment["METALLB_LAB_STATE"]) / ".progress"
    folder.mkdir()
    (folder / "ada.json").write_text(progress)
    child = _opened(environment, 40)

    child.send("q")

    assert _rest(child)[1] == 0
    assert (folder / "ada.json").read_text() == progress


@pytest.mark.slow
def test_signal(terminal: pexpect.spawn[str]) -> None:
    """So does a signal."""
    assert terminal.pid
    os.kill(terminal.pid, signal.SIGTERM)

    assert _rest(terminal)[1] == 130


@pytest.mark.slow
def test_killed(terminal: pexpect.spawn[str]) -> None:
    """And so does kill -9 of what draws the screen."""
    (child,) = subprocess.run(
        ["pgrep", "-P", str(terminal.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    os.kill(int(child), signal.SIGKILL)

    assert _rest(terminal)[1] == 137


@pytest.mark.slow
def test_plain(environment: dict[str, str]) -> None:
    """Lines come at once, also into a pipe, until a signal."""
    with subprocess.Popen(
        [sys.executable, "-c", _WATCH, "--plain"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=60)

    assert re.fullmatch(rf"\d\d:\d\d:\d\d {_MESSAGE}\n", line)
    assert (process.returncode, errors) == (130, "")


def test_no_terminal() -> None:
    """Without a terminal it says what to do instead."""
    result = CliRunner().invoke(lab_app, ["watch", "--student", "ada"])

    assert result.exit_code == 2
    assert "lab watch needs a terminal" in result.stderr
    assert "`lab watch --plain`" in result.stderr


def test_dumb_terminal(
    environment: dict[str, str],
) -> None:
    """A terminal without a screen is none."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", _WATCH],
        cwd=str(ROOT),
        env=environment | {"TERM": "dumb"},
        encoding="utf-8",
        timeout=120,
    )

    child.expect_exact("lab watch --plain")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 2
