"""The cluster as the Kubernetes API tells it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final, cast

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.client import rest
from kubernetes.config.config_exception import ConfigException

from graders.errors import CannotCheck
from graders.kube.apply import rolled_out

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]

METALLB: Final = "/apis/metallb.io/v1beta1/namespaces/metallb-system"
_NOT_FOUND: Final = 404
_REFUSED: Final = 400
_JSON: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json",
}
# What reading a kubeconfig comes to that is missing, or no longer one.
_DAMAGE: Final = (ConfigException, OSError, TypeError, yaml.YAMLError)
# Seconds to connect and to read: a local API server answers in milliseconds.
_TIMEOUT: Final = urllib3.Timeout(connect=2, read=8)


class Cluster:
    """Objects by their API paths; nothing is cached between two questions."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        """Read the kit's own kubeconfig.

        Raises:
            CannotCheck: it is not there, or has no such context.

        """
        # urllib3 would warn of each retry on the student's terminal.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        try:
            found = _configuration(kubeconfig, context)
            self._host: str = found.host
            self._pool: urllib3.PoolManager = rest.RESTClientObject(
                found
            ).pool_manager
        except _DAMAGE as error:
            raise CannotCheck(
                f"could not read the kit's kubeconfig: {error}",
                way_out="`lab up` writes it again",
            ) from error

    def get(self, path: str) -> Object | None:
        """Return the object or list at `path`, None where there is none.

        Raises:
            CannotCheck: the API server does not answer, or refuses.

        """
        return self.ask("GET", path)

    def items(self, path: str) -> list[Object]:
        """Return the objects at `path`, none where the kind is unknown."""
        found = self.get(path)
        return cast("list[Object]", found["items"]) if found else []

    def ask(
        self, verb: str, path: str, body: Object | None = None
    ) -> Object | None:
        """Send one request; only the grader's own probe objects change.

        Raises:
            CannotCheck: as `get`.

        """
        try:
            answer = self._pool.request(
                verb,
                self._host + path,
                body=json.dumps(body) if body else None,
                headers=_JSON,
                timeout=_TIMEOUT,
            )
        except urllib3.exceptions.HTTPError as error:
            raise CannotCheck(
                "the cluster's API server does not answer",
                way_out="`lab up` brings the cluster back",
            ) from error
        if answer.status == _NOT_FOUND:
            return None
        if answer.status >= _REFUSED:
            raise CannotCheck(
                f"the API server refused {verb} {path}: {answer.reason}",
                way_out="is the cluster whole? see `lab status`",
            )
        return cast("Object", answer.json())

    def service(self, name: str, namespace: str) -> Object | None:
        """Return a Service, or None."""
        return self.get(f"/api/v1/namespaces/{namespace}/services/{name}")

    def vip(self, name: str, namespace: str) -> str:
        """Return the address in a LoadBalancer Service's status, or ""."""
        service = self.service(name, namespace)
        if not service or service["spec"]["type"] != "LoadBalancer":
            return ""
        ingress = service["status"].get("loadBalancer", {}).get("ingress")
        return str(ingress[0].get("ip", "")) if ingress else ""

    def vips(self) -> frozenset[str]:
        """Return the addresses that any Service has or asks for."""
        found = set()
        for service in self.items("/api/v1/services"):
            status = service.get("status", {}).get("loadBalancer", {})
            ingress = status.get("ingress")
            found |= {one.get("ip", "") for one in ingress or []}
            notes = service["metadata"].get("annotations", {})
            found |= {
                text.strip()
                for key, wish in notes.items()
                if key.endswith("/loadBalancerIPs")
                for text in wish.split(",")
            }
        return frozenset(found)

    def without_vip(self, name: str, namespace: str) -> str:
        """Say what a Service is that has no VIP: pending, or not even that."""
        service = self.service(name, namespace)
        if service:
            kind = service["spec"]["type"]
            pending = kind == "LoadBalancer"
            return "<pending>" if pending else f"a Service of type {kind}"
        there = self.get(f"/api/v1/namespaces/{namespace}")
        return "no such Service" if there else f"no namespace {namespace}"

    def events(self, name: str, namespace: str) -> str:
        """Return a Service's latest events, as `kubectl describe` would."""
        service = self.service(name, namespace) or {"metadata": {"uid": ""}}
        found = self.items(
            f"/api/v1/namespaces/{namespace}/events"
            f"?fieldSelector=involvedObject.uid={service['metadata']['uid']}"
        )
        found.sort(key=lambda event: event.get("lastTimestamp") or "")
        lines = [f"{event['reason']}: {event['message']}" for event in found]
        return "\n".join(lines[-3:]) or "no events"

    def pod_nodes(self, namespace: str, selector: str) -> dict[str, str]:
        """Return the node of each pod with these labels, by the pod's name.

        `selector` is written as kubectl has it: `app=web`.
        """
        found = self.items(
            f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}"
        )
        return {
            pod["metadata"]["name"]: pod["spec"].get("nodeName", "")
            for pod in found
            if "deletionTimestamp" not in pod["metadata"]
        }

    def at_rest(self, namespace: str) -> bool:
        """Tell whether no pod of a namespace is about to come or to go.

        Each Deployment has what it wants, and no pod is being deleted.
        """
        space = f"namespaces/{namespace}"
        pods = self.items(f"/api/v1/{space}/pods")
        return not any(
            "deletionTimestamp" in pod["metadata"] for pod in pods
        ) and all(
            map(rolled_out, self.items(f"/apis/apps/v1/{space}/deployments"))
        )

    def ready_nodes(self, namespace: str, service: str) -> frozenset[str]:
        """Return the nodes on which a Service has a ready endpoint."""
        return frozenset(
            end["nodeName"]
            for end in self._ready(namespace, service)
            if "nodeName" in end
        )

    def orphans(self, namespace: str, service: str) -> list[str]:
        """Return the pods behind a Service that nobody would make again.

        A pod whose labels no longer fit is let go by its ReplicaSet, which
        makes another one.
        """
        behind = {
            end.get("targetRef", {}).get("name")
            for end in self._ready(namespace, service)
        }
        pods = self.items(f"/api/v1/namespaces/{namespace}/pods")
        return [
            pod["metadata"]["name"]
            for pod in pods
            if pod["metadata"]["name"] in behind
            and not any(
                owner.get("controller")
                for owner in pod["metadata"].get("ownerReferences") or []
            )
        ]

    def _ready(self, namespace: str, service: str) -> list[Object]:
        """Return a Service's ready endpoints."""
        found = self.items(
            f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
            f"?labelSelector=kubernetes.io/service-name={service}"
        )
        return [
            end
            for part in found
            for end in part.get("endpoints") or []
            if end.get("conditions", {}).get("ready")
        ]

    def announcers(self, name: str, namespace: str) -> dict[str, set[str]]:
        """Return the nodes that say that they announce a VIP by ARP.

        Each with the interfaces on which it does; none means all of them.
        """
        found = {}
        for item in self.items(f"{METALLB}/servicel2statuses"):
            status = item.get("status", {})
            about = status.get("serviceName"), status.get("serviceNamespace")
            if about == (name, namespace):
                ends = status.get("interfaces") or []
                found[status["node"]] = {end["name"] for end in ends}
        return found

    def ranges(self) -> list[str]:
        """Return the ranges of all IPAddressPools."""
        return [text for texts in self.pools().values() for text in texts]

    def pools(self) -> dict[str, list[str]]:
        """Return each IPAddressPool's ranges, as they are written."""
        found = self.items(f"{METALLB}/ipaddresspools")
        return {
            pool["metadata"]["name"]: pool["spec"]["addresses"]
            for pool in found
        }

    def open_pools(self) -> list[str]:
        """Return the pools that are drawn from without being asked for."""
        return [
            pool["metadata"]["name"]
            for pool in self.items(f"{METALLB}/ipaddresspools")
            if pool["spec"].get("autoAssign", True)
        ]


def _configuration(kubeconfig: Path, context: str) -> client.Configuration:
    """Return what the kubeconfig says of `context`; one try per request."""
    found = client.Configuration()
    config.load_kube_config(
        config_file=str(kubeconfig),
        context=context,
        client_configuration=found,
    )
    found.retries = urllib3.Retry(0)
    return found
