"""The first page shows a run of the kit as it is now."""

from __future__ import annotations

import re

import pytest

from graders.proof.recording import load_recording

_CHECK = re.compile(r"^ (?:PASS|FAIL|----) +(?P<layer>\S+) +", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_recording() -> None:
    """A layer is broken, then all points are reached; requests are lost."""
    recording = load_recording()
    if recording is None:
        pytest.skip("scripts/record has not been run")

    broken, repaired, outage = (
        _COLOUR.sub("", pane.text) for pane in recording.panes
    )

    sums = re.search(
        r"^Solved\. (\d+) of (\d+) points", repaired, re.MULTILINE
    )
    assert sums
    assert sums[1] == sums[2]
    assert f" of {sums[2]} points" in broken
    layers = {check["layer"] for check in _CHECK.finditer(broken)}
    assert layers == {"allocation"}
    assert re.search(r"^answered +=", outage, re.MULTILINE)
    assert re.search(r"^lost +x", outage, re.MULTILINE)
