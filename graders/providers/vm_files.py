"""Files for virtual machines as hosts: cloud-init, Vagrant, inventory.

All of them follow from the plan and a public key.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from jinja2 import Environment, StrictUndefined

from graders.errors import UsageError, explaining
from graders.files import write_atomically
from graders.plan.networks import mac
from graders.plan.plan import Machine
from graders.providers.inventory import CONTROL_PLANE, FABRIC_HOST
from graders.settings import ANSIBLE
from graders.yamlfile import cut

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network
    from pathlib import Path

    from graders.plan.plan import Plan

USER: Final = "lab"
_TEMPLATE: Final = ANSIBLE / "hosts" / "cloud-init.yml.j2"
_PUBLIC_KEY: Final = re.compile(
    r"(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/]+=*( [^\n]*)?"
)
# Cores and MiB of memory: more than `lab doctor --hosts` requires.
_CONTROL_PLANE_SIZE: Final = (2, 2560)
_WORKER: Final = (2, 2048)
_OTHER: Final = (1, 512)
_FABRIC_HOST_SIZE: Final = (1, 768)
# Index of its address in the nodes' range.
_FABRIC_HOST_INDEX: Final = 100


def read_key(file: Path) -> str:
    """Return the public key in a file.

    Raises:
        UsageError: the file has none.

    """
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} must be a public key:"
            f" {getattr(error, 'strerror', None) or 'it is not text'}",
            remedy="ssh-keygen -t ed25519 -f ~/.ssh/metallb-lab creates one",
        ) from None
    if not _PUBLIC_KEY.fullmatch(text):
        raise UsageError(
            f"{file} must be a public key on one line, not {cut(text[:20])}",
            remedy="its name ends in .pub; the other one is secret",
        )
    return text


def host_files(
    plan: Plan, key: str, key_file: str, *, one_fabric_host: bool = False
) -> dict[str, str]:
    """Return the files' contents by relative path.

    `key` is the public key's text, `key_file` the secret one's path. With
    `one_fabric_host` one host has all machines that are not nodes.
    """
    fabric = fabric_host(plan) if one_fabric_host else plan.machines
    hosts = plan.nodes | fabric
    files = {
        "hosts.json": json.dumps(_data(plan, hosts, key), indent=2) + "\n",
        "hosts.yml": _inventory(plan, fabric, key_file),
    }
    for role, machine in hosts.items():
        folder = f"cloud-init/{role}"
        files |= {
            f"{folder}/user-data": _user_data(plan, machine, key),
            f"{folder}/meta-data": _yaml(
                {"instance-id": machine.name, "local-hostname": machine.name}
            ),
            f"{folder}/network-config": _yaml(_network(plan, machine)),
        }
    return files


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write files below `folder`, and create it.

    Raises:
        UsageError: it is not writable.

    """
    with explaining(f"{folder} must be a folder to write to"):
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text)


def links(machine: Machine) -> dict[str, IPv4Address]:
    """Return a host's addresses by network, in the order of interfaces.

    They are called eth0 and eth1, as in containers. A storage network, if a
    lab has one, is an overlay on the LAN.
    """
    addresses = {"lan": machine.lan, "edge": machine.edge}
    return {name: address for name, address in addresses.items() if address}


def _networks(plan: Plan) -> dict[str, tuple[str, IPv4Network]]:
    """Return the name and the addresses of each network."""
    return {
        "lan": (f"{plan.cluster}-lan", plan.lan),
        "edge": (plan.edge_name, plan.edge),
    }


def fabric_host(plan: Plan) -> dict[str, Machine]:
    """Return the host that has all machines of the fabric."""
    address = plan.node_range[_FABRIC_HOST_INDEX]
    name = plan.machine_name(FABRIC_HOST)
    return {FABRIC_HOST: Machine(FABRIC_HOST, name, lan=address)}


def _data(plan: Plan, hosts: dict[str, Machine], key: str) -> dict[str, Any]:
    """Return the data for ansible/hosts/Vagrantfile."""
    networks = _networks(plan)
    return {
        "user": USER,
        "key": key,
        "networks": {
            role: {
                "name": name,
                "netmask": str(network.netmask),
                "gateway": str(network[1]),
            }
            for role, (name, network) in networks.items()
        },
        "hosts": [
            {
                "role": role,
                "name": machine.name,
                "cores": _size(plan, role)[0],
                "memory": _size(plan, role)[1],
                # Its interface carries the MACs of its machines.
                "promiscuous": role == FABRIC_HOST,
                "links": [
                    {
                        "network": name,
                        "address": str(address),
                        "length": networks[name][1].prefixlen,
                        "interface": f"eth{index}",
                        "mac": mac(address),
                    }
                    for index, (name, address) in enumerate(
                        links(machine).items()
                    )
                ],
            }
            for role, machine in hosts.items()
        ],
    }


def _size(plan: Plan, role: str) -> tuple[int, int]:
    if role == CONTROL_PLANE:
        return _CONTROL_PLANE_SIZE
    if role == FABRIC_HOST:
        return _FABRIC_HOST_SIZE
    return _WORKER if role in plan.nodes else _OTHER


def _inventory(plan: Plan, fabric: dict[str, Machine], key_file: str) -> str:
    """Return the inventory for these hosts."""

    def group(machines: dict[str, Machine]) -> dict[str, Any]:
        reached = {
            role: {"ansible_host": str(machine.lan or machine.edge)}
            for role, machine in machines.items()
        }
        return {"hosts": reached}

    common = {
        "ansible_user": USER,
        "ansible_ssh_private_key_file": key_file,
        "known_hosts": "known_hosts",
    }
    if plan.nonce:
        common["class_nonce"] = plan.nonce
    groups = {"cluster": group(plan.nodes), "fabric": group(fabric)}
    return _yaml({"all": {"vars": common, "children": groups}})


def _user_data(plan: Plan, machine: Machine, key: str) -> str:
    environment = Environment(  # noqa: S701 - no HTML
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        host=machine.as_vars(),
        role=machine.role,
        student=plan.student,
        user=USER,
        key=key,
    )


def _network(plan: Plan, machine: Machine) -> dict[str, Any]:
    """Return netplan's description of the lab's interfaces.

    Another interface is the hypervisor's, for packages.
    """
    networks = _networks(plan)
    return {
        "version": 2,
        "ethernets": {
            f"eth{index}": {
                "match": {"macaddress": mac(address)},
                "set-name": f"eth{index}",
                "addresses": [f"{address}/{networks[name][1].prefixlen}"],
            }
            for index, (name, address) in enumerate(links(machine).items())
        }
        | {
            "outside": {
                "match": {"name": "en*"},
                "dhcp4": True,
                "optional": True,
            }
        },
    }


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)
