"""What a cold start spends its time on, by the events of its playbook."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

from graders.proof.bench import Measure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OTHERS: Final = "all other steps"
_TASK: Final = "playbook_on_task_start"
# Steps that take less than this are added up.
_SHOWN_S: Final = 0.2


def last_playbook(runner: Path) -> list[dict[str, Any]]:
    """Return all events of the playbook that ran last, in order."""
    runs = (runner / "artifacts").iterdir()
    newest = max(runs, key=lambda folder: folder.stat().st_mtime_ns)
    events: list[dict[str, Any]] = [
        json.loads(file.read_text("utf-8"))
        for file in (newest / "job_events").glob("*.json")
    ]
    return sorted(events, key=lambda event: int(event["counter"]))


def phases(events: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds of each step of a playbook, in order.

    A step is a task of the play itself: the tasks of the role that it
    includes belong to it.
    """
    seconds: dict[str, float] = {}
    step, since = "", dt.datetime.min.replace(tzinfo=dt.UTC)
    for event in events:
        at = dt.datetime.fromisoformat(event["created"])
        data = event["event_data"]
        begins = event["event"] == _TASK and not data.get("role")
        if step and (begins or event["event"] == "playbook_on_stats"):
            spent = (at - since).total_seconds()
            seconds[step] = seconds.get(step, 0) + spent
            step = ""
        if begins:
            name = str(data["task"])
            step, since = name[0].lower() + name[1:], at
    return seconds


def to_measures(
    starts: Iterable[tuple[float, dict[str, float]]],
) -> list[Measure]:
    """Return a row for each step, of whole starts and their steps."""
    rows: dict[str, list[float]] = {}
    for whole, seconds in starts:
        shown = {
            name: round(spent, 2)
            for name, spent in seconds.items()
            if spent >= _SHOWN_S
        }
        rest = round(max(whole - sum(shown.values()), 0), 2)
        for name, spent in (shown | {OTHERS: rest}).items():
            rows.setdefault(name, []).append(spent)
    others = {OTHERS: rows.pop(OTHERS, [])}
    return [
        Measure(f"cold start: {name}", "reference", values=values)
        for name, values in (rows | others).items()
        if values
    ]
