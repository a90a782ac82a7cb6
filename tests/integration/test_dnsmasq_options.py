"""The options that a DHCP server runs with, as its process shows them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from graders.probes.dnsmasq import dhcp_options
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, Output

if TYPE_CHECKING:
    from pathlib import Path


class Here(Machine):
    """A machine whose commands run here, with other programs first."""

    def run(
        self, *argv: str, seconds: float = 20.0, stdin: str = ""
    ) -> Output:
        """Run it."""
        done = subprocess.run(
            argv,
            env={"PATH": f"{self.role}:{os.environ['PATH']}"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Output(" ".join(argv), done.returncode, done.stdout, "")


def test_the_kit_s_own_rule_is_left_out(tmp_path: Path) -> None:
    """A rule of the same kind, or the same one in a file, is a student's."""
    file = tmp_path / "more.conf"
    file.write_text("dhcp-ignore=tag:!metallb-lab\n")
    with subprocess.Popen(
        [
            *("sh", "-c", "read -r _", "--interface=eth0"),
            *("--dhcp-ignore=tag:!metallb-lab", "--dhcp-ignore=tag:!known"),
            *("--dhcp-mac=set:metallb-lab,02:4d:ac:12:00:05", "-F", "a,b"),
            f"--dhcp-hostsfile={tmp_path}/none",
        ],
        stdin=subprocess.PIPE,
    ) as server:
        pgrep = tmp_path / "pgrep"
        pgrep.write_text(f"#!/bin/sh\necho {server.pid}\n")
        pgrep.chmod(0o755)
        here = Here(str(tmp_path), DockerExec("dhcp"))

        plain = [*map(str, dhcp_options(here))]
        server.communicate(b"\n")

    with subprocess.Popen(
        ["sh", "-c", "read -r _", f"--conf-file={file}"],
        stdin=subprocess.PIPE,
    ) as server:
        pgrep.write_text(f"#!/bin/sh\necho {server.pid}\n")
        own = [*map(str, dhcp_options(here))]
        server.communicate(b"\n")

    assert plain == ["dhcp-ignore=tag:!known", "dhcp-range=a,b"]
    assert own == ["dhcp-ignore=tag:!metallb-lab"]
