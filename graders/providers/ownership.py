"""Whose hosts are, before a lab on them is taken down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck, UsageError, printable
from graders.providers.hosts import MARK
from graders.providers.machine import Machine

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.providers.inventory import Hosts

# The kit's mark, or a file of a cluster that has none.
_LOOK: Final = (
    f"head -n 1 {MARK} 2> /dev/null"
    " || find /etc/kubernetes -type f 2> /dev/null | head -n 1"
)
_SECONDS: Final = 10.0


def owners(hosts: Hosts) -> dict[str, str | CannotCheck]:
    """Return, by host, whose lab it has, or why it says nothing.

    "" is nobody's; a path is a file of a cluster that is not the kit's.
    """

    def ask(name: str) -> str | CannotCheck:
        host = Machine(name, hosts.hosts[name])
        try:
            said = host.run("sh", "-c", _LOOK, seconds=_SECONDS).out
        except CannotCheck as error:
            return error
        return printable(said.strip())

    with ThreadPoolExecutor(len(hosts.hosts)) as pool:
        asked = pool.map(ask, hosts.hosts)
        return dict(zip(hosts.hosts, asked, strict=True))


def foreign_hosts(hosts: Hosts, plan: Plan) -> list[str]:
    """Return which hosts are somebody else's, a line each.

    Raises:
        CannotCheck: hosts do not answer; all of them: what was done on all
            is not undone on some.
        UsageError: hosts are somebody else's, and none is this lab's.

    """
    found = owners(hosts)
    silent = [one for one in found.values() if isinstance(one, CannotCheck)]
    if silent:
        raise CannotCheck(
            *(str(one) for one in silent),
            way_out="nothing was changed on any of the hosts",
        )
    others = [
        f"{name}: cluster: expected this lab's ({plan.cluster}), not"
        f" {_words(str(mark))}; it is left alone"
        for name, mark in found.items()
        if mark not in {"", plan.cluster}
    ]
    if others and plan.cluster not in found.values():
        raise UsageError(
            *others,
            way_out="nothing of this lab is there to take down; another"
            " student's goes by that student's name: STUDENT=NAME lab down",
        )
    return others


def _words(mark: str) -> str:
    if mark.startswith("/"):
        return f"one that is not the kit's ({mark})"
    return f"that of {mark}"
