"""Create, update or delete objects of the cluster.

The arguments are those of `kubernetes.core.k8s`, but requests come from
Ansible's own process: 0.05 s a task instead of a second.

    lab_objects:
      definition: "{{ lookup('template', 'web.yaml.j2') }}"  # YAML, dict, list
      state: present                   # or absent
      wait: true                       # see below
      wait_timeout: 60
      label_selectors: [app=web]       # absent: all objects of that kind
      field_selectors: [spec.nodeName=worker]
      delete_options: {gracePeriodSeconds: 0}

With `state: present`, `wait` waits for every Deployment in the namespaces that
the definition has. A Deployment that is late is listed in `stdout` and is no
failure: a lab may be broken like that. With `state: absent`, `wait` (the
default there) waits until named objects are gone.

    lab_objects:
      definition: ...
      create_only: [Namespace]         # create missing objects of these kinds;
                                       # a refusal is no failure
      scaled_to_zero: [web]            # create these Deployments without pods

It returns `objects`; `parked`, the Deployments of `scaled_to_zero`, which are
not among them; and `namespaces`.
"""

from __future__ import annotations

import io
from contextlib import closing
from typing import Any, ClassVar
from urllib.parse import urlencode

import yaml

from graders.kube.apply import (
    apply,
    create_missing,
    is_deployment_named,
    object_path,
    scaled_to_zero,
    wait_for_deployments,
)
from graders.kube.client import KubeClient, KubeError, playbook_client
from graders.lifecycle.action import STATE, LabAction, Values
from graders.polling import until_none

# Seconds in which a new webhook answers and a namespace is deleted.
_APPLY_TIMEOUT_S = 30.0
_POLL_INTERVAL_S = 0.1
_NAMES = {"type": "list", "elements": "str", "default": []}


class ActionModule(LabAction):
    """The action; see above."""

    ARGUMENTS: ClassVar[Values] = {
        "definition": {"type": "raw"},
        "state": STATE,
        "wait": {"type": "bool"},
        "wait_timeout": {"type": "int", "default": 60},
        "create_only": _NAMES,
        "scaled_to_zero": _NAMES,
        "label_selectors": _NAMES,
        "field_selectors": _NAMES,
        "delete_options": {"type": "dict", "default": {}},
    }

    def act(self, args: Values, variables: Values) -> Values:
        """Apply or delete the objects."""
        objects = _objects(args["definition"])
        try:
            with closing(playbook_client(variables)) as kube:
                if args["state"] == "absent":
                    return _delete(kube, objects, args)
                return _apply(kube, objects, args)
        except KubeError as error:
            result = {"failed": not args["create_only"], "msg": str(error)}
            return {"changed": True, **_split(objects, args), **result}


def _objects(definition: Any) -> list[Values]:  # noqa: ANN401 - YAML
    """Return the objects of a definition, be it text, one or several."""
    if isinstance(definition, str):
        # A stream, because the parser rejects Ansible's subclass of str.
        documents = yaml.load_all(io.StringIO(definition), yaml.CSafeLoader)
        return [*filter(None, documents)]
    if definition is None:  # what Ansible makes of empty text
        return []
    return definition if isinstance(definition, list) else [definition]


def _split(objects: list[Values], args: Values) -> Values:
    """Set the Deployments apart that are created without pods."""
    names = args["scaled_to_zero"]
    return {
        "objects": [
            item for item in objects if not is_deployment_named(item, names)
        ],
        "parked": [
            scaled_to_zero(item)
            for item in objects
            if is_deployment_named(item, names)
        ],
        "namespaces": [
            item["metadata"]["name"]
            for item in objects
            if item["kind"] == "Namespace"
        ],
    }


def _apply(kube: KubeClient, objects: list[Values], args: Values) -> Values:
    """Apply the objects in their order."""
    split = _split(objects, args)
    wanted = [*split["objects"], *split["parked"]]
    if kinds := args["create_only"]:
        create_missing(
            kube, [item for item in wanted if item["kind"] in kinds]
        )
    else:
        apply(kube, wanted, _APPLY_TIMEOUT_S)
    late = (
        wait_for_deployments(kube, split["namespaces"], args["wait_timeout"])
        if args["wait"]
        else []
    )
    return {"changed": True, "stdout": "\n".join(late), **split}


def _delete(kube: KubeClient, objects: list[Values], args: Values) -> Values:
    """Delete named objects, or all that the selectors select."""
    query = urlencode(
        {
            f"{name}Selector": ",".join(args[f"{name}_selectors"])
            for name in ("label", "field")
            if args[f"{name}_selectors"]
        }
    )
    paths = [object_path(kube, item) for item in objects]
    deleted = [
        kube.delete(
            f"{path}?{query}" if query else path, args["delete_options"]
        )
        for path in paths
    ]

    def present() -> list[str]:
        return [path for path in paths if kube.get(path)]

    wait = args["wait"] is not False and not query
    late = (
        until_none(present, args["wait_timeout"], _POLL_INTERVAL_S)
        if wait
        else []
    )
    changed = any(
        answer is not None and answer.get("items") != [] for answer in deleted
    )
    return {
        "changed": changed,
        "failed": bool(late),
        "msg": ", ".join(f"{path} is not deleted yet" for path in late),
    }
