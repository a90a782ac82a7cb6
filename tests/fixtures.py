"""Fixtures that tests without a cluster share."""

from __future__ import annotations

import importlib.util
import os
import re
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from graders.providers import shell_pool
from graders.settings import ANSIBLE
from tests.authoring import LabCopy, copy_lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

# How long an example takes depends on what else the machine does.
settings.register_profile("kit", deadline=None)
settings.load_profile("kit")


@pytest.fixture(autouse=True)
def no_pooled_shells() -> Iterator[None]:
    """Close pooled shells after each test; the next one has other machines."""
    yield
    shell_pool.close_all()


@pytest.fixture(autouse=True)
def on_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use kind, no ticket and no class board, unless a test sets others."""
    monkeypatch.delenv("CLUSTER", raising=False)
    monkeypatch.delenv("HOSTS", raising=False)
    monkeypatch.delenv("CLASS_URL", raising=False)
    # There can be no such folder.
    monkeypatch.setenv("METALLB_LAB_CONFIG", f"{os.devnull}/config")


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder of all labs: the test's own, as all that is kept."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("METALLB_LAB_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("STUDENT", raising=False)
    return tmp_path / "state"


@pytest.fixture
def action() -> Callable[[str], ModuleType]:
    """Load an action of the playbooks by its name, as Ansible does."""

    def load(name: str) -> ModuleType:
        file = ANSIBLE / "action_plugins" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def lab_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LabCopy:
    """Copy a lab, for an author's mistake."""
    return copy_lab(tmp_path, monkeypatch)


@pytest.fixture
def hosts_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Have labs stand on the example's hosts, none of which answers."""
    key = tmp_path / "key"
    key.touch(mode=0o600)
    example = ANSIBLE / "inventory" / "hosts.example.yml"
    at = count(10)
    text = re.sub(
        r"ansible_host: [0-9.]+",
        # Nobody listens there, on this computer itself.
        lambda _: f"ansible_host: 127.0.0.{next(at)}, ansible_port: 1",
        example.read_text(encoding="utf-8"),
    )
    file = tmp_path / "hosts.yml"
    text = text.replace("~/.ssh/metallb-lab", str(key))
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("CLUSTER", "hosts")
    monkeypatch.setenv("HOSTS", str(file))
    return file
