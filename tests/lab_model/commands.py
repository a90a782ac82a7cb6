"""What the machines of a modelled lab answer to commands."""

from __future__ import annotations

from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from graders.probes.static_entries import COMMANDS
from tests.lab_model.gateway import Question, greeting, page
from tests.lab_model.network import (
    Request,
    by_udp,
    responders,
    response,
)

if TYPE_CHECKING:
    from tests.lab_model.model import LabModel

# curl's exit code where nobody answers.
_FAILED = 7


def answer(  # noqa: C901, PLR0911, PLR0912, PLR0915 - a table of commands
    model: LabModel, role: str, argv: tuple[str, ...]
) -> str | int:
    """Return what a command prints, or its exit code."""
    match argv:
        case ["arping", *_, dev, address]:
            return "".join(
                f"Unicast reply from {address} [{mac.upper()}]  0.6ms\n"
                for mac in responders(model, address, dev)
            )
        case ["curl", *_]:
            return _curl(model, role, argv)
        case ["sh", "-c", _, "flows", url, times, source]:
            return _flows(model, role, (url, times, source))
        case ["sh", "-c", _, "https", _, vip, mark, header, *urls]:
            return _https(model, role, (vip, mark, header), urls)
        case ["sh", "-c", script, address, port] if "/dev/tcp" in script:
            return greeting(model, role, address, port)
        case ["sh", "-c", _, "watch", *_]:
            return "".join(
                f"{at:.2f} {int(good)}\n" for at, good in model.samples
            )
        case ["sh", "-c", _, "end", _]:
            return f"{model.samples[-1][0]:.2f}\n" if model.samples else ""
        case ["ip", *rest]:
            return _ip(model, role, tuple(rest))
        case ["cat", file]:
            return _file(model, role, file)
        case ["grep", *_]:
            return "dhcp-range=..."
        case ["dhcp-try", *wishes]:
            return model.dhcp.tries(tuple(wishes))
        case ["sh", "-c", script] if COMMANDS["rule"] in script:
            return _tables(model, role)
        case ["sh", "-c", script, *_] if "udhcpc" in script:
            model.dhcp.renew(model.mac("desk"))
            return ""
        case ["sh", "-c", script, "sh", *held] if "ip address" in script:
            return _lend(model, role, script, held)
        case ["sh", "-c", script, *_] if "dhcp_release" in script:
            return ""
        case ["sh", "-c", script] if "dnsmasq.conf" in script:
            return model.dhcp.config()
        case ["ss", "-Hlnup", _]:
            return model.sockets.get(role, "")
        case ["vtysh", "-c", command]:
            return model.router.vtysh(command)
        case ["sh", "-c", script, "ports", flow, times]:
            assert "route get $1 sport" in script
            return model.router.choose(flow, int(times))
        case ["ss", "-Htln"]:
            ports = model.router.ports
            return "".join(f"LISTEN 0 128 *:{one} *:*\n" for one in ports)
        case ["ss", *_]:
            router = model.plan.machines["router"].lan
            own = model.plan.nodes[role].lan
            return f"0 0 {own}:40000 {router}:{model.speaker_port}\n"
        case ["timeout", "1", "bash", "-c", script] if "/udp/" in script:
            return by_udp(model, script.split("/")[3])
        case ["timeout", "1", "bash", "-c", script] if "/7946" in script:
            return 0 if model.gossips else 124
        case ["timeout", "1", "bash", *_]:
            return model.knock
        case ["ps", *_]:
            return model.processes.get(role, "")
    raise AssertionError(f"the model of {role} does not know {argv}")


def _lend(model: LabModel, role: str, script: str, held: list[str]) -> int:
    """Give a machine more addresses, or take them back."""
    kept = model.taken if "replace" in script else model.given_back
    kept |= {*held}
    return 1 if role in model.refuses_addresses else 0


def _curl(model: LabModel, role: str, argv: tuple[str, ...]) -> str | int:
    (url,) = (word for word in argv if word.startswith("http://"))
    form = argv[argv.index("-w") + 1] if "-w" in argv else ""
    if "num_connects" in form:
        return _one_connection(model, role, url)
    port = ""
    if "--local-port" in argv:
        port = argv[argv.index("--local-port") + 1]
    number = int(port or next(model.numbers))
    source = _address(model, role)
    body = response(model, Request(role, url, source, number))
    if body is None:
        return "\n000" if form and not port else _FAILED
    if port:
        return f"{body}\n{source}:{port}"
    return f"{body}\n200" if form else body


