"""A live test is run once more if its command failed, not if it was wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from graders.settings import ROOT
from tests.commands import CommandFailedError, output
from tests.proving import expect_proven

if TYPE_CHECKING:
    from pathlib import Path

RERUN = ("--reruns", "1", "--only-rerun", "CommandFailedError")


def proof(*rows: tuple[bool, bool]) -> subprocess.CompletedProcess[str]:
    """Return a proof whose rows are (as expected, graded)."""
    listed = [{"ok": ok, "graded": graded} for ok, graded in rows]
    proven = all(ok for ok, _ in rows)
    text = json.dumps({"proven": proven, "rows": listed})
    return subprocess.CompletedProcess("", 0 if proven else 1, text, "")


def test_a_proof_without_a_verdict_is_a_failed_command() -> None:
    """Its rows are in the message."""
    expect_proven(proof((True, True)))
    with pytest.raises(CommandFailedError, match="graded"):
        expect_proven(proof((True, True), (False, False)))


def test_a_wrong_verdict_is_not() -> None:
    """Not even if another row had none."""
    with pytest.raises(AssertionError):
        expect_proven(proof((False, True), (False, False)))


def test_output_of_a_failed_command() -> None:
    """Both streams are in the message."""
    assert output(subprocess.CompletedProcess("", 0, "fine", "")) == "fine"
    with pytest.raises(CommandFailedError, match=r"told\n.*why"):
        output(subprocess.CompletedProcess("x", 3, "told", "why"))


@pytest.mark.parametrize(
    ("fails", "calls"),
    [
        ("raise CommandFailedError('slow')", 2),
        ("assert calls.stat().st_size == 0", 1),
    ],
)
def test_what_is_run_once_more(tmp_path: Path, fails: str, calls: int) -> None:
    """Pytest's options, as the Makefile has them, do that."""
    assert " ".join(RERUN) in (ROOT / "Makefile").read_text(encoding="utf-8")
    test = tmp_path / "test_it.py"
    test.write_text(
        "from pathlib import Path\n"
        "from tests.commands import CommandFailedError\n"
        "def test_it():\n"
        "    calls = Path(__file__).with_name('calls')\n"
        "    calls.open('a').write('x')\n"
        f"    {fails}\n",
        encoding="utf-8",
    )
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *RERUN, str(test)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=False,
        capture_output=True,
    )
    assert len((tmp_path / "calls").read_text(encoding="utf-8")) == calls
