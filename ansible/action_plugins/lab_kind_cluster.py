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
from typing import ClassVar

from graders.errors import CannotCheck
from graders.kube.client import KubeError, playbook_client
from graders.lifecycle.action import LabAction, Values
from graders.providers.kind_cluster import KindCluster, incompleteness

_NAMES = {"type": "list", "elements": "str", "required": True}


class ActionModule(LabAction):
    """The action; see above."""

    ARGUMENTS: ClassVar[Values] = {
        "folder": {"type": "str", "required": True},
        "nodes": _NAMES,
        "containers": _NAMES,
        "api_timeout": {"type": "int", "default": 0},
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Look, and mend."""
        if not args["api_timeout"]:
            folder = Path(args["folder"])
            reason = incompleteness(folder, args["nodes"], args["containers"])
            return {"changed": False, "incomplete": reason}
        try:
            return _mend(args, variables)
        except CannotCheck as error:
            return {"failed": True, "msg": str(error)}


def _mend(args: Values, variables: Values) -> Values:
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


def _is_reachable(variables: Values) -> bool:
    """Tell whether the kubeconfig leads to a cluster that answers."""
    try:
        with closing(playbook_client(variables)) as kube:
            return kube.get("/api/v1/namespaces/kube-system") is not None
    except KubeError:
        return False
