"""The outcome of a run: rows, their table, and the page of the docs."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import subprocess
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from graders.files import write_atomically
from graders.proof.bench import machine_summary
from graders.settings import ROOT
from tests.chaos.mishap import MISHAPS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE: Final = ROOT / "docs" / "chaos.json"
PAGE: Final = ROOT / "docs" / "chaos.md"
BEGIN: Final = "<!-- chaos: begin -->"
END: Final = "<!-- chaos: end -->"
NONE: Final = "No run has been published yet."
_HEAD: Final = """\
| kind | what happens | rounds | right | median | worst |
|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Row:
    """One round, as it was played."""

    number: int
    kind: str
    lab: str
    variant: str
    command: str
    moment: str
    back: str
    solved: bool
    seconds: float
    """Of the command back and the verdict."""
    problems: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems


@dataclass(frozen=True)
class Run:
    """The rounds of one run, and where and when they were played."""

    date: str
    machine: str
    commit: str
    seed: int
    rows: list[Row]

    @property
    def right(self) -> int:
        """How many rounds were right."""
        return sum(row.right for row in self.rows)


def new_run(seed: int) -> Run:
    """Return a run of today, here, without a round."""
    today = dt.datetime.now().astimezone().date().isoformat()
    return Run(today, machine_summary(), _commit(), seed, [])


def load(file: Path = FILE) -> Run | None:
    """Return the published run, if there is one."""
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    rows = [Row(**row) for row in found.pop("rows")]
    return Run(rows=rows, **found)


def save(run: Run, file: Path) -> None:
    """Write a run as JSON."""
    write_atomically(file, json.dumps(asdict(run), indent=1) + "\n")


def publish(run: Run, file: Path = FILE, page: Path = PAGE) -> None:
    """Write a run to the docs: its rounds, and the table of the page."""
    save(run, file)
    text = page.read_text(encoding="utf-8")
    write_atomically(page, with_table(text, run))


def with_table(text: str, run: Run | None) -> str:
    """Return the page with the run's table between its marks."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"the page must have {BEGIN} and {END}")
    part = section(run) if run else NONE
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def section(run: Run) -> str:
    """Return a run in Markdown."""
    return (
        f"{run.right} of {len(run.rows)} rounds were right on {run.date},"
        f" on a machine with {run.machine} (kit {run.commit}, seed"
        f" {run.seed}).\n\n{table(run.rows)}"
    )


def table(rows: Sequence[Row]) -> str:
    """Return a row for each kind, in order of name."""
    kinds = sorted({row.kind for row in rows})
    return "\n".join([_HEAD, *(_line(kind, rows) for kind in kinds)])


def _line(kind: str, rows: Sequence[Row]) -> str:
    mine = [row for row in rows if row.kind == kind]
    seconds = [row.seconds for row in mine]
    about = MISHAPS[kind].about if kind in MISHAPS else ""
    return (
        f"| {kind} | {about} | {len(mine)} | {sum(row.right for row in mine)}"
        f" | {statistics.median(seconds):.0f} s | {max(seconds):.0f} s |"
    )


def _commit() -> str:
    argv = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
