"""Which lab is running, as the kit records it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output
from graders.state import lab_state
from graders.state.lab_state import State, UnknownState

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STATE = State("lab-1-pending-service", "no-pool", "ab12", 3, cluster="c1")
FORMER = (
    '{"lab": "lab-1-pending-service", "variant": "no-pool", "run": "ab12",'
    ' "attempts": 3}'
)


class Dhcp:
    """Machine dhcp, with the state of an earlier version of the kit."""

    def __init__(self) -> None:
        """Have none."""
        self.state = ""
        self.gone = False

    def run(self, machine: Machine, *argv: str, **_: object) -> Output:
        """Run a command."""
        assert machine.role == "dhcp"
        if self.gone:
            raise CannotCheck("no such container")
        if argv[0] == "rm":
            self.state = ""
        return Output("", int(not self.state), self.state, "")


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture(autouse=True)
def dhcp(monkeypatch: pytest.MonkeyPatch) -> Dhcp:
    """Have a machine dhcp."""
    dhcp = Dhcp()
    monkeypatch.setattr(
        Machine, "run", lambda self, *argv, **_: dhcp.run(self, *argv)
    )
    return dhcp


@pytest.fixture
def folder(base: Path) -> Path:
    """Return the folder of the state."""
    folder = base / "demo" / "lab"
    folder.mkdir(parents=True)
    return folder


def test_no_lab() -> None:
    """Without a state no lab is running."""
    assert lab_state.read(PLAN) is None


def test_record() -> None:
    """State and start come back as they were recorded, whatever their size."""
    wanted = {
        "router": {"configuration": "x\n" * 200_000},
        "client": {"routes": "'$"},
    }

    lab_state.record(PLAN, STATE, wanted, {"a b/c": {"d": 1}})

    assert lab_state.read(PLAN) == STATE
    assert lab_state.read_baseline(PLAN) == wanted
    assert lab_state.read_objects(PLAN) == {"a b/c": {"d": 1}}


def test_no_file_names_the_fault(folder: Path) -> None:
    """Whoever looks into the folder does not read what is broken."""
    lab_state.record(PLAN, STATE, {"router": {"x": "no-pool"}}, {})

    texts = [file.read_text("utf-8") for file in folder.iterdir()]
    assert len(texts) == 3
    assert not any("no-pool" in text for text in texts)


@pytest.mark.parametrize("text", ["", "{", "eJyrBQABKQCm", "%"])
def test_damaged_state(folder: Path, text: str) -> None:
    """A damaged file is a lab that is not known, with a way out."""
    (folder / "state").write_text(text, encoding="utf-8")

    with pytest.raises(UnknownState, match=r"damaged, or.*; `lab start 1`"):
        lab_state.read(PLAN)


@pytest.mark.parametrize(
    "change",
    [
        {"attempts": "3"},
        {"attempts": None},
        {"lab": 1},
        {"variant": ["no-pool"]},
        {"cluster": None},
        {"hints": "2"},
        {"gave_up": 1},
        {"new_in_the_next_version": True},
    ],
)
def test_state_of_another_version(
    folder: Path, change: dict[str, Any]
) -> None:
    """Fields of other types and names are not guessed at."""
    fields = {"lab": STATE.lab, "variant": "x", "run": "y", "attempts": 0}
    text = lab_state.pack(fields | change)
    (folder / "state").write_text(text, encoding="utf-8")

    with pytest.raises(UnknownState, match="another version"):
        lab_state.read(PLAN)


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_note_counts(folder: Path, text: str) -> None:
    """A power cut may leave one: the lab is incomplete all the same."""
    lab_state.record(PLAN, STATE, {}, {})
    (folder / "changing").write_text(text, encoding="utf-8")

    found = lab_state.read(PLAN)

    assert found
    assert found.changing == "lab start or lab reset"


def test_attempts_are_counted() -> None:
    """An attempt is counted, and all else stays."""
    lab_state.record(PLAN, STATE, {}, {})

    counted = lab_state.count_attempt(PLAN, STATE)

    assert counted == replace(STATE, attempts=4)
    assert lab_state.read(PLAN) == counted


def test_help_is_recorded() -> None:
    """Hints are counted, and a shown solution is noted."""
    lab_state.record(PLAN, STATE, {}, {})

    state = lab_state.count_hint(PLAN, STATE)
    state = lab_state.mark_given_up(PLAN, lab_state.count_hint(PLAN, state))

    assert state == replace(STATE, hints=2, gave_up=True)
    assert lab_state.read(PLAN) == state


def test_a_change_that_was_interrupted() -> None:
    """Which command it was; a recorded start state is a whole lab's."""
    lab_state.record(PLAN, STATE, {}, {})
    seen = []
    for end in (
        lab_state.mark_complete,
        lambda plan: lab_state.record(plan, STATE, {}, {}),
    ):
        lab_state.mark_changing(PLAN, "lab reset")
        seen.append(lab_state.read(PLAN))
        end(PLAN)
        seen.append(lab_state.read(PLAN))

    assert [one and one.changing for one in seen] == ["lab reset", ""] * 2


@pytest.mark.parametrize("text", [None, "", "[]", '{"client routes": "x"}'])
def test_no_baseline(folder: Path, text: str | None) -> None:
    """A baseline that is missing, damaged or of an old form is None."""
    if text is not None:
        (folder / "start").write_text(text, encoding="utf-8")

    assert lab_state.read_baseline(PLAN) is None


def test_baseline_of_another_form() -> None:
    """One that is no table by machine is None."""
    odds: list[Any] = [[], {"client routes": "x"}, {"client": {"x": 1}}]
    for odd in odds:
        lab_state.record(PLAN, STATE, odd, {})

        assert lab_state.read_baseline(PLAN) is None


def test_state_of_an_earlier_version(dhcp: Dhcp) -> None:
    """It is taken over, and removed from the machine."""
    dhcp.state = FORMER

    found = lab_state.read(PLAN)

    assert found == State("lab-1-pending-service", "no-pool", "ab12", 3)
    assert not dhcp.state
    assert lab_state.read(PLAN) == found
    assert lab_state.read_baseline(PLAN) is None
    assert lab_state.read_objects(PLAN) == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"lab": "lab-1"}'])
def test_damaged_state_of_an_earlier_version(dhcp: Dhcp, text: str) -> None:
    """It is none."""
    dhcp.state = text

    assert lab_state.read(PLAN) is None


def test_no_machine(dhcp: Dhcp) -> None:
    """Without machine dhcp there is no earlier state."""
    dhcp.gone = True

    assert lab_state.read(PLAN) is None


def test_journal_of_a_grade(base: Path) -> None:
    """A lab that is at its start has nothing of it."""
    journal = base / "demo" / lab_state.GRADE_JOURNAL
    lab_state.record(PLAN, STATE, {}, {})
    journal.write_text("remove_object /api/v1/namespaces/orders-ab\n", "utf-8")

    lab_state.mark_complete(PLAN)

    assert not journal.exists()
