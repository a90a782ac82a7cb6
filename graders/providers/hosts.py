"""The hosts provider: machines and nodes are hosts reached over SSH.

All hosts are asked in parallel, by one command each over a shared connection.
What would stop a lab there is the doctor's business.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from graders.errors import CannotCheck, UsageError, printable
from graders.plan.plan import make_plan
from graders.providers.base import Location, MachineStatus, ProviderStatus
from graders.providers.inventory import inventory, parallelism
from graders.providers.machine import Machine, MachineError
from graders.providers.state_files import RemoteFiles
from graders.settings import ANSIBLE, HOSTS, ROOT

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.providers.inventory import Hosts
    from graders.providers.ssh import SshTransport

# A file of a cluster that the kit created; its line is the cluster's name.
MARK: Final = "/etc/kubernetes/metallb-lab-kit"
# In the kit's own folder there, which `lab down` removes.
_STATE: Final = "/var/lib/metallb-lab-kit/lab"
# An interface with another MAC still has its permanent one.
_STATUS_SCRIPT: Final = f"""
echo "mark=$(head -n 1 {MARK} 2> /dev/null)"
echo "mac=$(cat /sys/class/net/eth0/address)"
echo "mac=$(ip link show eth0 | sed -n 's/.*permaddr \\([^ ]*\\).*/\\1/p')"
ip -o -4 address show | awk '{{ print "address=" $2 " " $4 }}'
"""
# The kit's mark, or a file of a cluster that has none.
_OWNER_SCRIPT: Final = (
    f"head -n 1 {MARK} 2> /dev/null"
    " || find /etc/kubernetes -type f 2> /dev/null | head -n 1"
)
_TIMEOUT_S: Final = 10.0
_ISOLATION_SCRIPTS: Final = (
    ANSIBLE / "files" / "lib" / "connection.sh",
    ROOT / "graders" / "providers" / "silence.sh",
)
# Longer than any check isolates a host; after that it comes back by itself.
_ISOLATION_MAX_S: Final = 120
_NOTHING_CHANGED: Final = "nothing was changed on any of the hosts"


@dataclass(frozen=True)
class HostStatus:
    """What a host reports: its cluster's mark, MAC, addresses by interface."""

    mark: str
    mac: str
    addresses: dict[str, frozenset[str]]


@dataclass(frozen=True)
class HostsProvider:
    """Machines and nodes on the hosts of an inventory."""

    name: ClassVar[str] = HOSTS
    back_wait: ClassVar[str] = "host-back"
    # A silenced host has declared all others dead, as they have it. Speakers
    # ask lost members once a minute (MetalLB, internal/speakerlist).
    rejoin_wait: ClassVar[str] = "diverged"

    def locate(self, student: str, *, nonce: str | None = None) -> Location:
        """See Provider; always the first choice: networks are the hosts'.

        So is the nonce that they were made for: it is in the inventory.
        """
        del nonce
        plan = make_plan(student, nonce=inventory().nonce)
        return Location(plan, exists=True)

    def expected_plan(self, student: str) -> Plan:
        """See Provider."""
        return self.locate(student).plan

    def status(self, student: str) -> ProviderStatus:
        """See Provider."""
        location = self.locate(student)
        machines = self.machines(location.plan)
        return ProviderStatus(
            location,
            machines,
            place=f"on {HOSTS}",
            needs_doctor=not all(one.running for one in machines.values()),
        )

    def machines(self, plan: Plan) -> dict[str, MachineStatus]:
        """See Provider; a host that does not answer says why as its state."""
        return {
            role: MachineStatus(
                " ".join(plan.interfaces(role).values()),
                describe(plan, role, status),
                belongs_to(plan, role, status),
            )
            for role, status in query_hosts(plan).items()
        }

    def removal(self, student: str) -> tuple[Plan, list[str]]:
        """See Provider; hosts of other labs are left alone."""
        plan = self.locate(student).plan
        return plan, foreign_hosts(inventory(), plan)

    def transport(self, plan: Plan, role: str) -> SshTransport:
        """See Provider."""
        del plan
        return inventory().transports[role]

    def check_access(self, plan: Plan, role: str) -> None:
        """See Provider; the interactive command uses the same connection."""
        self._machine(plan, role).run("true")

    def node_macs(self, plan: Plan) -> dict[str, str]:
        """See Provider."""
        macs = {}
        for role, status in query_hosts(plan).items():
            if role not in plan.nodes:
                continue
            if isinstance(status, CannotCheck):
                raise status
            macs[status.mac] = plan.nodes[role].name
        return macs

    def silence(self, plan: Plan, node: str) -> None:
        """See Provider; drop all packets but those of the kit's own SSH."""
        host = self._node(plan, node)
        result = host.run(
            *("sh", "-s", str(_ISOLATION_MAX_S)), stdin=isolation_script()
        )
        if result.code:
            raise CannotCheck(
                f"{host.role} cannot be cut off: {result.error.strip()}",
                remedy="its kernel needs cls_matchall and cls_flower, or"
                " netdev tables of nft for what goes out, too",
            )

    def resume(self, plan: Plan, node: str) -> bool:
        """See Provider; it ends by itself, too."""
        self._node(plan, node).run("systemctl", "stop", "metallb-lab-silence")
        return True

    def state_files(self, plan: Plan) -> RemoteFiles:
        """See Provider; several computers may grade one lab."""
        return RemoteFiles(self._machine(plan, "control-plane"), _STATE)

    def shell_environment(self, plan: Plan) -> dict[str, str]:
        """See Provider; none."""
        del plan
        return {}

    def extra_vars(self, plan: Plan) -> dict[str, Any]:
        """See Provider; a host with all of the fabric counts as one."""
        del plan
        hosts = inventory().hosts
        return {
            "provider": self.name,
            "engine_required": False,
            "own_programs": False,
            "host_addresses": {
                name: host.target.address for name, host in hosts.items()
            },
            "host_exec_prefix": {
                name: list(host.prefix) for name, host in hosts.items()
            },
            "parallel_hosts": parallelism(),
        }

    def _node(self, plan: Plan, name: str) -> Machine:
        roles = {node.name: role for role, node in plan.nodes.items()}
        return self._machine(plan, roles[name])

    def _machine(self, plan: Plan, role: str) -> Machine:
        return Machine(role, self.transport(plan, role))


