"""Expectations that no test needs are found."""

from __future__ import annotations

import subprocess
import sys

from graders.settings import ROOT


def _mutate(*argv: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "scripts" / "mutate")
    return subprocess.run(
        [sys.executable, script, *argv],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_check_without_a_test_is_named() -> None:
    """Here, no wrong state of lab 0 has wrong answers."""
    done = _mutate("0", "-k", "not answers-")

    assert done.returncode == 1
    assert "\nlab-0 answers: graders/labs/test_lab_0_hands" in done.stdout
    assert "tests did not notice 1 of them" in done.stdout


def test_no_tests_prove_nothing() -> None:
    """Without tests, all expectations could be removed."""
    done = _mutate("0", "-k", "no_such_test")

    assert done.returncode == 2
