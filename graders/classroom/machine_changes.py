"""Find changes of machines and nodes since the recorded start of a lab."""

from __future__ import annotations

import base64
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING, Final

from graders.classroom.machine_commands import (
    COMMANDS,
    FRR_RESTART,
    packet_filter,
)
from graders.errors import CannotCheck
from graders.providers.machine import run_each
from graders.providers.registry import machine_of
from graders.state.baseline import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graders.plan.plan import Plan
    from graders.state.baseline import Baseline

_DHCP_CONF: Final = "/etc/dnsmasq.conf"
_FRR_CONF: Final = "/etc/frr/frr.conf"
_RUNNING_CONFIG: Final = (
    "vtysh -c 'show running-config' | sed '1,/^Current configuration:/d'"
)
# Keys, accounts, and files that differ from cluster to cluster.
_SECRET: Final = re.compile(
    r"/etc/(g?shadow-?|passwd-?|ssh/|ssl/|kubernetes/|cni/|frr/frr\.conf)"
    r"|\.key$|\.pem$"
)
# A line of `find` has mode, target of a link and path; one of cksum has
# checksum, size and path.
_FILE: Final = re.compile(r"^\d+ \S* (/.*)")
# A link that says that a unit is enabled.
_ENABLED: Final = re.compile(r"/systemd/system/[^/]+\.(?:wants|requires)/(.+)")
_LARGEST_FILE: Final = 64 * 1024
_READ_FILE: Final = f"""\
if [ -L "$f" ]; then echo L && readlink "$f"
elif [ -f "$f" ]; then
  stat -c '%a %s' "$f"
  [ "$(stat -c %s "$f")" -gt {_LARGEST_FILE} ] || base64 -w 0 "$f"
fi"""
_FILTERS: Final = "iptables-save; arptables-nft-save"
_ARP: Final = "arptables-nft-save"


def machine_changes(
    plan: Plan, recorded: Baseline, problems: list[str]
) -> dict[str, list[str]]:
    """Return commands by role, of machines and nodes that differ.

    Those that do not answer are in `problems`, as lines for a person.
    """
    roles = [one for one in (*plan.machines, *plan.nodes) if one in recorded]
    with ThreadPoolExecutor(max(len(roles), 1)) as pool:
        asked = {
            role: pool.submit(_commands, plan, role, recorded[role])
            for role in roles
        }
    found: dict[str, list[str]] = {}
    for role, answer in asked.items():
        try:
            found[role] = answer.result()
        except CannotCheck as error:
            problems.append(f"{role} was not compared: {error}")
    if any(_DHCP_CONF in command for command in found.get("dhcp", [])):
        found["desk"] = [*found.get("desk", []), _new_lease(recorded)]
    return {role: commands for role, commands in found.items() if commands}


def _new_lease(recorded: Baseline) -> str:
    """Return what makes the desk ask again, and waits for the answer."""
    text = recorded["dhcp"].get("leases", "")
    lease = re.search(r"(\S+) desk$", text, re.MULTILINE)
    old = f"{lease[1]}/" if lease else "none"
    show = "ip -4 address show dev eth0"
    return (
        "pkill -USR1 -f 'busybox udhcpc'; for _ in $(seq 75); do sleep 0.2;"
        f" {show} | grep -qF {quote(old)} || {show} | grep -q :lease && break;"
        " done"
    )


def _commands(plan: Plan, role: str, before: Mapping[str, str]) -> list[str]:
    """Return the commands that make another machine what this one is."""
    after = read_settings(plan, role)
    lines = {
        what: _lines(before.get(what, ""), after.get(what, ""))
        for what in after
        if before.get(what, "") != after[what]
    }
    machine = _Machine(plan, role)
    commands = [*machine.files(*lines["files"])] if "files" in lines else []
    if "configuration" in lines:
        commands += machine.configuration(role)
    if "tables of nft" in lines:
        commands += machine.tables(*lines["tables of nft"])
    if "packet filter" in lines:
        gone, new = lines.pop("packet filter")
        commands += machine.filters(gone, new)
    for what, function in COMMANDS.items():
        if what in lines:
            commands += function(*lines[what])
    if "programs" in lines:
        commands.append("# programs of the system were changed")
    # A daemon is restarted once.
    return list(dict.fromkeys(commands))


