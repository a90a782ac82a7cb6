"""Where seats are on a machine, and the command that asks one's service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.classroom.seats.client import SOCKET

if TYPE_CHECKING:
    from collections.abc import Sequence

# Folders of the kit, of students' data, and of sockets.
BASE: Final = "/opt/metallb-lab"
DATA: Final = "/var/lib/metallb-lab"
SOCKETS: Final = "/run/lab-seats"
# What accounts have for a shell: the client of a seat's service.
SHELL: Final = f"{BASE}/bin/seat"


def seat_command(account: str, words: Sequence[str]) -> list[str]:
    """Return the command that has a seat's service do something.

    Run by the service's own account, it does so at any time.
    """
    where = f"{SOCKET}={SOCKETS}/{account}.sock"
    client = ("python", "-P", "-m", "graders.classroom.seats.client")
    return ["env", where, *client, *words]
