"""How the output of arping and curl is read."""

from __future__ import annotations

import pytest

from graders.probes.client import Client, Http
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output

VIP = "172.18.255.200"
IPUTILS = """\
ARPING 172.18.255.200 from 172.18.0.3 eth0
Unicast reply from 172.18.255.200 [02:42:AC:12:01:04]  0.888ms
Unicast reply from 172.18.255.200 [02:42:AC:12:01:04]  0.701ms
Sent 2 probes (1 broadcast(s))
Received 2 response(s)
"""
BUSYBOX = """\
ARPING 172.18.255.200 from 172.18.0.3 eth0
Unicast reply from 172.18.255.200 [02:42:ac:12:01:04] 0.023ms
Broadcast reply from 172.18.255.200 [02:42:ac:12:01:04] 0.023ms
Sent 2 probe(s) (1 broadcast(s))
Received 2 response(s) (0 request(s), 0 broadcast(s))
"""
TWO = """\
ARPING 172.18.255.200 from 172.18.0.3 eth0
Unicast reply from 172.18.255.200 [02:42:AC:12:01:04]  0.888ms
Unicast reply from 172.18.255.200 [02:42:AC:12:01:03]  0.910ms
Sent 1 probes (1 broadcast(s))
Received 2 response(s)
"""
NONE = """\
ARPING 172.18.255.200 from 172.18.0.3 eth0
Sent 2 probes (2 broadcast(s))
Received 0 response(s)
"""


class Says(Machine):
    """A machine that prints one text and records commands."""

    outcome: Output
    asked: tuple[str, ...]

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Record the command."""
        del seconds, stdin
        object.__setattr__(self, "asked", argv)
        return self.outcome


def _machine(out: str, error: str = "", code: int = 0) -> Says:
    """Return a machine on which every command has this result."""
    machine = Says("client", DockerExec("metallb-lab-client"))
    outcome = Output("a command", code, out, error)
    object.__setattr__(machine, "outcome", outcome)
    return machine


@pytest.mark.parametrize(
    ("text", "macs"),
    [
        (IPUTILS, ("02:42:ac:12:01:04",)),
        (BUSYBOX, ("02:42:ac:12:01:04",)),
        (TWO, ("02:42:ac:12:01:03", "02:42:ac:12:01:04")),
        (NONE, ()),
        ("", ()),
    ],
    ids=["iputils", "busybox", "two", "none", "nothing"],
)
def test_arping(text: str, macs: tuple[str, ...]) -> None:
    """Each MAC that answers is there once, in lower case."""
    machine = _machine(text)

    found = Client(machine).arping(VIP)

    assert found.macs == macs
    assert found.text == text.strip()
    argv = "arping -b -c 2 -w 2 -I eth0 172.18.255.200"
    assert " ".join(machine.asked) == argv


def test_arping_without_such_an_interface() -> None:
    """There are no answers, and arping's error is the evidence."""
    said = 'arping: Device "eth0" does not exist.'

    found = Client(_machine("", said, 1)).arping(VIP, 1)

    assert found.macs == ()
    assert found.text == said


def test_curl() -> None:
    """Body and status are separated; a student can type the command."""
    machine = _machine("hello from web\n\n200")

    found = Client(machine).curl(VIP)

    assert (found.status, found.body) == (200, "hello from web\n")
    assert found.text == "hello from web"
    assert found.command == f"curl -sS --max-time 2 http://{VIP}"
    assert "--noproxy" in machine.asked


@pytest.mark.parametrize(
    ("out", "body", "status"),
    [
        ("\n204", "", 204),
        ("no newline\n503", "no newline", 503),
        ("a\nb\n\n404", "a\nb\n", 404),
    ],
)
def test_bodies(out: str, body: str, status: int) -> None:
    """A body may have no line, or many."""
    found = Client(_machine(out)).curl(VIP, 8080, 1)

    assert (found.body, found.status) == (body, status)
    assert found.command.endswith(f"--max-time 1 http://{VIP}:8080")


def test_curl_without_an_answer() -> None:
    """The status is 0, and the text is curl's error."""
    said = "curl: (7) Failed to connect to 172.18.255.200 port 80\n"

    found = Client(_machine("\n000", said, 7)).curl(VIP)

    assert (found.status, found.body) == (0, "")
    assert found.text == said.strip()


def test_no_output() -> None:
    """There is still a text to show."""
    assert Client(_machine("")).curl(VIP).text == "no answer"
    assert Http("curl", 200, "", "").text == "no answer"
