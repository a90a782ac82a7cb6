"""A recording is what a command printed on a terminal, or a part of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck, UsageError
from graders.proof.recording import (
    Pane,
    Recording,
    cut,
    load_recording,
    printed,
)

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "\x1b[1mlab-1\x1b[0m\nPASS a\n\x1b[32mSolved.\x1b[0m 9 points\nNext\n"


def test_terminal() -> None:
    """The command sees a terminal of 80 columns, and how it ends counts."""
    script = "test -t 1 && stty size && echo $TERM && exit 3"
    argv = ["sh", "-c", script]

    text = printed(argv, os.environ, [3])

    assert text == "24 80\nxterm-256color\n"
    with pytest.raises(CannotCheck, match="ended with 3: 24 80"):
        printed(argv, os.environ, [0, 1])


def test_cut() -> None:
    """What is left out is marked; colours do not matter, and stay."""
    assert cut(TEXT) == TEXT.rstrip()
    assert cut(TEXT, last="Solved.").endswith("[0m 9 points\n...")
    assert cut(TEXT, "PASS", "PASS") == "...\nPASS a\n..."
    with pytest.raises(CannotCheck, match="no line begins with 'FAIL'"):
        cut(TEXT, "FAIL")


def test_file(tmp_path: Path) -> None:
    """It is read as it was written; without a file there is none."""
    file = tmp_path / "recording.json"
    assert load_recording(file) is None
    pane = Pane(caption="Broken", command="grade", text=TEXT)
    recording = Recording(date="2026-11-30", kit="0.2.0", panes=(pane,))
    file.write_text(recording.model_dump_json())

    assert load_recording(file) == recording


@pytest.mark.parametrize("text", ["", "{", "[]", '{"date": 1}', "\xff"])
def test_damaged(tmp_path: Path, text: str) -> None:
    """It says how to get another one."""
    file = tmp_path / "recording.json"
    file.write_bytes(text.encode("latin-1"))

    with pytest.raises(UsageError, match="damaged; scripts/record makes"):
        load_recording(file)
