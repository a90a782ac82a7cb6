"""What the start state has of a machine is found changed, and restored."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE
from graders.state.start_state import READINGS, Reading
from tests import own_network
from tests.network_changes import CHANGES, NET

if TYPE_CHECKING:
    from pathlib import Path

RESTORE: Final = ANSIBLE / "roles" / "lab" / "files" / "restore.sh"
LIBRARY: Final = ANSIBLE / "files" / "lib"
BY_NAME: Final = {row.name: row for row in READINGS}
# These are only on machines of a lab, or all of this computer's.
_ON_MACHINES: Final = {
    *("configuration", "leases", "files", "programs", "processes"),
    *("hosts file", "services", "transient units"),
    *("network namespaces", "programs of XDP"),
}
_CUT: Final = "=-=-="
_MAIN: Final = "\nmkdir -p $MADE\n"


def _functions(made: Path) -> str:
    functions, found, _ = RESTORE.read_text("utf-8").partition(_MAIN)
    assert found
    text = _library() + functions
    return (
        "ROLE=desk KEEP=10.1.0.1/24 EDGE=10.90.0.0/24 ROUTER=10.1.0.2\n"
        + text.replace("\nMADE=/var/lib/lab-made\n", f"\nMADE={made}\n")
    )


def _library() -> str:
    return "".join(
        (LIBRARY / name).read_text("utf-8")
        for name in ("network_state.sh", "contents.sh")
    )


def _steps(row: Reading, change: str) -> str:
    """Restore, read, change, read, restore, and read again."""
    restore = "; ".join(f"{name} > /dev/null" for name in row.restored_by)
    read = f"{row.command}; echo {_CUT}"
    # A machine's first reset finds it as it was created.
    first = "links routes way_to_edge defaults policy_routing rules kernel"
    return f"""
for each in {first} other_filters; do $each > /dev/null; done
{read}
{change}
echo $?
{read}
{restore}
{read}
"""


@own_network.needs_net
@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_changed_and_restored(tmp_path: Path, name: str, change: str) -> None:
    """A change is a difference, and none after the reset."""
    row = BY_NAME[name]
    done = subprocess.run(
        [
            *own_network.NET,
            *("sh", "-c"),
            f"{NET}{_functions(tmp_path)}\n{_steps(row, change)}",
        ],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    before, changed, after, _ = done.stdout.split(f"{_CUT}\n")
    code, *lines = changed.splitlines()
    if code != "0":
        pytest.skip(f"not in a namespace of this kernel: {change}")

    at_start, at_end = (
        sorted(row.normalise(part.splitlines())) for part in (before, after)
    )
    assert sorted(row.normalise(lines)) != at_start, done.stderr
    assert at_end == at_start, done.stderr


@own_network.needs_net
@pytest.mark.parametrize("key", ["rp_filter", "proxy_arp"])
def test_an_interface_that_came_later(tmp_path: Path, key: str) -> None:
    """It has the defaults, whatever it was created with."""
    file = f"/proc/sys/net/ipv4/conf/eth1/{key}"
    script = f"""{NET}{_functions(tmp_path)}
kernel
ip link add eth1 type veth peer name at-eth1
kernel
was=$(cat {file})
echo $((1 - was)) > {file}
kernel > /dev/null
kernel
[ "$(cat {file})" = "$was" ] || echo changed
"""
    done = subprocess.run(
        [*own_network.NET, "sh", "-c", script],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "", done.stderr


def test_each_reading_is_changed() -> None:
    """No row is left out above, but for what only machines have."""
    assert {name for name, _ in CHANGES} | _ON_MACHINES == BY_NAME.keys()


def test_each_reading_is_restored() -> None:
    """Rows name functions of the script, and it runs no others."""
    functions, found, main = RESTORE.read_text("utf-8").partition(_MAIN)
    assert found
    functions += _library()
    called = {
        name
        for name in re.findall(r"^(\w+)\(\)", functions, re.MULTILINE)
        if re.search(rf"(^| ){name}( |$)", main, re.MULTILINE)
    }
    restored = {name for row in READINGS for name in row.restored_by}

    # The desk's lease changes by itself, and so do connections.
    assert called == restored | {"desk", "dials"}


def _run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=False
    )


_FILES: Final = """
places() { echo "$HERE/etc"; }
mkdir -p "$HERE/etc/sub" && cd "$HERE/etc"
echo a > kept && echo b > sub/lost
ln -s kept link && chmod 600 kept
files; listed | sort > "$HERE/before"
"""


@pytest.mark.parametrize(
    "change",
    [
        "echo c > mine",
        "echo c > kept",
        "chmod 644 kept",
        "rm sub/lost",
        "rm -r sub",
        "ln -sf sub/lost link",
        "ln -s nowhere mine",
    ],
)
def test_files(tmp_path: Path, change: str) -> None:
    """A file that was added, changed or deleted is as it was."""
    script = f"""{_functions(tmp_path)}
