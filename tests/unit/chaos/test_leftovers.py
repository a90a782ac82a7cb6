"""What a round must not leave."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tests.chaos import leftovers

if TYPE_CHECKING:
    from tests.paper_world import PaperWorld


def test_a_lab_in_order(world: PaperWorld) -> None:
    """Nothing is left."""
    world.objects = ["web", "kubernetes", "web-0a1b2c"]

    assert leftovers.leftovers(world) == []
    assert leftovers.cluster_of(world) == "ok"


def test_marks_and_half_files(world: PaperWorld) -> None:
    """Each is named."""
    (world.state / "grading").touch()
    (world.state / "lab" / "changing").touch()
    (world.state / "lab" / "state.new").touch()

    found = list(leftovers.files(world))

    assert found == [
        "grading is left",
        "lab/changing is left",
        "half a file is left: lab/state.new",
    ]


def test_containers_that_do_not_run(world: PaperWorld) -> None:
    """A paused node, and a machine that is gone."""
    world.states = {world.name("worker"): "paused", world.name("desk"): "gone"}

    found = list(leftovers.paused(world))

    assert found == [
        f"{world.name('worker')} is paused",
        f"{world.name('desk')} is not there",
    ]


def test_objects_of_a_grade(world: PaperWorld) -> None:
    """By the names that the grader makes up."""
    world.objects = ["orders-0a1b2c", "web"]

    found = list(leftovers.probe_objects(world, patience=0))

    assert found == ["an object of a grade is left: Service orders-0a1b2c"]


def test_saved_reports(world: PaperWorld) -> None:
    """Only those of the round."""
    logs = world.state / "logs"
    logs.mkdir()
    now = time.time()
    (logs / "fault-2.log").touch()
    (logs / "fault-1.log").touch()
    os.utime(logs / "fault-1.log", (now - 100, now - 100))

    assert leftovers.faults(world, now - 10) == [
        "the kit saved a report of its fault: fault-2.log"
    ]
