"""Run a command or a script on this computer or on machines of the lab.

`ansible.builtin.command` packs a module and starts Python for each task: 0.6 s
where the command itself takes 0.1 s. This action runs it from Ansible's own
process: 0.05 s. A start or reset of a lab has some twenty such tasks.

    lab_exec:
      argv: [kubectl, get, nodes]     # or
      cmd: kubectl get nodes | wc -l  # a bash script, or
      script: [lib/alone.sh, join.sh]  # files of the role or playbook, joined
      machine: router                 # optional: a role of the plan
      environment: {NAME: value}
      stdin: text
      timeout: compile                # a name of time_limits, or seconds

Whatever takes longer than its time limit is ended: `command` in time_limits
(inventory/localhost.yml), unless `timeout` says otherwise.

A script of a machine is run there by `sh`, one of this computer by bash.

    lab_exec:
      script: put_node_files.sh
      machines: [worker, worker2]     # or {worker: {NAME: value}, ...}
      local: true

`machines` runs it for several machines, as many at a time as `parallel_hosts`
says, with the role as ROLE. With `local` it runs on this computer, and its
arguments are the command prefix that runs something on the machine.

`reports: true` reads each line of JSON that it prints, such as
`{"changed": "routes"}`: the task has changed something if one says so.
What one has as `tell` is printed on the student's terminal.

The variable `exec_prefix` maps each role to its command prefix.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from graders.lifecycle.action import LabAction, Values
from graders.providers.scripts import Command, reports, run, run_parallel

_COMMANDS = ("argv", "cmd", "script")


class ActionModule(LabAction):
    """The action; it returns what `ansible.builtin.command` returns."""

    ARGUMENTS: ClassVar[Values] = {
        "argv": {"type": "list", "elements": "str"},
        "cmd": {"type": "str"},
        "script": {"type": "list", "elements": "str"},
        "machine": {"type": "str"},
        "machines": {"type": "raw"},
        "exec_prefix": {"type": "dict"},
        "local": {"type": "bool", "default": False},
        "environment": {"type": "dict", "default": {}},
        "stdin": {"type": "str", "default": ""},
        "timeout": {"type": "str", "default": "command"},
        "reports": {"type": "bool", "default": False},
    }
    RULES: ClassVar[Values] = {
        "required_one_of": [_COMMANDS],
        "mutually_exclusive": [_COMMANDS, ("machine", "machines")],
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Run it and return its outcome."""
        prefixes = args["exec_prefix"] or variables.get("exec_prefix", {})
        machines = _machines(args)
        if odd := [role for role in machines if role not in prefixes]:
            known = ", ".join(prefixes) or "nothing"
            message = f"machine must be one of {known}, not {odd[0]!r}"
            return {"failed": True, "msg": message}
        limits = variables["time_limits"]
        try:
            args["seconds"] = _seconds(args["timeout"], limits)
        except ValueError:
            message = f"timeout must be one of {', '.join(limits)}, or seconds"
            return {"failed": True, "msg": message}
        if args["script"]:
            args["script"] = self._text(args["script"], variables)
        if args["machines"] is None:
            role = args["machine"]
            done = run(_command(args, prefixes[role] if role else [], {}))
        else:
            commands = {
                role: _command(args, prefixes[role], environment)
                for role, environment in machines.items()
            }
            done = run_parallel(commands, variables.get("parallel_hosts", 0))
        found = reports(done.stdout) if args["reports"] else []
        return {
            "changed": not args["reports"]
            or any(report.get("changed") for report in found),
            "failed": done.returncode != 0,
            "rc": done.returncode,
            "stdout": done.stdout.rstrip("\n"),
            "stdout_lines": done.stdout.splitlines(),
            "stderr": done.stderr.rstrip("\n"),
            "reports": found,
            "msg": "non-zero return code" if done.returncode else "",
        }

    def _text(self, names: list[str], variables: Values) -> str:
        """Return the files of a script, joined.

        `lib/` is the playbooks' own; all else is looked for as usual.
        """
        library = Path(variables["playbook_dir"]) / "files"
        return "".join(
            (
                library / name
                if name.startswith("lib/")
                else Path(self._find_needle("files", name))
            ).read_text(encoding="utf-8")
            for name in names
        )


def _seconds(timeout: str, limits: dict[str, int]) -> float:
    """Return a time limit in seconds."""
    return limits[timeout] if timeout in limits else float(timeout)


def _machines(args: Values) -> dict[str, Values]:
    """Return the environment of each machine, by its role."""
    several = args["machines"]
    if several is None:
        return {args["machine"]: {}} if args["machine"] else {}
    if isinstance(several, dict):
        return {role: {"ROLE": role, **own} for role, own in several.items()}
    return {role: {"ROLE": role} for role in several}


def _command(args: Values, prefix: list[str], own: Values) -> Command:
    """Return the command for one machine, or for this computer."""
    environment = {
        name: str(value) for name, value in (args["environment"] | own).items()
    }
    limit = args["seconds"], args["timeout"]
    if args["script"] and prefix and not args["local"]:
        given = map("=".join, environment.items())
        argv = [*prefix, "env", *given, "sh", "-s"]
        return Command(argv, args["script"], {}, *limit)
    argv = args["argv"] or ["bash", "-c", args["cmd"] or args["script"]]
    if args["local"]:
        argv += ["bash", *prefix]
    elif environment:
        argv = [*prefix, "env", *map("=".join, environment.items()), *argv]
    else:
        argv = [*prefix, *argv]
    return Command(argv, args["stdin"], environment, *limit)