def query_hosts(plan: Plan) -> dict[str, HostStatus | CannotCheck]:
    """Return, by role, what each host reports, or why it does not answer.

    Raises:
        UsageError: the inventory is wrong.

    """
    transports = inventory().transports
    machines = [
        Machine(role, transports[role])
        for role in (*plan.nodes, *plan.machines)
    ]
    with ThreadPoolExecutor(len(machines)) as pool:
        answers = pool.map(_query, machines)
        return {
            one.role: answer
            for one, answer in zip(machines, answers, strict=True)
        }


def belongs_to(
    plan: Plan, role: str, status: HostStatus | CannotCheck
) -> bool:
    """Tell whether a host answers, is marked, and has its addresses."""
    return (
        isinstance(status, HostStatus)
        and status.mark == plan.cluster
        and all(
            address in status.addresses.get(interface, ())
            for interface, address in plan.interfaces(role).items()
        )
    )


def describe(plan: Plan, role: str, status: HostStatus | CannotCheck) -> str:
    """Return the state of a host in a few words."""
    if isinstance(status, MachineError):
        return status.cause
    if isinstance(status, CannotCheck):
        return status.problems[0]
    if not status.mark:
        return "answers; no lab of the kit is there"
    if status.mark != plan.cluster:
        return f"answers; lab {status.mark} is there"
    if not belongs_to(plan, role, status):
        return "answers; not at the addresses of the plan"
    return "running"


def isolation_script() -> str:
    """Return the script that silences a host for `$1` seconds."""
    return "".join(
        file.read_text(encoding="utf-8") for file in _ISOLATION_SCRIPTS
    )


def owners(hosts: Hosts) -> dict[str, str | CannotCheck]:
    """Return, by host, which lab it has, or why it does not answer.

    "" is none; a path is a file of a cluster that is not the kit's.
    """

    def ask(name: str) -> str | CannotCheck:
        host = Machine(name, hosts.hosts[name])
        try:
            result = host.run("sh", "-c", _OWNER_SCRIPT, seconds=_TIMEOUT_S)
        except CannotCheck as error:
            return error
        return printable(result.out.strip())

    with ThreadPoolExecutor(len(hosts.hosts)) as pool:
        answers = pool.map(ask, hosts.hosts)
        return dict(zip(hosts.hosts, answers, strict=True))


def foreign_hosts(hosts: Hosts, plan: Plan) -> list[str]:
    """Return the hosts that have another cluster, one line each.

    Raises:
        CannotCheck: hosts do not answer; all of them are named.
        UsageError: hosts have other clusters, and none has this lab's.

    """
    marks = owners(hosts)
    silent = [one for one in marks.values() if isinstance(one, CannotCheck)]
    if silent:
        raise CannotCheck(
            *(str(one) for one in silent), remedy=_NOTHING_CHANGED
        )
    others = [
        f"{name}: cluster: expected this lab's ({plan.cluster}), not"
        f" {_describe_owner(str(mark))}; it is left alone"
        for name, mark in marks.items()
        if mark not in {"", plan.cluster}
    ]
    if others and plan.cluster not in marks.values():
        raise UsageError(
            *others,
            remedy="nothing of this lab is there to take down; for another"
            " student's lab: STUDENT=NAME lab down",
        )
    return others


def _describe_owner(mark: str) -> str:
    if mark.startswith("/"):
        return f"one that is not the kit's ({mark})"
    return f"that of {mark}"


def _query(machine: Machine) -> HostStatus | CannotCheck:
    try:
        result = machine.run("sh", "-c", _STATUS_SCRIPT, seconds=_TIMEOUT_S)
    except CannotCheck as error:
        return error
    values: dict[str, str] = {"mark": "", "mac": ""}
    addresses = defaultdict(set)
    for line in result.out.splitlines():
        key, _, value = line.partition("=")
        if key == "address":
            interface, _, address = value.partition(" ")
            addresses[interface].add(address)
        elif value:
            values[key] = printable(value.strip())
    return HostStatus(
        values["mark"],
        values["mac"].lower(),
        {name: frozenset(found) for name, found in addresses.items()},
    )
