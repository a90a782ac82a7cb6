"""Put objects into the cluster, and wait for the Deployments of namespaces.

    kit_apply:
      kubeconfig: /where/it/is
      objects: "{{ all_of_them }}"     # in their order
      wait_in: [lab-1]
      but: [web]                       # optional: nobody waits for these
      missing: true                    # optional: only those that are not
                                       # there, once; a refusal is told

What is not ready in time is told, and is no failure: a lab may be so.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from graders.cluster_apply import (
    apply,
    apply_missing,
    await_deployments,
)
from graders.kube import Kube, KubeError

# Seconds in which a webhook that has just come answers, or a namespace that
# goes is gone; and in which pods whose images are there are ready.
_APPLY = 30.0
_READY = 60.0


class ActionModule(ActionBase):
    """The action; `stdout` has what is not ready."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's own signature
        task_vars: dict[str, Any] | None = None,  # noqa: ARG002 - as above
    ) -> dict[str, Any]:
        """Apply, then wait."""
        _, given = self.validate_argument_spec(
            argument_spec={
                "kubeconfig": {"type": "str", "required": True},
                "objects": {"type": "list", "required": True},
                "wait_in": {"type": "list", "elements": "str"},
                "but": {"type": "list", "elements": "str"},
                "missing": {"type": "bool", "default": False},
            },
        )
        missing = given["missing"]
        try:
            with closing(Kube(Path(given["kubeconfig"]))) as kube:
                if missing:
                    apply_missing(kube, given["objects"])
                else:
                    apply(kube, given["objects"], _APPLY)
                left = await_deployments(
                    kube, given["wait_in"] or [], _READY, given["but"] or []
                )
        except KubeError as error:
            return {"failed": not missing, "msg": str(error)}
        return {"changed": True, "stdout": "\n".join(left)}
