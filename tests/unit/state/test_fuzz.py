"""Files of the kit's own that are damaged, or of another release."""

from __future__ import annotations

import base64
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.cli.hint import _read as read_hints
from graders.errors import CannotCheck
from graders.lifecycle.lock import _holder
from graders.plan.plan import make_plan
from graders.providers.machine import Machine
from graders.state import lab_state
from graders.state.baseline import diff
from graders.state.current import require_complete
from graders.state.start_state import READINGS
from tests.fuzzing import FUZZ, damaged, damaged_json, read

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()
STATE = {
    "lab": "lab-1-pending-service",
    "variant": "no-pool",
    "run": "ab12",
    "attempts": 3,
    "cluster": "",
}
BASELINE = {"router": {"routes": "a\nb"}, "": {"services lab-1/web": "{}"}}
OBJECTS = {"services lab-1/web": {"metadata": {"name": "web"}}}
HOLDER = {"verb": "lab up", "pid": 1, "since": "2026-01-01T00:00:00+00:00"}
PRINTED = (
    "2: eth0@if3: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP\n",
    "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 10.0.0.1 -j DROP\n",
    "qdisc noqueue 0: dev lo root refcnt 2\nqdisc tbf 8001: dev eth0 root\n",
    "/proc/sys/net/ipv4/ip_forward:1\n",
    "644  /etc/hosts\n123 45 /etc/kubernetes/pki/ca.crt\n",
)


def _packed(text: str) -> str:
    content = zlib.compress(text.encode(errors="surrogateescape"))
    return base64.b64encode(content).decode()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, base: Path) -> Path:
    """Return the folder of the state; no machine has any."""

    def none(*_: object, **__: object) -> None:
        raise CannotCheck("no such container")

    monkeypatch.setattr(Machine, "run", none)
    folder = base / "demo" / "lab"
    folder.mkdir(parents=True)
    return folder


def _read_all() -> None:
    """Read each file as the commands do."""
    read(lambda: lab_state.read(PLAN))
    read(lambda: require_complete(PLAN))
    recorded = lab_state.read_baseline(PLAN)
    assert all(map(str, diff(recorded or {}, BASELINE)))
    objects = lab_state.read_objects(PLAN).values()
    assert all(isinstance(one, dict) for one in objects)


@pytest.mark.parametrize("name", ["state", "start", "objects"])
@given(text=damaged_json(STATE, BASELINE, OBJECTS), packed=st.booleans())
@FUZZ
def test_state(folder: Path, name: str, text: str, packed: bool) -> None:  # noqa: FBT001 - drawn
    """A file that another release wrote, or that is damaged, is words."""
    content = _packed(text) if packed else text
    (folder / name).write_text(
        content, encoding="utf-8", errors="surrogateescape"
    )

    _read_all()


@given(text=damaged(_packed(json.dumps(STATE))))
@FUZZ
def test_cut_files(folder: Path, text: str) -> None:
    """So is one that is cut short."""
    (folder / "state").write_text(
        text, encoding="utf-8", errors="surrogateescape"
    )

    _read_all()


def test_a_bomb(folder: Path) -> None:
    """A few bytes that unpack to gigabytes are read up to a limit."""
    packer = zlib.compressobj(9)
    zeros = b" " * 1_000_000
    content = b"".join(packer.compress(zeros) for _ in range(200))
    text = base64.b64encode(content + packer.flush())
    (folder / "start").write_bytes(text)
    tracemalloc.start()

    assert lab_state.read_baseline(PLAN) is None

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000_000


@given(damaged_json(HOLDER, {"a check": 2}))
@FUZZ
def test_notes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Notes of hints and locks that are damaged count as none."""
    file = tmp_path_factory.getbasetemp() / "note.json"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")

    assert isinstance(read_hints(file), dict)
    assert _holder(file).isprintable()


@given(damaged(*PRINTED))
@FUZZ
def test_readings(text: str) -> None:
    """Whatever a machine prints of its settings can be recorded."""
    for reading in READINGS:
        assert all(
            isinstance(line, str)
            for line in reading.normalise(text.splitlines())
        )
