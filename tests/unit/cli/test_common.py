"""Whatever goes wrong in a command ends in words and a number."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from graders.cli.common import command_context
from graders.errors import CannotCheck, KitError, UsageError
from graders.lifecycle.lock import lock

if TYPE_CHECKING:
    from pathlib import Path

WRITES = """
from graders.cli.common import command_context
with command_context("lab status", "demo"):
    for _ in range(100_000):
        print("line", flush=True)
"""
PRINTS = """
from graders.cli.common import command_context
from graders.console import Terminal
with command_context("grade", "demo"):
    for _ in range(100_000):
        Terminal().print("line")
"""


pytestmark = pytest.mark.usefixtures("base")


def _ends(error: BaseException, verb: str = "lab up") -> object:
    """Return the exit code of a command that comes to this."""
    with pytest.raises(SystemExit) as caught, command_context(verb, "demo"):
        raise error
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError, 2), (CannotCheck, 3), (KitError, 3)]
)
def test_errors_for_people(
    error: type[KitError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error ends with its own code, in one line of the program's."""
    assert _ends(error("one\nthing", remedy="do it")) == code

    assert capsys.readouterr().err == "lab: one thing; do it\n"


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that comes to nothing bad says nothing more."""
    with command_context("lab up", "demo", locked=True):
        pass

    assert capsys.readouterr() == ("", "")


def test_interrupted_names_the_verb(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C ends with 130 and says what to type."""
    assert _ends(KeyboardInterrupt(), "lab images get") == 130

    said = "\nlab: interrupted; run `lab images get` again, it recovers\n"
    assert capsys.readouterr().err == said


def test_its_own_exit_code_comes_through() -> None:
    """A command that ends by itself keeps its code."""
    assert _ends(SystemExit(1)) == 1


def test_fault_of_the_kit(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is one line; the traceback is in the file that it names."""
    assert _ends(RuntimeError("out of\nideas"), "grade") == 3

    said = capsys.readouterr().err
    found = re.fullmatch(
        r"grade: a fault of the kit itself: RuntimeError: out of ideas;"
        r" please report it with (\S+)\n",
        said,
    )
    assert found
    (report,) = (base / "demo" / "faults").iterdir()
    assert str(report) == found[1]
    assert "Traceback" in report.read_text(encoding="utf-8")


def test_fault_that_cannot_be_kept(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no file can be written, it is still one line."""
    base.write_text("a file where a folder should be")

    assert _ends(RuntimeError("out of ideas")) == 3

    said = capsys.readouterr().err
    assert "RuntimeError: out of ideas; its report could not be kept" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("locked", [False, True])
def test_machine_refuses(
    base: Path, capsys: pytest.CaptureFixture[str], *, locked: bool
) -> None:
    """What the machine refuses is a line with its place, and no fault."""
    base.mkdir()
    full = OSError(errno.ENOSPC, "No space left on device", str(base / "x"))

    with (
        pytest.raises(SystemExit) as caught,
        command_context("grade", "demo", locked=locked),
    ):
        raise full

    said = capsys.readouterr().err
    assert caught.value.code == 3
    assert said.startswith(f"grade: could not use {base}/x: no space is left")
    assert said.count("\n") == 1
    assert not (base / "demo" / "faults").exists()


def test_environment_misleads_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's calls do not see what would mislead them."""
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "podman")

    with command_context("lab up", "demo"):
        assert "KIND_EXPERIMENTAL_PROVIDER" not in os.environ


def test_called_programs_see_a_clean_environment(tmp_path: Path) -> None:
    """What `lab status` calls does not see what would mislead it."""
    program, seen = tmp_path / "docker", tmp_path / "seen"
    program.write_text('#!/bin/sh\nenv > "$SEEN"\nexit 1\n')
    program.chmod(0o755)
    misleading = {"KUBECONFIG": "/x", "DOCKER_DEFAULT_PLATFORM": "linux/s390x"}
    variables = {"SEEN": str(seen), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    script = "from graders.cli.entry import lab; lab()"

    subprocess.run(
        [sys.executable, "-c", script, "status"],
        env=os.environ | misleading | variables,
        capture_output=True,
        check=False,
    )

    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert "SEEN" in names
    assert not names & misleading.keys()


@pytest.mark.parametrize("student", ["Ada", "..", "a/b", ""])
def test_odd_student(
    student: str, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before anything is locked or written."""
    with (
        pytest.raises(SystemExit) as caught,
        command_context("lab up", student, locked=True),
    ):
        pytest.fail("not to be reached")

    assert caught.value.code == 2
    assert "a-z, 0-9 and -" in capsys.readouterr().err
    assert not base.exists()


def test_the_lock_is_held_and_let_go() -> None:
    """Inside nobody else gets the lab, and afterwards anybody."""
    with (
        command_context("lab up", "demo", locked=True),
        pytest.raises(CannotCheck, match="holds the lab: `lab up`"),
        lock("demo", "lab down"),
    ):
        pytest.fail("not to be reached")

    with lock("demo", "lab down"):
        pass


@pytest.mark.parametrize("program", [WRITES, PRINTS])
def test_reader_went_away(program: str) -> None:
    """`lab status | head -1` ends without a word."""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "line\n"
        process.stdout.close()
        said = process.stderr.read()

    assert process.returncode == 3
    assert not said
