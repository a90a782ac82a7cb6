"""Lines are typed while a watch runs, and what it shows is timed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from graders.course.walkthrough import Block, FrontMatter, Walkthrough
from graders.proof import watching
from graders.proof.typist import ShellSpec
from graders.proof.watching import PlainWatch, delays, may_change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Like `lab watch --plain`, which shows a change a fifth of a second later.
WATCH = """
import time
from pathlib import Path
print("12:00:00 FAIL allocation: web has a VIP", flush=True)
print("12:00:00 First broken layer: allocation.", flush=True)
while not Path("repair").exists():
    time.sleep(0.01)
time.sleep(0.2)
print("12:00:01 PASS allocation: web has a VIP", flush=True)
print("12:00:01 All that can be seen is right. Grade it.", flush=True)
time.sleep(60)
"""


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[PlainWatch]:
    """Run the watch."""
    with PlainWatch([sys.executable, "-c", WATCH], tmp_path) as watch:
        yield watch


def _typed(watch: PlainWatch, folder: Path, *lines: str) -> list[float]:
    blocks = (Block("shell", lines, "a.md", 1),)
    shell = ShellSpec(("bash", "--norc"), {**os.environ}, folder)
    walkthrough = Walkthrough(folder, FrontMatter(), blocks)
    return delays(watch, walkthrough, lambda _: shell)


def test_delays(
    watch: PlainWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that changed a verdict has a delay, and no other one has."""
    monkeypatch.setattr(watching, "QUIET_S", 0.2)
    monkeypatch.setattr(watching, "WAIT_S", 2.0)
    assert watch.find(watching.SUMMARY, 0, 20)
    assert not watch.turns_right(0.1)
    lines = [
        "# A comment",
        "",
        "echo one",
        "mkdir other",
        "touch \\",
        "repair",
    ]

    (seconds,) = _typed(watch, tmp_path, *lines)

    assert 0.2 <= seconds < 2
    assert watch.turns_right(5)
    assert (tmp_path / "other").is_dir()
    assert watch.text().startswith("12:00:00 FAIL")


def test_end(watch: PlainWatch) -> None:
    """It is ended once, with its exit code."""
    assert watch.find("FAIL", 0, 20)
    assert watch.find("PASS", 0, 0.1) is None

    first = watch.close()

    assert watch.close() == first


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("k apply -f pool.yaml", True),
        ("  k get svc web", False),
        ("k rollout restart deployment/web", True),
        ("k rollout status deployment/web", False),
        ("on worker ip route del blackhole 10.0.0.1", True),
        ("on worker ip route show", False),
        ("on router vtysh -c 'show bgp summary'", False),
        ("no ip prefix-list x", True),
        ("show running-config", False),
        ("cat > pool.yaml << END", True),
        ("cat pool.yaml", False),
        ("# k apply -f pool.yaml", False),
        ("", False),
    ],
)
def test_may_change(line: str, changes: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    """Lines that only read are not waited for."""
    assert may_change(line) is changes