HERE={tmp_path}/here
{_FILES}
{change}
listed | sort | cmp -s - "$HERE/before" && echo unseen
files | grep -q changed || echo silent
listed | sort | diff "$HERE/before" - && files
"""
    done = _run(script)

    assert done.stdout == "", done.stderr


@pytest.mark.parametrize(
    "change",
    [
        "echo 192.0.2.7 shop.demo.example >> hosts",
        "sed -i /localhost/d hosts",
        "echo 192.0.2.7 shop.$own.example >> hosts",
        ": > hosts",
    ],
)
def test_hosts_file(tmp_path: Path, change: str) -> None:
    """Lines of a person's go; docker writes those of the machine's own."""
    file = str(tmp_path / "hosts")
    functions = _functions(tmp_path / "made").replace("/etc/hosts", file)
    script = f"""{functions}
mkdir $MADE; cd {tmp_path}
own="$(uname -n)"
printf '127.0.0.1 localhost\n192.0.2.8 %s\n' "$own" > hosts
hosts
printf '127.0.0.1 localhost\n192.0.2.9\t%s\n' "$own" > hosts
hosts
{change}
hosts | grep -q "file {file}" || echo silent
hosts
grep -v -w -e "$own" hosts
grep -c "[[:space:]]$own$" hosts
"""
    done = _run(script)

    assert done.stdout == "127.0.0.1 localhost\n1\n", done.stderr


_TOOLS: Final = """
OWN_PROGRAMS=1
MADE=$HERE/made
mkdir -p "$MADE" "$HERE/usr/bin" "$HERE/usr/sbin" && cd "$HERE/usr/bin"
echo a > curl && echo b > arping && echo c > mawk && echo d > mine
ln -s mawk awk && chmod 755 curl
tools_in() {
  find "$1$HERE/usr/bin" \\( -false $(printf ' -o -name %s' $TOOLS) \\) \
    -printf '%m %s %l %p\\n' | sed "s, $1/, /,"
}
tools; tools
tools_in '' | sort > "$HERE/before"
"""


@pytest.mark.parametrize(
    "change",
    [
        "mv curl ../..",
        "chmod -x curl",
        "echo longer > curl",
        "rm arping && mkdir arping && echo x > arping/y",
        "ln -sf mine awk",
        "rm mawk awk",
    ],
)
def test_tools(tmp_path: Path, change: str) -> None:
    """A program that was moved or replaced is back, and others stay."""
    script = f"""{_functions(tmp_path)}
HERE={tmp_path}/here
{_TOOLS}
{change}
tools | grep -q '"program ' || echo silent
tools_in '' | sort | diff "$HERE/before" - && tools
[ "$(cat curl arping awk mine)" = "$(printf 'a\nb\nc\nd')" ] || echo other
"""
    done = _run(script)

    assert done.stdout == "", done.stderr


def test_tools_of_a_host(tmp_path: Path) -> None:
    """They are its owner's: nothing is copied, and so nothing copied back."""
    subprocess.run(
        ["sh", "-c", f"{_functions(tmp_path)}\nOWN_PROGRAMS= tools"],
        check=True,
    )

    assert not [*tmp_path.iterdir()]


def test_processes(tmp_path: Path) -> None:
    """One that outlived its shell is killed, and no other."""
    script = f"""{_functions(tmp_path)}
orphans() {{ cat {tmp_path}/orphans; }}
kill() {{ echo "$*"; }}
echo '7 sleep infinity' > {tmp_path}/orphans; processes
echo '9 arping -U' >> {tmp_path}/orphans; processes
"""
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[0] == "-KILL 9"
    assert len(done.stdout.splitlines()) == 2
