"""What was measured is kept, read and shown."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from graders.course.lab import all_labs
from graders.errors import UsageError
from graders.proof import bench
from graders.proof.bench import Figure, Measure
from graders.site import reference
from graders.site.fragments import Diagnostics

if TYPE_CHECKING:
    from pathlib import Path

ROW: Final[dict[str, Any]] = {
    "name": "reset, lab-0",
    "wanted": "<= 10 s",
    "unit": "s",
    "values": [8.2, 9.0],
    "date": "2026-11-23",
    "machine": "2 cores",
}


def _file(folder: Path, rows: object) -> Path:
    file = folder / "bench.json"
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return file


def test_what_is_in_the_repository_can_be_read() -> None:
    """Every row of docs/bench.json is sound."""
    assert bench.load_figures()


def test_a_run_replaces_its_own_rows(tmp_path: Path) -> None:
    """Others stay where they are, with their date and machine."""
    other = ROW | {"name": "lab up"}
    file = _file(tmp_path, [ROW, other])
    measures = [
        Measure("reset, lab-0", "<= 10 s", values=[7.5]),
        Measure("new", "<= 1 MiB", "MiB", [0.5]),
        Measure("not measured", "<= 1 s"),
    ]

    bench.save_figures(bench.to_figures(measures), file)

    found = bench.load_figures(file)
    assert [one.name for one in found] == ["reset, lab-0", "lab up", "new"]
    assert found[0].values == [7.5]
    assert found[0].machine == bench.machine_summary()
    assert found[0].date >= dt.date(2026, 11, 23)
    assert found[1] == Figure.model_validate(other)
    assert [one.name for one in tmp_path.iterdir()] == ["bench.json"]


def test_the_first_run_has_no_file(tmp_path: Path) -> None:
    """It makes one."""
    file = tmp_path / "bench.json"
    assert bench.load_figures(file) == []

    bench.save_figures([Figure.model_validate(ROW)], file)

    assert bench.load_figures(file) == [Figure.model_validate(ROW)]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ({}, ":1 must be a list of rows"),
        ([ROW | {"values": []}], ":6: values must have 1 or more entries"),
        ([ROW, ROW | {"values": ["x"]}], ":18: values.0 must be valid"),
        ([ROW | {"date": "today"}], ":10: date must be valid"),
        ([ROW | {"more": 1}], ":12: more is not a key that"),
        ([{"name": "x"}], ":2: machine must be given"),
        ([ROW, ROW], ":13: 'reset, lab-0' must come once"),
    ],
)
def test_broken_rows_are_told(
    tmp_path: Path, rows: object, problem: str
) -> None:
    """With file and line, and a run does not write over them."""
    file = _file(tmp_path, rows)
    before = file.read_text(encoding="utf-8")

    with pytest.raises(UsageError) as error:
        bench.save_figures([Figure.model_validate(ROW)], file)

    assert any(problem in one for one in error.value.problems)
    assert all("bench.json" in one for one in error.value.problems)
    assert file.read_text(encoding="utf-8") == before


def test_what_is_no_json_is_told(tmp_path: Path) -> None:
    """With its line."""
    file = tmp_path / "bench.json"
    file.write_text("[\n 1,\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"bench\.json:3 must be JSON"):
        bench.load_figures(file)


def test_labs_by_their_numbers() -> None:
    """All for nothing, and what is no lab is told."""
    labs = all_labs()

    assert bench.select_labs(labs, "") == labs
    assert [one.number for one in bench.select_labs(labs, "3, 1")] == [3, 1]
    with pytest.raises(UsageError, match="--labs must be numbers of 0, "):
        bench.select_labs(labs, "1,x")


def test_the_table_has_one_part_for_each_machine() -> None:
    """With how often, the middle, the worst, and the day."""
    wrong = ROW | {"unit": "of 120", "values": [0], "machine": "8 cores"}
    idle = ROW | {"name": "idle", "unit": "cores", "values": [0.1234]}
    text = reference.bench_table(
        [Figure.model_validate(row) for row in (ROW, idle, wrong)]
    )

    assert "On a machine with 2 cores:" in text
    assert "| 2 | 8.6 s | 9.0 s | <= 10 s | <time " in text
    assert "| 1 | 0.123 cores | 0.123 cores |" in text
    assert "| 1 | 0 of 120 | 0 of 120 | <= 10 s |" in text
    assert text.count("| what |") == 2
    assert reference.bench_table([]) == "Nothing has been measured yet."


def test_the_page_gets_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without a place for it is a problem, and so is broken data."""
    problems = Diagnostics()
    marks = f"a\n{reference.CHARTS_MARK}\n{reference.BENCH_MARK}\nb"
    text = reference.with_figures(marks, problems)
    assert "<svg " in text.partition("| what |")[0]
    assert "| reset, lab-0 |" in text
    assert problems.problems == []

    def broken(file: Path) -> list[Figure]:
        raise UsageError(f"{file.name}:7: values must be given")

    monkeypatch.setattr(bench, "load_figures", broken)
    reference.with_figures("a", problems)
    assert problems.problems == [
        "docs/bench.md: <!-- charts --> must be where the charts are",
        "docs/bench.md: <!-- figures --> must be where the table is",
        "bench.json:7: values must be given",
    ]
