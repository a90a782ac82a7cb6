"""Differences become a script that real bash runs with other programs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from graders.classroom.differences_script import counts, is_empty, to_script
from graders.classroom.submission import Differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "it's $(one)"},
}
KUBECTL = """#!/bin/bash
echo "kubectl $*" >> calls
case " $FAILS " in *" $1 "*) cat > /dev/null; exit 1 ;; esac
for last; do :; done
cp "$last" "last-$1.json"
"""
ON = """#!/bin/bash
printf '<%s>' on "$@" >> calls; echo >> calls
cat >> calls
[ "$1" != worker ]
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a script with other kubectl and on."""
    for name, text in (("kubectl", KUBECTL), ("on", ON)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def script(
        fails: str = "",
        **parts: object,
    ) -> subprocess.CompletedProcess[str]:
        found = Differences.model_validate({"version": 1, **parts})
        return subprocess.run(
            ["bash", "-s"],
            input=to_script(found),
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "LAB_ANSWERS": str(tmp_path / "an answer"),
                "FAILS": fails,
            },
            timeout=60,
            check=False,
        )

    return script


def calls(folder: Path) -> list[str]:
    """Return the calls of kubectl and on."""
    return (folder / "calls").read_text().splitlines()


def test_an_object_is_replaced(run: Run, tmp_path: Path) -> None:
    """A merge would leave what a student removed from it."""
    done = run(objects={"apply": [POOL], "delete": []})

    assert calls(tmp_path) == ["kubectl replace -f object.json"]
    assert '"it\'s $(one)"' in (tmp_path / "last-replace.json").read_text()
    assert counts(done.stdout) == (1, 0)


@pytest.mark.parametrize(
    ("fails", "last"),
    [
        ("replace", "kubectl create -f object.json"),
        (
            "replace create",
            "kubectl replace --force --grace-period=1 -f object.json",
        ),
    ],
)
def test_an_object_that_cannot_be_replaced(
    run: Run, tmp_path: Path, fails: str, last: str
) -> None:
    """It is created, or deleted and created."""
    done = run(fails, objects={"apply": [POOL], "delete": []})

    assert calls(tmp_path)[-1] == last
    assert counts(done.stdout) == (1, int("create" in fails))


def test_objects_are_deleted(run: Run, tmp_path: Path) -> None:
    """One that has gone already is no failure."""
    one = {
        "apiVersion": "v1",
        "kind": "Service",
        "namespace": "lab-1",
        "name": "x",
    }
    two = {"apiVersion": "v1", "kind": "Namespace", "name": "y"}
    done = run(objects={"apply": [], "delete": [one, two]})

    assert (
        calls(tmp_path)
        == ["kubectl delete --ignore-not-found --timeout=60s -f object.json"]
        * 2
    )
    assert '"name": "y"' in (tmp_path / "last-delete.json").read_text()
    assert counts(done.stdout) == (2, 0)


def test_machines_get_their_commands(run: Run, tmp_path: Path) -> None:
    """As typed, and with nothing to read: the script is standard input."""
    command = "vtysh -c 'conf t'\necho \"$HOME\""
    done = run(
        machines={"router": {"typed": [command]}, "worker": {"typed": ["x"]}}
    )

    assert calls(tmp_path) == [
        "<on><router><sh><-c><vtysh -c 'conf t'",
        'echo "$HOME">',
        "<on><worker><sh><-c><x>",
    ]
    assert counts(done.stdout) == (2, 1)


def test_answers_are_written(run: Run, tmp_path: Path) -> None:
    """To where a lab's shell says they are."""
    run(answers="rows:\n- 'a' $b\n")

    assert (tmp_path / "an answer").read_text() == "rows:\n- 'a' $b\n"


def test_nothing_differs() -> None:
    """Then there is nothing to play."""
    empty = Differences.model_validate({"version": 1})

    assert is_empty(empty)
    assert not is_empty(empty.model_copy(update={"answers": "x"}))


@pytest.mark.parametrize("text", ["", "applied 1", "applied x 1", "a 1 2"])
def test_a_script_that_did_not_end(text: str) -> None:
    """A repair may end its own shell."""
    assert counts(text) is None
