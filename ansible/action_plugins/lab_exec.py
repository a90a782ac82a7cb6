"""Run a command on this computer or on a machine of the lab.

`ansible.builtin.command` packs a module and starts Python for each task: 0.6 s
where the command itself takes 0.1 s. This action runs it from Ansible's own
process: 0.05 s. A start or reset of a lab has some twenty such tasks.

    lab_exec:
      argv: [kubectl, get, nodes]     # or
      cmd: |                          # a bash script
        kubectl get nodes
      machine: router                 # optional: a role of the plan
      stdin: text                     # optional
      timeout: 20                     # optional: seconds until it is ended

The variable `on` maps each role to the command prefix that runs something
there.
"""

from __future__ import annotations

import subprocess
from typing import Any

from ansible.plugins.action import ActionBase

# Exit statuses of a shell for a missing program, and of timeout(1).
NOT_FOUND = 127
TIMED_OUT = 124


class ActionModule(ActionBase):
    """The action; it returns what `ansible.builtin.command` returns."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Run `argv`, or `cmd` by bash, and return its outcome."""
        _, args = self.validate_argument_spec(
            argument_spec={
                "argv": {"type": "list", "elements": "str"},
                "cmd": {"type": "str"},
                "machine": {"type": "str"},
                "stdin": {"type": "str"},
                "timeout": {"type": "int"},
            },
            required_one_of=[("argv", "cmd")],
            mutually_exclusive=[("argv", "cmd")],
        )
        prefixes, role = (task_vars or {}).get("on", {}), args["machine"]
        if role and role not in prefixes:
            known = ", ".join(prefixes) or "nothing"
            message = f"machine must be one of {known}, not {role!r}"
            return {"failed": True, "msg": message}
        argv = args["argv"] or ["bash", "-c", args["cmd"]]
        done = _run(
            [*(prefixes[role] if role else ()), *argv],
            args["stdin"] or "",
            args["timeout"],
        )
        return {
            "changed": True,
            "failed": done.returncode != 0,
            "rc": done.returncode,
            "stdout": done.stdout.rstrip("\n"),
            "stdout_lines": done.stdout.splitlines(),
            "stderr": done.stderr.rstrip("\n"),
            "msg": "non-zero return code" if done.returncode else "",
        }


def _run(
    argv: list[str], stdin: str, timeout: int | None
) -> subprocess.CompletedProcess[str]:
    """Run a command; exit statuses say that it is missing or too slow."""
    try:
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        status, error = TIMED_OUT, f"no answer within {timeout} s"
    except OSError as problem:
        status, error = NOT_FOUND, str(problem.strerror)
    return subprocess.CompletedProcess(argv, status, "", f"{argv[0]}: {error}")
