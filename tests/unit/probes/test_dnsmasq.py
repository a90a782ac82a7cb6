"""Options about leases, as dnsmasq reads them."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from graders.probes.dnsmasq import DhcpOption, dhcp_options
from graders.providers.machine import Output
from tests.fakes import says

if TYPE_CHECKING:
    from pathlib import Path

    from graders.providers.machine import Machine

TEXT = """\
port=0
conf-file=/etc/more.conf
# dhcp-range=192.0.2.1,192.0.2.2
  dhcp-range = set:a , 192.0.2.10 , 192.0.2.19 , 12h  # for all
dhcp-host=id:ingress-vip-1,192.0.2.15
dhcp-host=id:ingress-vip-1,192.0.2.15
dhcp-ignore=tag:!known
dhcp-option=3,192.0.2.1
"""


def test_options() -> None:
    """Comments, other options and repetitions are left out."""
    found = [*map(str, dhcp_options(says(TEXT, "dhcp")))]

    assert found == [
        "dhcp-range=set:a,192.0.2.10,192.0.2.19,12h",
        "dhcp-host=id:ingress-vip-1,192.0.2.15",
        "dhcp-ignore=tag:!known",
    ]


def _read(folder: Path, texts: dict[str, str]) -> list[DhcpOption]:
    """Return the options of files, with `folder` in place of /etc."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.format(folder), encoding="utf-8")

    def run(*argv: str) -> Output:
        script = argv[-1].replace("/etc/", f"{folder}/")
        done = subprocess.run(
            [*argv[:-1], script], capture_output=True, text=True, check=True
        )
        return Output(script, done.returncode, done.stdout, done.stderr)

    return dhcp_options(cast("Machine", SimpleNamespace(run=run)))


@pytest.mark.parametrize(
    "line",
    [
        "dhcp-host=id:ingress-vip-1,192.0.2.15",
        "dhcp-host=02:00:00:00:05:0a,192.0.2.15",
        "dhcp-host=02:00:00:00:05:0A,192.0.2.15,infinite",
        "dhcp-host=02-00-00-00-05-0A,192.0.2.15",
        "dhcp-host=ingress-vip-1,192.0.2.15",
        "dhcp-host=set:vip,02:00:00:00:05:01,ingress-vip-1,192.0.2.15,12h",
        "dhcp-host=net:vip,id:01:02:03,192.0.2.15",
        'dhcp-host = "02:00:00:00:05:01" , "192.0.2.15"',
        "dhcp-host=02:00:00:00:05:01,02:00:00:00:05:02,192.0.2.15",
    ],
)
def test_forms_of_a_reservation(line: str) -> None:
    """Whoever it is for, its address is found, and all are treated alike."""
    (option,) = dhcp_options(says(line, "dhcp"))

    assert option.addresses == [IPv4Address("192.0.2.15")]
    assert not option.is_selective


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("read-ethers", "ethers"),
        ("dhcp-hostsfile={0}/hosts", "hosts"),
        ("dhcp-hostsdir={0}/hosts", "hosts/vips"),
    ],
)
def test_files_of_reservations(tmp_path: Path, line: str, file: str) -> None:
    """A reservation may be in a file of others; comments there are none."""
    between = " " if file == "ethers" else ","
    rows = [
        "# old, 192.0.2.99, ignore",
        f"02:00:00:00:05:0A{between}192.0.2.15",
        f"  02-00-00-00-05-0b{between}192.0.2.16 # the next, 192.0.2.98",
        "",
    ]
    texts = {"dnsmasq.conf": line, file: "\n".join(rows)}
    if file == "hosts/vips":
        texts["hosts/vips~"] = "02:00:00:00:05:0A,192.0.2.97"

    found = _read(tmp_path, texts)

    named = [str(it) for option in found for it in option.addresses]
    assert named == ["192.0.2.15", "192.0.2.16"]
    assert not any(option.is_selective for option in found)


def test_files(tmp_path: Path) -> None:
    """Files are read as dnsmasq does: of a folder, one ending may count."""
    conf = (
        "conf-dir={0}/all,.bak # old\nconf-dir={0}/some/,*.conf\nread-ethers\n"
    )
    texts = {
        "dnsmasq.conf": conf,
        "all/lan": "dhcp-host=a,192.0.2.1",
        "all/lan.bak": "dhcp-host=b,192.0.2.2",
        "some/lan.conf": "dhcp-host=c,192.0.2.3",
        "some/lan.conf.old": "dhcp-host=d,192.0.2.4",
        "some/.lan.conf": "dhcp-host=e,192.0.2.5",
        "ethers": "# old\n02:00:00:00:05:09\t192.0.2.6 # plotter\n",
    }
    found = _read(tmp_path, texts)

    assert [option.fields[0][:1] for option in found] == ["a", "c", "0"]
    assert str(found[-1]) == "dhcp-host=02:00:00:00:05:09,192.0.2.6"


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ("192.0.2.10,192.0.2.19,255.255.255.0,12h", ["10", "19"]),
        ("tag:a,192.0.2.10,192.0.2.19", ["10", "19"]),
        ("192.0.2.0,static", []),
        ("2001:db8::1,2001:db8::9", []),
    ],
)
def test_ranges(fields: str, ends: list[str]) -> None:
    """A range has two ends; what follows is a netmask."""
    option = DhcpOption("dhcp-range", tuple(fields.split(",")))

    assert option.addresses == [IPv4Address(f"192.0.2.{end}") for end in ends]


@pytest.mark.parametrize(
    ("name", "fields", "selective"),
    [
        ("dhcp-range", "tag:a,192.0.2.10,192.0.2.19", True),
        ("dhcp-range", "set:a,192.0.2.10,192.0.2.19", False),
        ("dhcp-host", "02:*:*:*:*:*,ignore", True),
        ("dhcp-host", "02:00:00:00:00:01,192.0.2.15", False),
        ("dhcp-ignore", "tag:!known", True),
    ],
)
def test_selective(name: str, fields: str, *, selective: bool) -> None:
    """Some devices get no lease by these."""
    option = DhcpOption(name, tuple(fields.split(",")))

    assert option.is_selective is selective
