"""What can go wrong before a command has begun."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from graders.cli import entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Slow(ModuleType):
    """A module that takes so long that somebody types Ctrl-C."""

    def __getattr__(self, name: str) -> object:
        """Be interrupted."""
        raise KeyboardInterrupt


@pytest.mark.parametrize("command", [entry.lab, entry.grade])
def test_interrupted_at_once(
    command: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as an interrupted program does, without a traceback."""
    monkeypatch.setitem(
        sys.modules, "graders.cli.main", Slow("graders.cli.main")
    )

    with pytest.raises(SystemExit) as ended:
        command()

    assert ended.value.code == 130


class Partial(ModuleType):
    """A module that needs a package which is not installed."""

    def __getattr__(self, name: str) -> object:
        """Fail."""
        raise ModuleNotFoundError(f"no {name}", name="typer")


def test_missing_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An update that needs more says what installs it."""
    monkeypatch.setitem(
        sys.modules, "graders.cli.main", Partial("graders.cli.main")
    )

    with pytest.raises(SystemExit) as ended:
        entry.lab()

    assert ended.value.code == 3
    assert "package typer is not installed; `make" in capsys.readouterr().err


def test_windows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Windows itself has no labs; WSL2 has."""
    monkeypatch.setattr("graders.cli.entry.os.name", "nt")

    with pytest.raises(SystemExit) as ended:
        entry.lab()

    assert ended.value.code == 3
    assert "inside WSL2; type `wsl --install`" in capsys.readouterr().err


def test_odd_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal without UTF-8 gets escape sequences, and no error."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii"))

    entry._prepare()
    print("\u2713 \udcff", flush=True)  # noqa: T201 - what a command does

    assert written.getvalue() == b"\\u2713 \\udcff\n"


def test_odd_umask() -> None:
    """The kit can read what it writes, whatever the umask is."""
    before = os.umask(0o777)
    try:
        entry._prepare()
        assert os.umask(0o777) == 0o077
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_odd_locale(variables: dict[str, str], tmp_path: Path) -> None:
    """Help and errors are printed in any locale."""
    script = "from graders.cli import entry; entry.lab()"
    for argv in (["--help"], ["start", "\u00e4"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *argv],
            env=os.environ | {"METALLB_LAB_STATE": str(tmp_path)} | variables,
            capture_output=True,
            check=False,
        )
        assert done.returncode in {0, 2}
        assert b"Traceback" not in done.stderr
