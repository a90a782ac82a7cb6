"""A fault of the kit leaves a report without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.cli.fault_report import save_fault_report

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # noqa: S105 - what must not be found


@pytest.fixture(autouse=True)
def folder(base: Path) -> Path:
    """Return the folder of the student's reports."""
    return base / "demo" / "faults"


def _fault(message: str = "out of ideas") -> str:
    """Report an exception."""
    try:
        _fail(message)
    except RuntimeError:
        return save_fault_report("demo")
    return ""


def _fail(message: str) -> None:
    raise RuntimeError(message)


def test_report(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """It has command, versions and traceback, and is its owner's alone."""
    monkeypatch.setattr("sys.argv", ["/x/bin/lab", "start", "1"])

    text = _fault()

    (file,) = folder.iterdir()
    report = file.read_text(encoding="utf-8")
    assert text == f"please report it with {file}"
    assert report.startswith("command: lab start 1\nmetallb-lab-kit: 0.")
    assert "\npython: 3." in report
    assert (
        "raise RuntimeError(message)\nRuntimeError: out of ideas\n" in report
    )
    assert file.stat().st_mode & 0o777 == 0o600


def test_no_secrets(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Neither what a shell was to run nor a proxy's password is in it."""
    argv = ["lab", "shell", "-c", f"login {SECRET}"]
    monkeypatch.setattr("sys.argv", argv)

    _fault(f"could not get http://ada:{SECRET}@proxy:3128/x")

    (file,) = folder.iterdir()
    report = file.read_text(encoding="utf-8")
    assert "command: lab shell -c\n" in report
    assert "http://proxy:3128/x" in report
    assert SECRET not in report