def _https(
    model: LabModel, role: str, given: tuple[str, str, str], urls: list[str]
) -> str:
    vip, mark, header = given
    parts = []
    for url in urls:
        status, body, location, error = page(
            model, Question(role, vip, url, header)
        )
        seconds = 0.012 if status else 0
        parts += [f"{status:03}\n{seconds:f}\n{location}\n", error, body]
    return "".join(f"{mark}\n{part}" for part in parts)


def _one_connection(model: LabModel, role: str, url: str) -> str | int:
    """Answer several requests over one connection, `url?[1-count]`."""
    target, _, last = url.rstrip("]").partition("?[1-")
    number = next(model.numbers)
    source = _address(model, role)
    rows = []
    for at in range(int(last)):
        if model.balances_requests or not model.keeps_connections:
            number = next(model.numbers)
        body = response(model, Request(role, target, source, number))
        opened = int(not at or not model.keeps_connections)
        rows += [f"{body} {opened}"] if body else []
    return "\n".join(rows) or _FAILED


def _flows(model: LabModel, role: str, argv: tuple[str, str, str]) -> str:
    url, times, source = argv
    base, _, braces = url.partition("{")
    paths = braces.rstrip("}").split(",") if braces else [""]
    source = source or _address(model, role)
    answers = [
        response(
            model, Request(role, base + path, source, next(model.numbers))
        )
        for _ in range(int(times))
        for path in paths
    ]
    return "\n".join(answer for answer in answers if answer)


def _address(model: LabModel, role: str) -> str:
    machine = model.plan.machines[role]
    return str(machine.edge if role == "client" else machine.lan)


def _ip(model: LabModel, role: str, argv: tuple[str, ...]) -> str | int:
    ends = model.interfaces[role]
    match argv:
        case ["-o", "-4", "address", "show", "dev", dev] if dev not in ends:
            return 1
        case ["-o", "-4", "address", "show", "dev" | "label", dev]:
            return "".join(
                f"2: {dev} inet {address}/16 scope global {dev}\n"
                for address in ends.get(dev, [])
            )
        case ["-j", "route", "show", "match", address]:
            return model.router.kernel(address)
        case ["-j", "-4", "route", "show"]:
            return model.router.main_table()
    raise AssertionError(f"the model of {role} does not know ip {argv}")


def _tables(model: LabModel, role: str) -> str:
    """Answer the script of `static_entries`, as iproute2 prints the tables."""
    tables: dict[str, list[str]] = {kind: [] for kind in COMMANDS}
    number = 0
    for dev, held in model.interfaces[role].items():
        end = dev.partition(":")[0]
        for address in held:
            number += 1
            length = 16 if end == "eth0" else 32
            whole = f"{address}/{length}"
            forever = "valid_lft forever preferred_lft forever"
            tables["address"].append(
                f"{number}: {end}    inet {whole} scope global {dev}\\"
                f"       {forever}"
            )
            kernel = f"dev {end} table local proto kernel scope host"
            tables["route"].append(f"local {address} {kernel} src {address} ")
            if length == 16:
                net = IPv4Interface(whole).network
                tables["route"].append(
                    f"{net} dev {end} proto kernel scope link src {address} "
                )
    for address, mac in model.permanent.get(role, {}).items():
        entry = f"{address} dev eth0 lladdr {mac} PERMANENT "
        tables["neighbour"].append(entry)
    for kind, lines in model.tables.get(role, {}).items():
        tables[kind] += lines
    return "=-=-=\n".join(
        "".join(f"{line}\n" for line in lines) for lines in tables.values()
    )


def _file(model: LabModel, role: str, file: str) -> str | int:
    match file:
        case "/sys/class/net/eth0/address":
            return f"{model.mac(role)}\n"
        case "/lab/dnsmasq.leases":
            return model.dhcp.table()
    raise AssertionError(f"the model of {role} does not know {file}")
