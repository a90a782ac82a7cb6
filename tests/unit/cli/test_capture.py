"""`lab capture` writes a new file, or into a pipe."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.providers.base import Location
from graders.providers.kind import KindProvider
from graders.providers.packet_capture import Capture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typer.testing import Result


def _capture(*argv: str) -> Result:
    return CliRunner().invoke(lab_app, ["capture", *argv])


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Have a lab in which three bytes are captured; return the requests."""
    asked: list[tuple[object, ...]] = []

    def run(
        self: Capture, _: object, expression: Sequence[str], out: IO[bytes]
    ) -> None:
        asked.append((self.seconds, self.max_bytes, *expression))
        if "nonsense" in expression:
            raise UsageError("tcpdump on router: syntax error")
        self.packets, self.size = 1, out.write(b"abc")
        if "icmp" in expression:
            raise KeyboardInterrupt

    monkeypatch.delenv("STUDENT", raising=False)
    location = Location(make_plan(), exists=True)
    monkeypatch.setattr(KindProvider, "locate", lambda *_: location)
    monkeypatch.setattr(KindProvider, "check_access", lambda *_: None)
    monkeypatch.setattr(Capture, "run", run)
    return asked


def test_file(tmp_path: Path, asked: list[tuple[object, ...]]) -> None:
    """Filter and limits are passed on; how much there is is said."""
    file = tmp_path / "a.pcap"

    done = _capture(
        *("router", str(file), "--filter", "arp or icmp6"),
        *("--seconds", "5", "--megabytes", "2"),
    )

    assert done.exit_code == 0
    assert file.read_bytes() == b"abc"
    assert asked == [(5, 2_000_000, "arp", "or", "icmp6")]
    assert "packets: 1, bytes: 3" in done.stderr


def test_pipe() -> None:
    """Standard output has the packets and nothing else."""
    assert _capture("router").stdout == "abc"


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C is how a capture is ended; what came before is kept."""
    done = _capture("router", str(tmp_path / "a.pcap"), "--filter", "icmp")

    assert done.exit_code == 0
    assert (tmp_path / "a.pcap").read_bytes() == b"abc"


def test_refused(tmp_path: Path) -> None:
    """No empty file is left."""
    file = tmp_path / "a.pcap"

    done = _capture("router", str(file), "--filter", "nonsense")

    assert (done.exit_code, file.exists()) == (2, False)
    assert "syntax error" in done.stderr


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("rooter",), "machine must be one of router,"),
        (("router", "/nowhere/a.pcap"), "could not create /nowhere/a.pcap"),
        (("router", "/dev/null"), "name a new file"),
        (("router", "--seconds", "601"), "600"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], words: str) -> None:
    """It ends with 2, before anything is captured."""
    done = _capture(*argv)

    assert done.exit_code == 2
    assert words in done.stderr
