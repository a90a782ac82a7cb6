"""What was wrong is said to who found it, from the lab's solutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.course.debrief import (
    Command,
    Debrief,
    debrief,
    has_solutions,
    solution_text,
)
from graders.course.lab import all_labs, load_lab
from graders.course.templates import names
from graders.errors import UsageError
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from graders.course.lab import Lab
    from tests.authoring import LabCopy

VALUES = names(make_plan(), "kind")
FAULTS = [(lab, variant) for lab in all_labs() for variant in lab.variants]


@pytest.mark.parametrize(("lab", "variant"), FAULTS)
def test_each_fault_has_one(lab: Lab, variant: str) -> None:
    """Its texts have the student's numbers, and no names of authors."""
    about = debrief(lab, variant, VALUES)

    turns = [*about.other, *about.wrong]
    texts = [
        about.fault,
        *(one.text for one in about.found_by),
        *(text for turn in turns for text in turn),
    ]
    assert about.layer == lab.variants[variant].layer
    assert all(texts)
    assert not [text for text in texts if "{{" in text or "```" in text]
    assert "lab.yml" not in about.fault


def test_other_faults_stay_unsaid() -> None:
    """Only repairs of the fault that was found are in it."""
    about = debrief(load_lab("1"), "no-pool", VALUES)

    assert [turn.title for turn in about.wrong] == [
        "A pool of addresses that the DHCP server leases",
        "A new pool, and an advertisement for the old one",
    ]
    assert about.found_by[0] == Command("k describe svc web", "")


def test_a_copy_without_solutions(lab_copy: LabCopy) -> None:
    """The fault is named all the same; there is no walkthrough."""
    folder = lab_copy.root / "solutions" / "lab-2-layer-2"
    folder.rename(folder.with_name("elsewhere"))
    lab = lab_copy.lab()

    about = debrief(lab, "no-endpoints", VALUES)

    assert not has_solutions(lab)
    assert about == Debrief(
        "The Service selects pods that do not exist.", "endpoint"
    )
    with pytest.raises(UsageError, match="this copy of the kit has no"):
        solution_text(lab, "no-endpoints", VALUES)


def test_solution_text() -> None:
    """It has all repairs of a fault, and says where a block is typed."""
    text = solution_text(load_lab("4"), "aggregate", VALUES)

    assert text.startswith("# One route for VIPs on different nodes")
    assert "\n## Other correct repairs\n\n### Each VIP in addition" in text
    assert "\n## Wrong turns\n\n### A copy of web on every worker" in text
    assert "\nOn router:\n\n```text\nip route show match 10.0.100.7\n" in text
    assert "{{" not in text


def test_an_author_s_mistake(lab_copy: LabCopy) -> None:
    """It is named with its file."""
    lab_copy.edit("solutions/no-endpoints.md", "# The", "# {{ nonsense }} The")

    with pytest.raises(UsageError, match=r"no-endpoints.md: 'nonsense'"):
        solution_text(lab_copy.lab(), "no-endpoints", VALUES)
