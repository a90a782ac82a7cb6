"""Facts of Ansible: the disk of the engine counts, and gaps are named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from graders.classroom.seats.facts import to_capacity
from graders.classroom.seats.machines import Capacity
from graders.errors import CannotCheck
from tests.fuzzing import FUZZ, damaged_json, read

GIB = 1024**3
FACTS: dict[str, Any] = {
    "ansible_processor_vcpus": 16,
    "ansible_processor_nproc": 8,
    "ansible_memtotal_mb": 32000,
    "ansible_mounts": [
        {"mount": "/", "size_total": 20 * GIB},
        {"mount": "/var/lib", "size_total": 200 * GIB},
        {"mount": "/var/lib/dockerhub", "size_total": 1 * GIB},
        {"mount": "/boot", "size_total": 1 * GIB},
        {"mount": "/var/lib/docker"},
    ],
}


def test_a_machine() -> None:
    """The file system that has the engine's folder is that of its seats."""
    assert to_capacity("room-1", FACTS) == Capacity(8, 32000, 200 * 1024)


def test_older_ansible() -> None:
    """It does not say how many processors may be used."""
    facts = {it: FACTS[it] for it in FACTS if it != "ansible_processor_nproc"}
    assert to_capacity("room-1", facts).cores == 16


@pytest.mark.parametrize("missing", ["ansible_memtotal_mb", "ansible_mounts"])
def test_gaps(missing: str) -> None:
    """A container may show no file system; what to write is said."""
    facts = FACTS | {missing: []}
    with pytest.raises(CannotCheck, match=r"what room-1 has.*seat_disk_mib"):
        to_capacity("room-1", facts)


@FUZZ
@given(text=damaged_json(FACTS))
def test_anything(text: str) -> None:
    """Facts come from machines: they are read, or refused in words."""
    try:
        facts = json.loads(text)
    except ValueError:
        return
    read(lambda: to_capacity("room-1", facts))
