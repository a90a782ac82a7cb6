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

KIND: Final = "kind"
HOSTS: Final = "hosts"


def state_dir(student: str) -> Path:
    """Return the folder of one student's lab on this machine.

    It holds kubeconfig, logs/, the lock and runner/. The folder is not
    created here. `METALLB_LAB_STATE` replaces the base folder. A student's
    lab on hosts is another one than that on this computer.
    """
    base = os.environ.get("METALLB_LAB_STATE")
    # Student names have no dot, so this cannot be another student.
    name = f"{student}.hosts" if provider_name() == HOSTS else student
    return (Path(base) if base else platformdirs.user_state_path(_APP)) / name


def cache_dir() -> Path:
    """Return the folder of what every student shares: bin/ and charts/.

    The folder is not created here. `METALLB_LAB_CACHE` replaces it.
    """
    found = os.environ.get("METALLB_LAB_CACHE")
    return Path(found) if found else platformdirs.user_cache_path(_APP)


def provider_name() -> str:
    """Return KIND or HOSTS, as the environment's CLUSTER says.

    Raises:
        UsageError: it says something else.

    """
    found = os.environ.get("CLUSTER") or KIND
    if found not in {KIND, HOSTS}:
        raise UsageError(
            f"CLUSTER must be {KIND} or {HOSTS}, not {found!r}",
            way_out=f"CLUSTER={KIND}, or none at all, is a lab on this"
            " computer",
        )
    return found


def inventory_file() -> Path:
    """Return the inventory that HOSTS names, or the one of the kit."""
    named = os.environ.get("HOSTS")
    return Path(named).expanduser() if named else INVENTORY / "hosts.yml"
