"""Which lab stands, as machine dhcp keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.state import lab_state

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STATE = (
    '{"lab": "lab-1-pending-service", "variant": "no-pool", "run": "ab12",'
    ' "attempts": 3}'
)
# Runs what it is given or types, with /lab in a folder of the test.
DOCKER = """#!/bin/bash
shift
[ "$1" = -i ] && shift
said="Error response from daemon: No such container"
[ "$1" = metallb-lab-dhcp ] || { echo "$said: $1" >&2; exit 1; }
shift
[ "$*" = sh ] && { sed -u "s#/lab/#LAB/#g" | sh; exit; }
exec "${@//\\/lab\\//LAB/}"
"""


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put a docker on PATH whose only machine has its /lab here."""
    folder = tmp_path / "lab"
    folder.mkdir()
    program = tmp_path / "docker"
    program.write_text(DOCKER.replace("LAB", str(folder)), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return folder


def test_nothing_stands() -> None:
    """Without a state file no lab stands."""
    assert lab_state.read(PLAN) is None


def test_current(lab: Path) -> None:
    """What Ansible wrote is read field by field."""
    (lab / "state.json").write_text(STATE, encoding="utf-8")

    found = lab_state.read(PLAN)

    assert found == lab_state.State(
        lab="lab-1-pending-service", variant="no-pool", run="ab12", attempts=3
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"lab": "lab-1"}'])
def test_damaged_state_is_none(lab: Path, text: str) -> None:
    """A damaged file is no lab, and no traceback."""
    (lab / "state.json").write_text(text, encoding="utf-8")

    assert lab_state.read(PLAN) is None


def test_attempts_are_counted(lab: Path) -> None:
    """An attempt is counted, and all else stays."""
    (lab / "state.json").write_text(STATE, encoding="utf-8")
    before = lab_state.read(PLAN)
    assert before

    counted = lab_state.count_attempt(PLAN, before)

    assert counted == 4
    assert lab_state.read(PLAN) == lab_state.State(
        before.lab, before.variant, before.run, 4
    )


def test_a_change_that_was_cut_off_is_told(lab: Path) -> None:
    """Which command it was; a recorded start state is a whole lab's."""
    (lab / "state.json").write_text(STATE, encoding="utf-8")
    told = []
    for end in (
        lab_state.mark_complete,
        lambda plan: lab_state.write_baseline(plan, {}),
    ):
        lab_state.mark_changing(PLAN, "lab reset")
        told.append(lab_state.read(PLAN))
        end(PLAN)
        told.append(lab_state.read(PLAN))

    assert [one and one.changing for one in told] == ["lab reset", ""] * 2


def test_baseline_comes_back_as_it_went(lab: Path) -> None:
    """A recorded start state of any size is read as it was written."""
    wanted = {
        "router": {"configuration": "x\n" * 200_000},
        "client": {"routes": "'$"},
    }

    lab_state.write_baseline(PLAN, wanted)

    assert lab_state.read_baseline(PLAN) == wanted
    assert [file.name for file in lab.iterdir()] == ["baseline.json"]


@pytest.mark.parametrize("text", [None, "", "[]", '{"client routes": "x"}'])
def test_no_baseline(lab: Path, text: str | None) -> None:
    """A baseline that is missing, damaged or of an old form is None."""
    if text is not None:
        (lab / "baseline.json").write_text(text, encoding="utf-8")

    assert lab_state.read_baseline(PLAN) is None


def test_machine_is_gone() -> None:
    """Without machine dhcp it could not look, and names the remedy."""
    plan = make_plan("ada")

    with pytest.raises(CannotCheck, match="lab up"):
        lab_state.read(plan)
    with pytest.raises(CannotCheck, match="lab up"):
        lab_state.write_baseline(plan, {})


def test_machine_that_hangs(
    monkeypatch: pytest.MonkeyPatch, lab: Path
) -> None:
    """A machine that does not take what is written is given up."""
    (lab.parent / "docker").write_text("#!/bin/bash\nexec sleep 60\n")
    monkeypatch.setattr(lab_state, "_TIMEOUT_S", 0.1)

    with pytest.raises(CannotCheck, match=r"could not write .*; `lab up`"):
        lab_state.write_baseline(PLAN, {})
