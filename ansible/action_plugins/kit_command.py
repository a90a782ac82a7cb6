"""Run a command of this machine without the cost of a module.

`ansible.builtin.command` packs a module and starts Python for each task: 0.6 s
where the command itself takes 0.1 s. A lab is started and reset by some
twenty of them, so the kit runs them from Ansible's own process: 0.05 s.

    kit_command:
      argv: [kubectl, get, nodes]     # or
      cmd: |                          # a bash script
        kubectl get nodes
      at: router                      # optional: on that machine or node
      stdin: text                     # optional
      seconds: 20                     # optional: ended after so long, with 124

`at` is a role of the plan; the variable `on` has, by role, what stands
before a command that runs there.
"""

from __future__ import annotations

import subprocess
from typing import Any

from ansible.plugins.action import ActionBase

# What a shell says of a program that is not there.
MISSING = 127
# What timeout(1) says of a command that it ended.
TOO_LONG = 124


class ActionModule(ActionBase):
    """The action; what it returns is what `command` returns."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's own signature
        task_vars: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Run `argv`, or `cmd` by bash, and return its outcome."""
        _, given = self.validate_argument_spec(
            argument_spec={
                "argv": {"type": "list", "elements": "str"},
                "at": {"type": "str"},
                "cmd": {"type": "str"},
                "stdin": {"type": "str"},
                "seconds": {"type": "int"},
            },
            required_one_of=[("argv", "cmd")],
            mutually_exclusive=[("argv", "cmd")],
        )
        ways, role = (task_vars or {}).get("on", {}), given["at"]
        if role and role not in ways:
            known = ", ".join(ways)
            said = f"at must be one of {known or 'nothing'}, not {role!r}"
            return {"failed": True, "msg": said}
        argv = given["argv"] or ["bash", "-c", given["cmd"]]
        argv = [*(ways[role] if role else ()), *argv]
        try:
            done = subprocess.run(
                argv,
                input=given["stdin"] or "",
                capture_output=True,
                text=True,
                errors="replace",
                timeout=given["seconds"],
                check=False,
            )
        except subprocess.TimeoutExpired:
            said = f"{argv[0]}: no answer within {given['seconds']} s"
            done = subprocess.CompletedProcess(argv, TOO_LONG, "", said)
        except OSError as error:
            said = f"{argv[0]}: {error.strerror}"
            done = subprocess.CompletedProcess(argv, MISSING, "", said)
        return {
            "changed": True,
            "failed": done.returncode != 0,
            "rc": done.returncode,
            "stdout": done.stdout.rstrip("\n"),
            "stdout_lines": done.stdout.splitlines(),
            "stderr": done.stderr.rstrip("\n"),
            "msg": "non-zero return code" if done.returncode else "",
        }
