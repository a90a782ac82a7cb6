"""Reset cluster and machines to their initial state, at the same time.

    lab_reset:
      script: |                        # bash; resets the machines
        ...
      lab_namespaces: [lab-1]          # those of the lab that starts
      lab_objects: [...]               # its manifests; others like them go
      control_plane: metallb-lab-control-plane
      metallb: true                    # delete its resources, and keep it
      gateway: false                   # keep Envoy Gateway

It returns `reports`: a `changed` each for what was reset, be it by the script
(see `lab_exec`) or in the cluster. graders/kube/reset.py says what is reset.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import ClassVar

from graders.kube.client import KubeError, playbook_client
from graders.kube.reset import PreserveRules, reset_cluster
from graders.lifecycle.action import LabAction, Values
from graders.providers.scripts import Command, reports, run

_LIMIT = "reset_machines"
_TEXT = {"type": "str", "required": True}


class ActionModule(LabAction):
    """The action; it fails if either part fails."""

    ARGUMENTS: ClassVar[Values] = {
        "script": _TEXT,
        "lab_namespaces": {
            "type": "list",
            "elements": "str",
            "required": True,
        },
        "lab_objects": {"type": "list", "elements": "dict", "default": []},
        "control_plane": _TEXT,
        "metallb": {"type": "bool", "required": True},
        "gateway": {"type": "bool", "default": False},
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Reset the cluster while the script resets the machines."""
        machines = Command(
            ["bash", "-c", f"exec 2>&1\n{args['script']}"],
            timeout=variables["time_limits"][_LIMIT],
            limit=_LIMIT,
        )
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(run, machines)
            cluster, problem = _reset_cluster(variables, args)
            done = running.result()
        output = f"{done.stdout}{done.stderr}"
        if done.returncode and not problem:
            problem = output.strip() or "a machine's script failed"
        found = [*({"changed": line} for line in cluster), *reports(output)]
        return {
            "changed": bool(found),
            "failed": bool(problem),
            "msg": problem,
            "stderr": problem,
            "stdout": "\n".join([*cluster, *output.splitlines()]),
            "reports": found,
        }


def _reset_cluster(variables: Values, args: Values) -> tuple[list[str], str]:
    """Return what was reset, and what kept it from being reset."""
    kept = PreserveRules(
        frozenset(args["lab_namespaces"]),
        args["control_plane"],
        frozenset(map(_place, args["lab_objects"])),
        gateway=args["gateway"],
    )
    try:
        with closing(playbook_client(variables)) as kube:
            return reset_cluster(kube, kept, metallb=args["metallb"]), ""
    except KubeError as error:
        return [], str(error)


def _place(item: Values) -> tuple[str, str, str]:
    meta = item["metadata"]
    return item["kind"], meta.get("namespace", "default"), meta["name"]
