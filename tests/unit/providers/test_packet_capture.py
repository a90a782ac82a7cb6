"""Captures have whole packets only, and an end."""

from __future__ import annotations

import io
import struct
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import UsageError
from graders.providers import packet_capture
from graders.providers.packet_capture import Capture
from tests.fuzzing import FUZZ

if TYPE_CHECKING:
    from pathlib import Path

HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 276)
BIG_HEAD = struct.pack(">IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 276)


def _packet(size: int, order: str = "<") -> bytes:
    return struct.pack(f"{order}IIII", 0, 0, size, size) + size * b"x"


@pytest.fixture
def machine(tmp_path: Path) -> list[str]:
    """Return a prefix whose tcpdump prints the file `said`, and a sleep."""
    script = tmp_path / "tcpdump"
    script.write_text(
        f"#!/bin/sh\ncat {tmp_path}/said\ncat {tmp_path}/error >&2\n"
        f"[ ! -e {tmp_path}/forever ] || exec sleep 60\n"
    )
    script.chmod(0o755)
    (tmp_path / "error").write_text("")
    return ["env", f"PATH={tmp_path}:/usr/bin:/bin"]


def _run(
    machine: list[str], max_bytes: int = 10_000, seconds: int = 5
) -> tuple[Capture, bytes]:
    out = io.BytesIO()
    capture = Capture("router", seconds, max_bytes)
    capture.run(machine, ["arp"], out)
    return capture, out.getvalue()


@pytest.mark.parametrize(("head", "order"), [(HEAD, "<"), (BIG_HEAD, ">")])
def test_whole(
    machine: list[str], tmp_path: Path, head: bytes, order: str
) -> None:
    """What tcpdump writes is what is kept, in either order of bytes."""
    said = head + _packet(60, order) + _packet(0, order)
    (tmp_path / "said").write_bytes(said)

    capture, kept = _run(machine)

    assert kept == said
    assert (capture.packets, capture.size) == (2, len(said))


def test_a_packet_that_was_cut(machine: list[str], tmp_path: Path) -> None:
    """It is left out, so that each program can read the file."""
    whole = HEAD + _packet(60)
    (tmp_path / "said").write_bytes(whole + _packet(60)[:-1])

    assert _run(machine)[1] == whole


def test_damaged(machine: list[str], tmp_path: Path) -> None:
    """A length that no packet has ends the capture."""
    (tmp_path / "said").write_bytes(HEAD + _packet(60)[:8] + 8 * b"\xff")

    assert _run(machine)[1] == HEAD


def test_size(machine: list[str], tmp_path: Path) -> None:
    """It ends before the packet that would be too much, at once."""
    (tmp_path / "said").write_bytes(HEAD + 9 * _packet(60))
    (tmp_path / "forever").touch()
    begun = time.monotonic()

    capture, kept = _run(machine, max_bytes=200, seconds=60)

    assert kept == HEAD + 2 * _packet(60)
    assert capture.packets == 2
    assert time.monotonic() - begun < 20


def test_time(machine: list[str], tmp_path: Path) -> None:
    """It ends when its seconds are over."""
    (tmp_path / "said").write_bytes(HEAD)
    (tmp_path / "forever").touch()

    assert _run(machine, seconds=1)[1] == HEAD


def test_a_machine_that_does_not_end_it(
    machine: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is paused, say: it is left after a while."""
    (tmp_path / "said").write_bytes(HEAD)
    (tmp_path / "forever").touch()
    (tmp_path / "timeout").write_text('#!/bin/sh\nshift 3\nexec "$@"\n')
    (tmp_path / "timeout").chmod(0o755)
    monkeypatch.setattr(packet_capture, "_GRACE_S", 0)

    assert _run(machine, seconds=1)[1] == HEAD


@pytest.mark.parametrize(
    "error", ["tcpdump: syntax error in filter expression", ""]
)
def test_refused(machine: list[str], tmp_path: Path, error: str) -> None:
    """What tcpdump says is shown."""
    (tmp_path / "said").write_bytes(b"")
    (tmp_path / "error").write_text(error)

    with pytest.raises(UsageError, match=f"tcpdump on router: {error}"):
        _run(machine)


@FUZZ
@given(
    head=st.sampled_from([HEAD, BIG_HEAD, b""]) | st.binary(max_size=30),
    packets=st.lists(
        st.builds(_packet, st.integers(0, 90), st.sampled_from("<>"))
        | st.binary(max_size=40),
        max_size=8,
    ),
    limit=st.integers(0, 400),
)
def test_whatever_tcpdump_writes(
    head: bytes, packets: list[bytes], limit: int
) -> None:
    """Damaged, cut short or in another order of bytes: never too much."""
    said = head + b"".join(packets)
    capture = Capture("router", 1, limit)

    kept = b"".join(capture._parts(io.BytesIO(said)))

    assert said.startswith(kept)
    assert len(kept) <= max(limit, len(HEAD))
    assert capture.packets <= len(kept) // 16
