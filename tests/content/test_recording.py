"""The first page shows a run of the kit as it is now."""

from __future__ import annotations

import re

import pytest

from graders.course.lab import load_lab
from graders.proof.recording import load_recording

_CHECK = re.compile(r"^ (?:PASS|FAIL|----) +(?P<layer>\S+) +", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_recording() -> None:
    """Its points and its checks' layers are those of the labs."""
    recording = load_recording()
    if recording is None:
        pytest.skip("scripts/record has not been run")

    broken, repaired, outage = (
        _COLOUR.sub("", pane.text) for pane in recording.panes
    )

    total = sum(load_lab("1").checks.values())
    assert f" of {total} points" in broken
    assert f"{total} of {total} points" in repaired
    assert [m["layer"] for m in _CHECK.finditer(broken)] == ["allocation"]
    assert re.search(r"^answered +=", outage, re.MULTILINE)
    assert re.search(r"^lost +x", outage, re.MULTILINE)
