"""Which lab a submission is played on, whatever it says of itself."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from graders.classroom.prepare import prepare
from graders.course.lab import load_lab
from graders.plan.plan import make_plan, variant_for
from graders.plan.ticket import PAYLOAD_TYPE
from graders.state import lab_state
from tests.submissions import changed, handed_in, members

if TYPE_CHECKING:
    from pathlib import Path

PLAN: Final = "plan.json"
LAB: Final = load_lab("1")
OWN: Final = variant_for(make_plan("ada"), LAB.id, list(LAB.variants))
OTHER: Final = next(name for name in LAB.variants if name != OWN)
NONCE: Final = "00112233445566ff"


def fault(name: str) -> dict[str, str]:
    """Return the field of a plan that names a fault."""
    return {"variant": lab_state.pack(name)}


def plan(**fields: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return the plan of ada's own fault, with other fields."""
    return changed(members()[PLAN], **(fault(OWN) | fields))


def ticket(student: str) -> dict[str, Any]:
    """Return the envelope of a ticket that nobody signed."""
    days = {"issued": "2026-11-01", "valid_until": "2027-01-31"}
    names = {"course": "nets", "student": student, "name": "Ada"}
    payload = {"version": 1, "nonce": NONCE, "key": "0" * 64, **days, **names}
    packed = base64.b64encode(json.dumps(payload).encode()).decode()
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": packed,
        "signatures": [{"keyid": "x", "sig": "eA=="}],
    }


def test_the_students_own_lab(tmp_path: Path) -> None:
    """It is played with the numbers of name and slot."""
    file = handed_in(tmp_path / "ada.lab", plan=plan())

    found = prepare(file, ["its signature is not of a known key"])

    assert found.plan == make_plan("ada")
    assert (found.known.student, found.known.lab) == ("ada", LAB.id)
    assert found.known.fault == OWN
    assert found.known.reasons == ("its signature is not of a known key",)
    assert found.known.claimed
    assert found.known.work.attempts == 1


def test_a_ticket_gives_other_numbers(tmp_path: Path) -> None:
    """Last year's repair does not fit them."""
    ours = make_plan("ada", nonce=NONCE)
    own = variant_for(ours, LAB.id, list(LAB.variants))
    file = handed_in(
        tmp_path / "ada.lab",
        plan=plan(numbers=ours.as_vars(), ticket=ticket("ada"), **fault(own)),
    )

    found = prepare(file)

    assert found.plan == ours
    assert found.ticket


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"numbers": make_plan("bob").as_vars()},
            "its numbers are not those of ada",
        ),
        ({"ticket": ticket("bob")}, "its ticket is of bob, not of ada"),
        ({"ticket": {}}, "its ticket: "),
        ({"student": "bob"}, "its numbers are not those of bob"),
        ({"slot": 5000}, "slot must be 0 to"),
        ({"lab": "lab-99-none"}, "lab-99-none"),
        ({"lab": "lab-2-layer-2"}, "variant of lab-2-layer-2 must be one of"),
        (fault("none"), "variant of lab-1-pending-service must be one of"),
        (fault(OTHER), "--any-fault regrades it all the same"),
    ],
)
def test_refused(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    """Nothing is played, and the row says why."""
    file = handed_in(tmp_path / "ada.lab", plan=plan(**fields))

    found = prepare(file)

    assert found.plan is None
    assert found.known.status == "refused"
    assert reason in found.known.reasons[-1]


def test_a_grade_of_another_student(tmp_path: Path) -> None:
    """A result is easily copied."""
    result = members("bob")["result.json"]
    file = handed_in(tmp_path / "ada.lab", plan=plan(), result=result)

    assert "its grade is of bob" in prepare(file).known.reasons[0]


def test_another_fault_if_the_teacher_wants_it(tmp_path: Path) -> None:
    """A class may have practised with all of them."""
    file = handed_in(tmp_path / "ada.lab", plan=plan(**fault(OTHER)))

    found = prepare(file, any_fault=True)

    assert found.plan
    assert "is not the one that ada has" in found.known.reasons[0]


def test_no_submission(tmp_path: Path) -> None:
    """All that is wrong with the file is in the row."""
    file = tmp_path / "ada.lab"
    file.write_bytes(b"PK")

    found = prepare(file)

    assert found.known.status == "refused"
    assert found.known.sha256
    assert found.known.reasons[0].startswith("ada.lab")