def _lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that are gone, and those that are new."""
    old, now = Counter(before.splitlines()), Counter(after.splitlines())
    return [*(old - now).elements()], [*(now - old).elements()]


class _Machine:
    """Read a machine's changed files, and return commands that repeat them."""

    def __init__(self, plan: Plan, role: str) -> None:
        self._machine = machine_of(plan, role)

    def files(self, gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
        """Write and remove files; those with secrets are left out."""
        now = _paths(new)
        paths = sorted(now | _paths(gone))
        paths = [path for path in paths if not _SECRET.search(path)]
        commands = [f"f={quote(path)}; {_READ_FILE}" for path in paths]
        for path, text in zip(paths, self._read(commands), strict=True):
            yield _file(path, text.split("\n"))
        if any(path.startswith("/etc/frr/") for path in paths):
            yield FRR_RESTART
        if any("/systemd/" in path or "kubelet" in path for path in paths):
            yield "systemctl daemon-reload"
        if any("kubelet" in path for path in paths):
            yield "systemctl restart kubelet"

    def configuration(self, role: str) -> Iterator[str]:
        """Write the configuration that a daemon runs with."""
        if role == "router":
            (text,) = self._read([_RUNNING_CONFIG])
            yield _written(_FRR_CONF, text)
            yield f"chown frr:frr {_FRR_CONF}; chmod 640 {_FRR_CONF}"
            yield FRR_RESTART
        else:
            (text,) = self._read([f"cat {_DHCP_CONF}"])
            yield _written(_DHCP_CONF, text)
            yield "dhcp-restart"

    def filters(
        self, gone: Sequence[str], new: Sequence[str]
    ) -> Iterator[str]:
        """Change rules, in the order in which the machine has them."""
        texts = self._read([_FILTERS, _ARP])
        order, of_arp = map(_rules, texts)
        places = {rule: at for at, rule in enumerate(order)}
        last = len(places)
        ordered = sorted(new, key=lambda rule: places.get(rule, last))
        yield from packet_filter(gone, ordered, of_arp)

    def tables(self, gone: Sequence[str], new: Sequence[str]) -> Iterator[str]:
        """Remove and write tables of nft."""
        now = {" ".join(line.split()[1:3]) for line in new}
        before = {" ".join(line.split()[1:3]) for line in gone}
        names = sorted(now | before)
        listings = self._read([f"nft list table {name}" for name in names])
        for name, listing in zip(names, listings, strict=True):
            yield f"nft delete table {name} 2> /dev/null || true"
            if listing.strip():
                yield f"nft -f - {_here(listing)}"

    def _read(self, commands: Sequence[str]) -> list[str]:
        return run_each(self._machine, commands) if commands else []


def _paths(lines: Sequence[str]) -> set[str]:
    return {found[1] for found in map(_FILE.match, lines) if found}


def _file(path: str, printed: list[str]) -> str:
    """Return the command that makes a file what was printed of it."""
    kind, content, *_ = [*printed, ""]
    target, unit = quote(path), _ENABLED.search(path)
    if kind == "L" and not unit:
        return f"ln -sfn {quote(content)} {target}"
    if not kind and not unit:
        return f"rm -f {target}"
    if unit:
        verb = "enable" if kind else "disable"
        return f"systemctl {verb} --now {quote(unit[1])}"
    mode, _, size = kind.partition(" ")
    if not content and size != "0":
        return f"# {path} is too large to be handed in"
    return f"{_content(path, content)}\nchmod {mode} {target}"


def _content(path: str, packed: str) -> str:
    """Return what writes a file: as text that a person can read, if it is."""
    with suppress(ValueError):
        text = base64.b64decode(packed, validate=True).decode()
        if text.endswith("\n") and "\0" not in text:
            return _written(path, text)
    return f"echo {quote(packed)} | base64 -d > {quote(path)}"


def _written(path: str, text: str) -> str:
    folder = quote(path.rpartition("/")[0])
    return f"mkdir -p {folder} && cat > {quote(path)} {_here(text)}"


def _here(text: str) -> str:
    """Return a here-document; its mark is no line of the text."""
    lines = text.removesuffix("\n").split("\n")
    mark = "END"
    while mark in lines:
        mark += "_"
    return "\n".join([f"<<'{mark}'", *lines, mark])


def _rules(text: str) -> list[str]:
    """Return the rules that a `...-save` printed, with their tables."""
    table, rules = "", []
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            rules.append(f"{table} {line}")
    return rules
