"""Patch one object of the cluster.

    lab_patch:
      api_version: metallb.io/v1beta2  # v1 by default
      kind: BGPPeer
      name: router
      namespace: metallb-system
      definition: {spec: {peerPort: 1179}}
      merge_type: merge                # or strategic-merge

The arguments are those of `kubernetes.core.k8s` with `state: patched`.
"""

from __future__ import annotations

from contextlib import closing
from typing import ClassVar

from graders.kube.apply import object_path
from graders.kube.client import KubeClient, KubeError, playbook_client
from graders.lifecycle.action import LabAction, Values

_REQUIRED = {"type": "str", "required": True}


class ActionModule(LabAction):
    """The action; it reports a change only if the object has changed."""

    ARGUMENTS: ClassVar[Values] = {
        "api_version": {"type": "str", "default": "v1"},
        "kind": _REQUIRED,
        "name": _REQUIRED,
        "namespace": {"type": "str"},
        "definition": {"type": "dict", "required": True},
        "merge_type": {
            "type": "str",
            "choices": ["merge", "strategic-merge"],
            "default": "merge",
        },
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Patch the object."""
        try:
            with closing(playbook_client(variables)) as kube:
                return {"changed": _patch(kube, args)}
        except KubeError as error:
            return {"failed": True, "msg": str(error)}


def _patch(kube: KubeClient, args: Values) -> bool:
    """Patch the object and return whether that changed it."""
    metadata = {"name": args["name"]}
    if args["namespace"]:
        metadata["namespace"] = args["namespace"]
    item = {
        "apiVersion": args["api_version"],
        "kind": args["kind"],
        "metadata": metadata,
    }
    path = object_path(kube, item)
    content = f"application/{args['merge_type']}-patch+json"
    before = kube.get(path)
    after = kube.ask("PATCH", path, args["definition"], content)
    if before is None or after is None:
        raise KubeError(f"{args['kind']} {args['name']} not found")
    version = "resourceVersion"
    return bool(before["metadata"][version] != after["metadata"][version])
