"""Put objects into the cluster, and wait for the Deployments of namespaces.

    kit_apply:
      kubeconfig: /where/it/is
      objects: "{{ all_of_them }}"     # in their order, or
      text: |                          # the same in YAML
        ...
      wait_in: [lab-1]
      missing: [Namespace, Deployment] # optional: only these kinds, and only
                                       # what is not there, once; a refusal
                                       # is told
      moved: [web]                     # optional: Deployments of which a
                                       # fault makes other pods

It returns the `objects`; apart from them those that are `moved`, without
pods, as they are put in place here, too; and which `namespaces` are among
them. What is not ready in time is told, and is no failure: a lab may be so.
"""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.action import ActionBase

from graders.cluster_apply import (
    among,
    apply,
    apply_missing,
    await_deployments,
    parked,
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
        names = {"type": "list", "elements": "str", "default": []}
        _, given = self.validate_argument_spec(
            argument_spec={
                "kubeconfig": {"type": "str", "required": True},
                "objects": {"type": "list"},
                "text": {"type": "str"},
                "wait_in": names,
                "missing": names,
                "moved": names,
            },
            required_one_of=[("objects", "text")],
            mutually_exclusive=[("objects", "text")],
        )
        # A stream: Ansible's own kind of text is none for the parser.
        text = io.StringIO(given["text"])
        objects = given["objects"] or [
            *filter(None, yaml.load_all(text, yaml.CSafeLoader))
        ]
        objects, moved = _apart(objects, given["moved"])
        problem, left = _put([*objects, *moved], given)
        return {
            "changed": True,
            "failed": bool(problem) and not given["missing"],
            "msg": problem,
            "stdout": "\n".join(left),
            "objects": objects,
            "moved": moved,
            "namespaces": [
                item["metadata"]["name"]
                for item in objects
                if item["kind"] == "Namespace"
            ],
        }


def _apart(
    objects: list[Any], names: list[str]
) -> tuple[list[Any], list[Any]]:
    """Return all but the Deployments of these names, and those, parked."""
    others = [item for item in objects if not among(item, names)]
    return others, [parked(item) for item in objects if among(item, names)]


def _put(objects: list[Any], given: dict[str, Any]) -> tuple[str, list[str]]:
    """Return what was refused, and what is not ready."""
    kinds = given["missing"]
    try:
        with closing(Kube(Path(given["kubeconfig"]))) as kube:
            if kinds:
                wanted = [one for one in objects if one["kind"] in kinds]
                apply_missing(kube, wanted)
            else:
                apply(kube, objects, _APPLY)
            return "", await_deployments(kube, given["wait_in"], _READY)
    except KubeError as error:
        return str(error), []
