"""What bash records in the kit's shells, and how it is read back."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pexpect
import pytest

from graders.errors import CannotCheck
from graders.lifecycle import record
from graders.lifecycle.record import SCRIPT, Typed, parse
from graders.lifecycle.shell import shell_argv
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLAN = make_plan()
_PROMPT = "typed> "
# What it prints is not what it is; bash has given it the terminal by then.
_LASTING = """sh -c 'echo run""ning; exec sleep 100'"""
_RC = f"PS1='{_PROMPT}' PS2='{_PROMPT}'\n"


@pytest.fixture(autouse=True)
def bashrc(home: Path) -> None:
    """Have a .bashrc."""
    (home / ".bashrc").write_text(_RC)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what machines print; one that has None does not answer."""
    printed: dict[str, str] = {}

    def run(machine: Machine, *argv: str, **_: object) -> Output:
        if machine.role == printed.get("silent"):
            raise CannotCheck(f"{machine.role} is paused")
        return Output(" ".join(argv), 0, printed.get(machine.role, ""), "")

    monkeypatch.setattr(Machine, "run", run)
    return printed


def _type(
    argv: Sequence[str], env: dict[str, str], lines: Sequence[str]
) -> None:
    """Type lines at a terminal; the character ETX is Ctrl-C."""
    # Whoever runs tests in the background has them ignore Ctrl-C.
    shell = pexpect.spawn(
        "env",
        ["--default-signal=INT", *argv],
        env=env,
        encoding="utf-8",
        timeout=60,
        echo=False,
    )
    shell.expect(_PROMPT)
    for line in lines:
        if line == "\x03":
            shell.expect("running")
            shell.sendcontrol("c")
        else:
            shell.sendline(line)
        if line == "exit":
            shell.expect(pexpect.EOF)
        elif line != _LASTING and not line.startswith("read"):
            shell.expect(_PROMPT)
    shell.close(force=True)


def _texts(home: Path) -> list[str]:
    file = home / "state" / "demo" / "typed" / "shell"
    return [one.text for one in parse("shell", file.read_text())]


@pytest.mark.slow
def test_as_typed(home: Path) -> None:
    """Commands of several lines come back as they were typed."""
    argv, env = shell_argv(PLAN, record=True)
    commands = [
        "echo one",
        "cat <<EOF\n  a\n\n```\n'b' $HOME\nEOF",
        "for i in 1 2\ndo\necho $i # c\ndone",
        "echo 'a\nb'",
        "false",
        "false",
    ]
    lines = "\n".join(commands).split("\n")

    _type(argv, env, [*lines, "", "exit"])

    assert _texts(home) == commands


@pytest.mark.slow
def test_not_recorded(home: Path) -> None:
    """Neither hidden lines nor what a program reads are recorded."""
    argv, env = shell_argv(PLAN, record=True)
    hidden = [" echo hidden", " cat <<EOF", "hidden", "EOF"]

    _type(argv, env, [*hidden, "read -rs PASSWORD", "hidden", "exit"])

    assert _texts(home) == ["read -rs PASSWORD"]


@pytest.mark.slow
def test_ctrl_c(home: Path) -> None:
    """A command that Ctrl-C ended is recorded as such."""
    argv, env = shell_argv(PLAN, record=True)

    _type(argv, env, [_LASTING, "\x03", "true", "exit"])

    file = home / "state" / "demo" / "typed" / "shell"
    found = [(one.text, one.status) for one in parse("", file.read_text())]
    assert found == [(_LASTING, 130), ("true", 0)]


@pytest.mark.slow
def test_own_prompt_command(home: Path) -> None:
    """The user's own PROMPT_COMMAND sees the status, and options stay."""
    (home / ".bashrc").write_text(
        f"{_RC}PROMPT_COMMAND='echo $? >> ~/seen'\nHISTCONTROL=ignoreboth\n"
        "HISTIGNORE='true*'\nset +o history\n"
    )
    argv, env = shell_argv(PLAN, record=True)

    _type(argv, env, ["true", "true", "(exit 7)", "exit"])

    assert _texts(home) == ["true", "true", "(exit 7)"]
    assert (home / "seen").read_text().split() == ["0", "0", "0", "7"]


