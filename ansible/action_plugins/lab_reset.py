"""Bring cluster and machines back to what they were made with, at once.

    lab_reset:
      kubeconfig: /where/it/is
      machines: |                      # a bash script, for the machines
        ...
      namespaces: [kube-system]        # the cluster's own
      labs: [lab-1]                    # those of the lab that is to stand
      control_plane: metallb-lab-control-plane
      metallb: true                    # its resources go, and it stays

What goes and what stays: graders/kube/reset.py.
"""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from graders.kube.client import KubeClient, KubeError
from graders.kube.reset import PreserveRules, reset_cluster


class ActionModule(ActionBase):
    """The action; `stdout` has a line for each thing that it changed.

    The script's output is in it; that fails if the script does.
    """

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's own signature
        task_vars: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Restore the cluster while the script restores the machines."""
        names = {"type": "list", "elements": "str", "required": True}
        text = {"type": "str", "required": True}
        _, given = self.validate_argument_spec(
            argument_spec={
                "kubeconfig": text,
                "machines": text,
                "namespaces": names,
                "labs": names,
                "control_plane": text,
                "metallb": {"type": "bool", "required": True},
            },
        )
        kept = PreserveRules(
            frozenset(given["namespaces"]),
            frozenset(given["labs"]),
            given["control_plane"],
        )
        with subprocess.Popen(
            ["bash", "-c", given["machines"]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as machines:
            problem = ""
            try:
                with closing(KubeClient(Path(given["kubeconfig"]))) as kube:
                    lines = reset_cluster(kube, kept, metallb=given["metallb"])
            except KubeError as error:
                lines, problem = [], str(error)
            said, _ = machines.communicate()
        lines += said.splitlines()
        if machines.returncode and not problem:
            problem = said.strip() or "a machine's script failed"
        return {
            "changed": any("changed" in line for line in lines)
            or any(line.startswith("deleted") for line in lines),
            "failed": bool(problem),
            "msg": problem,
            "stderr": problem,
            "stdout": "\n".join(lines),
            "stdout_lines": lines,
        }
