"""Where the kit's files are: the repository's and the student's own.

Nothing else in the kit builds these paths, so that one environment
variable each moves everything (tests use that).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

_APP: Final = "metallb-lab-kit"

ROOT: Final = Path(__file__).resolve().parent.parent
LABS: Final = ROOT / "labs"
SOLUTIONS: Final = ROOT / "solutions"
ANSIBLE: Final = ROOT / "ansible"


def state_dir(student: str) -> Path:
    """Return the folder of one student's lab on this machine.

    It holds kubeconfig, logs/, the lock and runner/. The folder is not
    created here. `METALLB_LAB_STATE` replaces the base folder. A student's
    lab on hosts is another one than that on this computer.
    """
    base = os.environ.get("METALLB_LAB_STATE")
    # As in `providers.environment`; student names have no dot.
    name = student + ".hosts" * (os.environ.get("CLUSTER") == "hosts")
    return (Path(base) if base else platformdirs.user_state_path(_APP)) / name


def cache_dir() -> Path:
    """Return the folder of what every student shares: bin/ and charts/.

    The folder is not created here. `METALLB_LAB_CACHE` replaces it.
    """
    found = os.environ.get("METALLB_LAB_CACHE")
    return Path(found) if found else platformdirs.user_cache_path(_APP)