@pytest.mark.slow
def test_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without recording nothing is written, also inside a recorded shell."""
    monkeypatch.setenv("LAB_TYPED", str(home / "outer"))
    argv, env = shell_argv(PLAN)

    _type(argv, env, ["true", "exit"])

    assert not (home / "outer").exists()
    assert not (home / "state" / "demo" / "typed").exists()


@pytest.mark.slow
def test_on_a_machine(home: Path, tmp_path: Path) -> None:
    """A machine's shell records there, and vtysh has a file each session."""
    folder = tmp_path / "typed"
    fake = home / "vtysh"
    fake.write_text('#!/bin/sh\necho "$# $VTYSH_HISTFILE" >> ~/calls\n')
    fake.chmod(0o755)
    argv, _ = shell_argv(PLAN, "router", record=True)
    assert argv[:4] == ("docker", "exec", "-it", "metallb-lab-router")
    inside = [word.replace(record._FOLDER, str(folder)) for word in argv[4:]]
    env = dict(os.environ, PATH=f"{home}:{os.environ['PATH']}")

    _type(inside, env, ["vtysh", "vtysh -c 'show run'", "exit"])

    text = (folder / "router").read_text()
    assert [one.text for one in parse("router", text)] == [
        "vtysh",
        "vtysh -c 'show run'",
    ]
    interactive, other = (home / "calls").read_text().splitlines()
    assert re.fullmatch(rf"0 {folder}/router\.vtysh-\d+", interactive)
    assert other == "2 "


def test_command(home: Path) -> None:
    """A command that a shell is opened for is recorded, too."""
    shell_argv(PLAN, command="k get svc\nk get ns", record=True)
    shell_argv(PLAN, "router", "ip route", record=True)

    assert _texts(home) == ["k get svc\nk get ns"]
    file = home / "state" / "demo" / "typed" / "router"
    assert [one.text for one in parse("router", file.read_text())] == [
        "ip route"
    ]


def test_unwritable(home: Path) -> None:
    """Where nothing can be recorded, that is an error before the shell."""
    (home / "state" / "demo").mkdir(parents=True)
    (home / "state" / "demo" / "typed").touch()

    with pytest.raises(OSError, match="typed"):
        shell_argv(PLAN, record=True)


def _printed(**files: str) -> str:
    return "".join(
        f"{name} {base64.b64encode(text.encode()).decode()}\n"
        for name, text in files.items()
    )


def test_in_order(machines: dict[str, str]) -> None:
    """What was typed anywhere comes in its order, from a time on."""
    record.note(PLAN, "shell", "now")
    machines["router"] = _printed(
        **{
            "router": "0  7  100 early\0001  8  200 late\0",
            "router.vtysh-150": "show run\nexit\n",
            "desk": "0 1 160 not the router's\0",
        }
    )
    machines["desk"] = "desk =\nnonsense\n"

    typed, problems = record.read(PLAN, since=150)

    assert problems == []
    assert typed[:2] == [
        Typed("vtysh", 150, "show run\nexit"),
        Typed("router", 200, "late", 1),
    ]
    assert [one.text for one in typed[2:]] == ["now"]


def test_silent(machines: dict[str, str]) -> None:
    """A machine that does not answer is named, and the others are read."""
    record.note(PLAN, "shell", "true")
    machines["silent"] = "dhcp"

    typed, problems = record.read(PLAN, since=0)

    assert [one.text for one in typed] == ["true"]
    assert problems == ["dhcp is paused"]


def test_read_on_a_machine(tmp_path: Path) -> None:
    """The files are read by the shell of a machine."""
    folder = tmp_path / "typed"
    script = record._READ.replace(record._FOLDER, str(folder))
    argv = ["sh", "-c", script]
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b""
    folder.mkdir()
    (folder / "router").write_text("0 1 5 true\0")

    said = subprocess.run(argv, capture_output=True, text=True, check=True)

    assert said.stdout == _printed(router="0 1 5 true\0")


def test_script() -> None:
    """The script is part of the kit."""
    assert SCRIPT.is_file()
