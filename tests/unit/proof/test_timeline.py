"""The steps of a cold start are read from its playbook's events."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from graders.proof.timeline import last_playbook, phases, to_measures

if TYPE_CHECKING:
    from pathlib import Path


def _event(
    second: int, kind: str, task: str = "", role: str | None = None
) -> dict[str, Any]:
    return {
        "counter": second,
        "created": f"2026-11-29T19:00:{second:02}.500000+00:00",
        "event": kind,
        "event_data": {"task": task, "role": role},
    }


EVENTS = [
    _event(0, "playbook_on_start"),
    _event(1, "playbook_on_task_start", "Create the networks"),
    _event(2, "playbook_on_task_start", "List networks", "network_kind"),
    _event(3, "runner_on_ok", "List networks", "network_kind"),
    _event(5, "playbook_on_task_start", "Complete the cluster"),
    _event(12, "playbook_on_stats"),
    _event(13, "verbose"),
]


def test_tasks_of_a_role_belong_to_its_step() -> None:
    """A step ends where the next one begins."""
    assert phases(EVENTS) == {
        "create the networks": 4,
        "complete the cluster": 7,
    }


def test_rows() -> None:
    """Short steps and what is outside the playbook come last."""
    rows = to_measures(
        [(12.5, {"a": 4.0, "b": 0.1, "c": 7.0}), (10.0, {"a": 3.0, "c": 7.5})]
    )

    assert [(row.name, row.values) for row in rows] == [
        ("cold start: a", [4, 3]),
        ("cold start: c", [7, 7.5]),
        ("cold start: all other steps", [1.5, 0]),
    ]


def test_the_last_playbook(tmp_path: Path) -> None:
    """Events are in their order, and those of earlier runs are left out."""
    for run, events in (("b", EVENTS[:2]), ("a", EVENTS)):
        folder = tmp_path / "artifacts" / run / "job_events"
        folder.mkdir(parents=True)
        for event in events:
            name = f"{event['counter']}-x.json"
            (folder / name).write_text(json.dumps(event), encoding="utf-8")
    os.utime(tmp_path / "artifacts" / "b", (1, 1))

    assert last_playbook(tmp_path) == EVENTS
