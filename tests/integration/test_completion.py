"""Shells complete what can be typed after `lab`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from graders.course.lab import all_labs

BIN: Final = Path(sys.executable).parent
# Do as readline does after TAB: call the function that `complete` names.
_BASH: Final = """
eval "$(lab --show-completion)"
COMP_WORDS=({line} "$1"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p lab | sed 's/.* -F //; s/ .*//') {command} "$1"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_FISH: Final = """
lab --show-completion fish | source
complete --do-complete '{line} '$argv[1]
"""
_TESTED: Final = [
    ("lab li", {"list"}),
    ("lab he", {"help"}),
    ("lab class b", {"board"}),
    ("lab start ", {str(lab.number) for lab in all_labs()}),
    ("lab start lab-3", {"lab-3-bgp-ecmp"}),
    ("lab list 4", {"4"}),
    ("lab start 3 --variant pe", {"peer-port", "peer-one-node"}),
    ("lab shell r", {"router"}),
    ("lab shell work", {"worker", "worker2"}),
    ("lab start 77 --variant p", {""}),
]


def _run(*argv: str) -> set[str]:
    """Return the lines that a command prints; `lab` is on its PATH."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    # What chooses the shell is asked of the parent process.
    done = subprocess.run(
        argv,
        env=os.environ | {"PATH": path, "SHELL": argv[0]},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.removesuffix("\n").split("\n"))


def _in_bash(line: str, command: str = "lab") -> set[str]:
    front, _, word = line.rpartition(" ")
    front = front.replace("lab", command, 1)
    script = _BASH.format(line=front, command=command)
    return _run("bash", "--norc", "-c", script, "bash", word)


@pytest.mark.parametrize(("line", "offers"), _TESTED)
def test_bash(line: str, offers: set[str]) -> None:
    """Bash offers commands, labs, faults of the lab, and machines."""
    assert _in_bash(line) == offers


def test_bash_by_path() -> None:
    """It completes what is typed as a path, as the docs do."""
    assert _in_bash("lab shell des", f"{BIN}/lab") == {"desk"}


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize(("line", "offers"), _TESTED[:-1])
def test_fish(line: str, offers: set[str]) -> None:
    """Fish offers the same, with a text for each."""
    front, _, word = line.rpartition(" ")
    shown = _run("fish", "-c", _FISH.format(line=front), word)

    assert {offer.split("\t")[0] for offer in shown} == offers


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_protocol(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the scripts for other shells call answers with the same."""
    monkeypatch.setenv("_LAB_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "lab start 3 --variant peer-p")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")

    (line,) = _run("lab")

    assert "peer-port" in line
