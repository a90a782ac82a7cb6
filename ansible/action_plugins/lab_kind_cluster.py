"""Look at a cluster that kind created before, and mend what it lacks.

    lab_kind_cluster:
      folder: "{{ state_dir }}/kind"   # where kind's status is
      nodes: [...]                     # the names of its nodes
      containers: [...]                # those that exist
      api_timeout: 180                 # seconds until its API server answers

Without `api_timeout`, it only returns `incomplete`: why the cluster is known
to be incomplete, or "". Otherwise it waits for the API server, has nodes
without a Node object register again, and returns `reachable`: whether the
kubeconfig leads to this cluster.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from graders.errors import CannotCheck
from graders.kube.client import KubeError, playbook_client
from graders.providers.kind_cluster import KindCluster, incompleteness


class ActionModule(ActionBase):
    """The action; see above."""

    _requires_connection = False

    def run(
        self,
        tmp: str | None = None,  # noqa: ARG002 - Ansible's signature
        task_vars: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Look, and mend."""
        names = {"type": "list", "elements": "str", "required": True}
        _, args = self.validate_argument_spec(
            argument_spec={
                "folder": {"type": "str", "required": True},
                "nodes": names,
                "containers": names,
                "api_timeout": {"type": "int", "default": 0},
            },
        )
        if not args["api_timeout"]:
            folder = Path(args["folder"])
            reason = incompleteness(folder, args["nodes"], args["containers"])
            return {"changed": False, "incomplete": reason}
        try:
            return _mend(args, task_vars or {})
        except CannotCheck as error:
            return {"failed": True, "msg": str(error)}


def _mend(args: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """Mend the cluster and return what was done."""
    cluster = KindCluster(args["nodes"])
    registered = cluster.await_api(args["api_timeout"])
    missing = [node for node in args["nodes"] if node not in registered]
    cluster.register(missing)
    return {
        "changed": bool(missing),
        "reachable": _is_reachable(variables),
        "reports": [
            {
                "changed": "node",
                "tell": f"node {node} was not registered with the cluster,"
                " and is again",
            }
            for node in missing
        ],
    }


def _is_reachable(variables: dict[str, Any]) -> bool:
    """Tell whether the kubeconfig leads to a cluster that answers."""
    try:
        with closing(playbook_client(variables)) as kube:
            return kube.get("/api/v1/namespaces/kube-system") is not None
    except KubeError:
        return False
