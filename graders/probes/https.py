"""Requests by name: HTTPS to an address to which names lead, and plain TCP."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.errors import CannotCheck
from graders.probes.programs import NEEDS_CURL, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.providers.machine import Machine

# Where both clients have the lab's CA, for people. The probe brings its own:
# anybody may write into a file.
CA_FILE: Final = "/lab/ca.crt"
# All at once. Each answer is kept in files, as bodies are not to be mixed up.
_REQUESTS: Final = (
    NEEDS_CURL
    + """\
d=$(mktemp -d)
printf '%s\\n' "$1" > "$d/ca"
vip=$2 mark=$3 header=$4
shift 4
form='%{http_code}\\n%{time_appconnect}\\n%{redirect_url}\\n'
at=0
for url; do
  at=$((at + 1))
  name=${url#https://}
  name=${name%%/*}
  curl -q --noproxy '*' --max-filesize 500000 -sS \\
    --max-time 3 --connect-timeout 1 --cacert "$d/ca" \\
    --resolve "$name:443:$vip" ${header:+-H} ${header:+"$header"} \\
    -o "$d/$at.body" -w "$form" "$url" \\
    > "$d/$at.said" 2> "$d/$at.error" &
done
wait
at=0
for url; do
  at=$((at + 1))
  for part in said error body; do
    echo "$mark"
    head -c 4096 "$d/$at.$part" 2> /dev/null
  done
done
rm -r "$d"
"""
)
_PARTS: Final = 3
_STATUS: Final = re.compile(r"[0-9]{3}")
# The time at which TLS was there; 0 if it never was.
_SOME_TIME: Final = re.compile(r"\A[0-9.]*[1-9]")
_TCP: Final = 'timeout 2 bash -c \'head -c 4096 < "/dev/tcp/$0/$1"\' "$0" "$1"'


@dataclass(frozen=True)
class Entrance:
    """The address to which all names lead, and who vouches for them.

    `ca` is the certificate, as PEM, that must have signed the server's.
    """

    vip: str
    ca: str

    def command(self, url: str, header: str = "") -> str:
        """Return the command by which a person sends a request."""
        name = url.removeprefix("https://").partition("/")[0]
        extra = f" -H '{header}'" if header else ""
        return (
            f"curl -m3 --cacert {CA_FILE}"
            f" --resolve {name}:443:{self.vip}{extra} '{url}'"
        )


@dataclass(frozen=True)
class Answer:
    """The answer to one HTTPS request; status 0 without one.

    A certificate that is not the CA's, or not for the name, is no answer;
    `error` says so. `secure` tells whether the certificate was right, even if
    no answer came in time.
    """

    url: str
    command: str
    status: int
    body: str
    location: str
    error: str
    secure: bool

    @property
    def text(self) -> str:
        """The answer in one line."""
        if not self.status:
            return self.error or "no answer"
        return f"{self.status} {self.body.strip()}".strip()


def https(
    machine: Machine, entrance: Entrance, urls: Sequence[str], header: str = ""
) -> list[Answer]:
    """Request `urls` at the same time; all of their names lead to one VIP.

    Example:
        answers = https(lab.client.machine, entrance(gateway), urls)

    Raises:
        CannotCheck: the machine does not answer, or stopped in between.

    """
    # A page could print any mark that it knows.
    mark = secrets.token_hex(16)
    given = (entrance.ca, entrance.vip, mark, header)
    script = ("sh", "-c", _REQUESTS, "https", *given, *urls)
    output = run_program(machine, *script, program="curl").out
    parts = output.split(f"{mark}\n")[1:]
    if len(parts) != _PARTS * len(urls):
        raise CannotCheck(
            f"{machine.role} stopped while it sent requests",
            remedy="`lab up` brings the lab's machines back",
            machine=machine.role,
        )
    return [
        _answer(url, entrance.command(url, header), parts[at : at + _PARTS])
        for at, url in zip(range(0, len(parts), _PARTS), urls, strict=True)
    ]


def _answer(url: str, command: str, parts: Sequence[str]) -> Answer:
    said, error, body = parts
    status, seconds, location = [*said.split("\n"), "", ""][:3]
    number = int(status) if _STATUS.fullmatch(status) else 0
    why = error.strip().partition("\n")[0]
    secure = bool(_SOME_TIME.match(seconds))
    return Answer(url, command, number, body, location.strip(), why, secure)


def tcp(machine: Machine, address: str, port: int) -> tuple[str, str]:
    """Return what a server sends on its own, and the command to see it.

    The text is empty if no connection opens within 2 s.

    Example:
        text, command = tcp(lab.client.machine, "172.18.255.241", 7000)

    """
    script = ("sh", "-c", _TCP, address, str(port))
    said = run_program(machine, *script, program="bash").out
    return said, f"bash -c 'cat < /dev/tcp/{address}/{port}'"
