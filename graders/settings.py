"""Where the kit's files are: the repository's and the student's own.

Nothing else in the kit builds these paths, so that one environment
variable each moves everything (tests use that).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

from graders.errors import UsageError

_APP: Final = "metallb-lab-kit"

ROOT: Final = Path(__file__).resolve().parent.parent
LABS: Final = ROOT / "labs"
SOLUTIONS: Final = ROOT / "solutions"
ANSIBLE: Final = ROOT / "ansible"
INVENTORY: Final = ANSIBLE / "inventory"

TICKET_SUFFIX: Final = ".ticket"

KIND: Final = "kind"
HOSTS: Final = "hosts"
# The variable with the address of the class board.
CLASS_URL: Final = "CLASS_URL"
# Student names have no dot, so this cannot be another student's folder.
_STATE_SUFFIX: Final = {KIND: "", HOSTS: ".hosts"}


def state_dir(student: str) -> Path:
    """Return the folder of one student's lab on this machine.

    It holds kubeconfig, logs/, the lock and runner/. The folder is not
    created here. `METALLB_LAB_STATE` replaces the base folder. A student may
    have a lab of each provider.
    """
    return state_base() / (student + _STATE_SUFFIX[provider_name()])


def state_base() -> Path:
    """Return the folder that has the folders of all students' labs."""
    base = os.environ.get("METALLB_LAB_STATE")
    return Path(base) if base else platformdirs.user_state_path(_APP)


def progress_file(student: str) -> Path:
    """Return the file that says what a student has done in the labs.

    It is no part of the folder of a lab, so that it outlives each of them.
    """
    return progress_dir() / f"{student}.json"


def progress_dir() -> Path:
    """Return the folder of all students' progress; it need not exist."""
    return state_base() / ".progress"


def outbox_file(student: str) -> Path:
    """Return the file of what the class board has not got yet."""
    return state_base() / ".board" / f"{student}.json"


def seat_dir(student: str) -> Path:
    """Return the folder of what a student's seat keeps, besides the lab.

    It holds the home of its shell, and `submissions/`.
    """
    return state_base() / ".seats" / student


def installed_dir() -> Path:
    """Return the folder of notes on what the kit installed on this machine.

    `lab purge` reads them. The folder is not created here.
    """
    return state_base() / ".installed"


def config_dir() -> Path:
    """Return the folder of the student's key and ticket.

    It outlives labs and clones, and `lab purge` leaves it. The folder is not
    created here. `METALLB_LAB_CONFIG` replaces it.
    """
    found = os.environ.get("METALLB_LAB_CONFIG")
    return Path(found) if found else platformdirs.user_config_path(_APP)


def cache_dir() -> Path:
    """Return the folder of what every student shares: bin/ and charts/.

    The folder is not created here. `METALLB_LAB_CACHE` replaces it.
    """
    found = os.environ.get("METALLB_LAB_CACHE")
    return Path(found) if found else platformdirs.user_cache_path(_APP)


def ticket_dir() -> Path:
    """Return the folder of installed class tickets; it need not exist."""
    return config_dir() / "tickets"


def ticket_file(student: str) -> Path:
    """Return the file of a student's installed class ticket."""
    return ticket_dir() / f"{student}{TICKET_SUFFIX}"


def provider_name() -> str:
    """Return KIND or HOSTS, from the environment's CLUSTER.

    Raises:
        UsageError: it has another value.

    """
    name = os.environ.get("CLUSTER") or KIND
    if name not in _STATE_SUFFIX:
        raise UsageError(
            f"CLUSTER must be {KIND} or {HOSTS}, not {name!r}",
            remedy=f"CLUSTER={KIND}, or none at all, is a lab on this"
            " computer",
        )
    return name


def confined() -> bool:
    """Return whether a stranger's commands will be typed in the lab.

    `lab class regrade` sets METALLB_LAB_CONFINED for its own labs.
    """
    return os.environ.get("METALLB_LAB_CONFINED") == "1"


def wanted_slot() -> int | None:
    """Return the slot that a new lab must have, None if any will do.

    What was typed in a lab has its addresses: METALLB_LAB_SLOT is for a
    replay.
    """
    found = os.environ.get("METALLB_LAB_SLOT", "")
    return int(found) if found.isdecimal() else None


def inventory_file() -> Path:
    """Return the inventory that HOSTS names, or the one of the kit."""
    named = os.environ.get("HOSTS")
    return Path(named).expanduser() if named else INVENTORY / "hosts.yml"
