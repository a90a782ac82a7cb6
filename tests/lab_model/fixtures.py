"""The fixture with which checks look at a modelled lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.providers import capture
from graders.providers.machine import Machine, Output
from tests.lab_model.checks import Judge

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Judge:
    """Have machines, docker and time be those of the lab that is judged."""
    judge = Judge(tmp_path)

    def run(machine: Machine, *argv: str, **_: object) -> Output:
        return judge.model.run(machine.role, argv)

    def execute(
        command: list[str], **_: object
    ) -> subprocess.CompletedProcess[str]:
        return judge.model.docker.run(command)

    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    monkeypatch.setattr("graders.polling.time", judge.clock)
    monkeypatch.setattr(Machine, "run", run)
    monkeypatch.setattr(capture, "run", execute)
    for module in ("bgp_passwords", "static_entries"):
        monkeypatch.setattr(
            f"graders.checks.{module}.read_baseline",
            lambda _: judge.model.baseline or None,
        )
    return judge
