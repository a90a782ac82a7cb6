"""Where labs stand: in containers of this computer, or on hosts over SSH.

The environment says it, as it names the student: `CLUSTER=hosts`, and
`HOSTS=FILE` for another inventory than ansible/inventory/hosts.yml.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from graders.errors import UsageError
from graders.settings import (
    HOSTS,
    INVENTORY,
    KIND,
    inventory_file,
    provider_name,
)

if TYPE_CHECKING:
    from pathlib import Path

    from graders.providers.inventory import Hosts


def inventory() -> Hosts | None:
    """Return the hosts that labs stand on, None for this computer's engine.

    Raises:
        UsageError: CLUSTER is neither, or the inventory is not as it should
            be: all that is wrong with it.

    """
    if provider_name() == KIND:
        return None
    file = inventory_file()
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise UsageError(
            f"CLUSTER={HOSTS} needs an inventory, and {file} cannot be read:"
            f" {error.strerror}",
            way_out=f"copy {INVENTORY / 'hosts.example.yml'} there and write"
            " in how each host is reached, or name another file: HOSTS=FILE",
        ) from None
    return _read(file.absolute(), changed)


def addresses() -> dict[str, str]:
    """Return at which address each host is reached, by name; {} on kind."""
    hosts = inventory()
    ways = hosts.hosts if hosts else {}
    return {name: way.login.address for name, way in ways.items()}


def host_exec_prefixes() -> dict[str, list[str]]:
    """Return, by host, what stands before a command that runs there.

    {} on kind. A host with machines inside is one, and they are none.
    """
    hosts = inventory()
    ways = hosts.hosts if hosts else {}
    return {name: list(way.prefix) for name, way in ways.items()}


def parallelism() -> int:
    """Return how many hosts to work on in parallel, 0 for all.

    Raises:
        UsageError: HOSTS_AT_ONCE is no such number.

    """
    hosts = inventory()
    said = os.environ.get("HOSTS_AT_ONCE")
    if not said or not hosts:
        return 0
    if not re.fullmatch("[1-9][0-9]{0,3}", said):
        raise UsageError(
            "HOSTS_AT_ONCE must be a whole number from 1 to 9999, not"
            f" {said!r}",
            way_out="1 is one host after the other; without it all are"
            " worked on at once",
        )
    return int(said)


# Each command on a host asks for its way.
@lru_cache(maxsize=4)
def _read(file: Path, _changed: int) -> Hosts:
    from graders.providers.inventory import read_hosts  # noqa: PLC0415 - not on kind

    return read_hosts(file)
