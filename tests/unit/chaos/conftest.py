"""A lab on paper, with its files in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graders.state import lab_state
from tests.chaos.mishaps import api
from tests.paper_world import STUDENT, PaperWorld

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(base: Path, monkeypatch: pytest.MonkeyPatch) -> PaperWorld:
    """Return a lab on paper."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(api, "eventually", lambda *_: True)
    made = PaperWorld(STUDENT, base.parent, variant="no-pool")
    lab = made.state / "lab"
    lab.mkdir(parents=True)
    entry = {"name": "kind-metallb-lab-chaos"}
    config: dict[str, Any] = {
        "clusters": [entry | {"cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [entry | {"user": {}}],
        "contexts": [entry | {"context": {}}],
    }
    made.kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    for name in (lab_state._STATE, lab_state._BASELINE, lab_state._OBJECTS):
        (lab / name).write_text(lab_state.pack({}), encoding="utf-8")
    tools = base.parent / "cache" / "bin"
    tools.mkdir(parents=True)
    for name in ("kubectl", "kind", "helm"):
        (tools / name).write_bytes(bytes(8192))
    return made
