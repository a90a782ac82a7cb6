"""A playbook on machines of a class, on sshd with files of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from graders.classroom.seats.fleet import Fleet, Job
from graders.classroom.seats.seat_command import BASE, DATA
from graders.classroom.seats.seat_plan import (
    Seat,
    SeatPlan,
    write_seat_plan,
)
from graders.settings import ROOT
from tests.classes import a_class
from tests.machines import LAB, class_machine, inventory, needs_machines

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, needs_machines]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "cache"))


def test_a_machine_that_dies_is_lost(tmp_path: Path) -> None:
    """What runs there is given up within a minute, and said."""
    began = tmp_path / "began"
    with class_machine(tmp_path, "dying") as machine:
        course = a_class(tmp_path / "dying class", "dan")
        text = inventory({"dying": machine})
        (course.folder / "machines.yml").write_text(text, encoding="utf-8")
        machine.run(
            "mkdir -p /opt/metallb-lab/bin; cd /opt/metallb-lab/bin;"
            f" printf '#!/bin/sh\ntouch {began}; sleep 600\n' > seat-run;"
            " chmod +x seat-run"
        )
        entry = {"student": "dan", "chosen": True, "argv": [], "stdin": ""}
        variables = {
            "seat_base": BASE,
            "seat_data": DATA,
            "seats_by_machine": {"dying": [entry]},
        }
        job = Job("class_run", ["dying"], [Seat("dan", "dying")], variables)

        def kill() -> None:
            while not began.exists():
                time.sleep(0.1)
            os.kill(machine.sshd.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        with Fleet(course, "lab class exec").hold(print) as fleet:
            report = fleet.run(job, quiet=True)
    assert report.machines["dying"].state == "lost"
    assert report.seats["dying", "dan"].state == "lost"


def test_two_commands_wait_for_each_other(tmp_path: Path) -> None:
    """The second one says for which it waits, and ends nothing of it."""
    course = a_class(tmp_path / "class", "dan")
    text = inventory({"off": None})
    (course.folder / "machines.yml").write_text(text, encoding="utf-8")
    plan = SeatPlan("trusted", (Seat("dan", "off"),), {"off": 1})
    write_seat_plan(course, plan)
    argv = [LAB, "class", "status", "--class", str(course.folder)]
    with (
        Fleet(course, "lab class up").hold(print),
        subprocess.Popen(
            argv, stderr=subprocess.PIPE, text=True, cwd=ROOT
        ) as waiting,
    ):
        assert waiting.stderr
        line = waiting.stderr.readline()
        waiting.kill()
    assert "waiting for `lab class up`" in line
    assert f"pid {os.getpid()}" in line
