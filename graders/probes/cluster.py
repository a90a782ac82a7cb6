"""The cluster, as its API server shows it."""

from __future__ import annotations

import json
import logging
import secrets
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.client import rest
from kubernetes.config.config_exception import ConfigException

from graders.errors import MALFORMED, CannotCheck, one_line
from graders.files import read_text
from graders.kube.apply import rolled_out
from graders.kube.client import ANSWER_LIMIT, too_large
from graders.kube.kubeconfig import LIMIT
from graders.kube.names import METALLB_PATH, SERVICE_NAME
from graders.polling import until
from graders.probes.refusal import may_pass, refusal

if TYPE_CHECKING:
    from pathlib import Path

Object = dict[str, Any]

_REMEDY: Final = "`lab up` brings the cluster back"

# A patch has the fields that change.
_CONTENT: Final = {"PATCH": "application/merge-patch+json"}
_SLICE_MANAGER: Final = "endpointslice.kubernetes.io/managed-by"
_SLICE_CONTROLLER: Final = "endpointslice-controller.k8s.io"
# Node, Service and its namespace, in a speaker's status and in its labels.
_FIELDS: Final = ("node", "serviceName", "serviceNamespace")
_LABELS: Final = (
    *("metallb.io/node", "metallb.io/service-name"),
    "metallb.io/service-namespace",
)
# Phases of a pod that runs no more.
_FINISHED: Final = frozenset({"Succeeded", "Failed"})
# What a missing or damaged kubeconfig raises.
_KUBECONFIG_ERRORS: Final = (
    *MALFORMED,
    ConfigException,
    OSError,
    yaml.YAMLError,
)
# The API server notes in an object which program has created it, and a policy
# can read that: so it is another one each time, as among users.
_PROGRAMS: Final = (
    *("argocd-controller", "helm", "kubectl-client-side-apply"),
    *("kubectl-create", "kubectl-expose", "kubectl-patch", "terraform"),
)
# Seconds to connect and to read: a local API server answers in milliseconds,
# on a busy machine in seconds, and waits up to 10 s for a webhook that does
# not answer.
_TIMEOUT: Final = urllib3.Timeout(connect=6, read=16)


class Cluster:
    """Objects by their API paths; nothing is cached between requests."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        """Read the kit's kubeconfig.

        Raises:
            CannotCheck: it is missing, or has no such context.

        """
        # urllib3 would warn of each retry on the student's terminal.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        try:
            settings = _configuration(kubeconfig, context)
            self._host: str = settings.host
            self._pool: urllib3.PoolManager = rest.RESTClientObject(
                settings
            ).pool_manager
        except _KUBECONFIG_ERRORS as error:
            raise CannotCheck(
                f"could not read the kit's kubeconfig: {error}",
                remedy="`lab up` writes it again",
            ) from error

    def get(self, path: str) -> Object | None:
        """Return the object or list at `path`, None if there is none.

        Raises:
            CannotCheck: the API server refuses or does not answer.

        """
        return self.ask("GET", path)

    def items(self, path: str) -> list[Object]:
        """Return the objects at `path`, none if the kind is unknown."""
        body = self.get(path)
        return list(body.get("items") or []) if body else []

    def ask(
        self, verb: str, path: str, body: Object | None = None
    ) -> Object | None:
        """Send one request; checks change only their temporary objects.

        Raises:
            Refused: a rule of the cluster, such as a quota, forbids it.
            CannotCheck: as `get`.

        """
        status, text = until(
            "admission",
            partial(self._send, verb, path, body),
            lambda answer: not may_pass(verb, *answer),
        )
        if status == HTTPStatus.NOT_FOUND and verb != "POST":
            return None
        if status >= HTTPStatus.BAD_REQUEST:
            raise refusal(verb, path, status, text)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise CannotCheck(
                f"the answer to {verb} {path} is no JSON:"
                f" {one_line(text, 100) or 'it is empty'}",
                remedy="is the cluster whole? see `lab status`",
            )
        return answer

    def _send(
        self, verb: str, path: str, body: Object | None
    ) -> tuple[int, str]:
        """Send one request once; return status and text of the answer."""
        try:
            answer = self._pool.request(
                verb,
                self._host + path,
                body=json.dumps(body) if body else None,
                headers={
                    "Accept": "application/json",
                    "Content-Type": _CONTENT.get(verb, "application/json"),
                    "User-Agent": f"{secrets.choice(_PROGRAMS)}/v1",
                },
                timeout=_TIMEOUT,
                preload_content=False,
            )
            text = answer.read(ANSWER_LIMIT + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise CannotCheck(
                "the cluster's API server does not answer",
                remedy=_REMEDY,
            ) from error
        if len(text) > ANSWER_LIMIT:
            raise CannotCheck(too_large(verb, path))
        return answer.status, text.decode("utf-8", "replace")

    def service(self, name: str, namespace: str) -> Object | None:
        """Return a Service, None if there is none."""
        return self.get(f"/api/v1/namespaces/{namespace}/services/{name}")

    def vip(self, name: str, namespace: str) -> str:
        """Return the address in a LoadBalancer Service's status, or ""."""
        service = self.service(name, namespace)
        if not service or service["spec"]["type"] != "LoadBalancer":
            return ""
        ingress = service["status"].get("loadBalancer", {}).get("ingress")
        return str(ingress[0].get("ip", "")) if ingress else ""

    def allocated(self) -> frozenset[str]:
        """Return the addresses that Services have been given."""
        services = self.items("/api/v1/services")
        return frozenset(chain.from_iterable(map(_allocated, services)))

    def vips(self) -> frozenset[str]:
        """Return the addresses that any Service has or requests."""
        addresses = set()
        for service in self.items("/api/v1/services"):
            addresses |= _allocated(service)
            annotations = service["metadata"].get("annotations", {})
            addresses |= {
                text.strip()
                for key, value in annotations.items()
                if key.endswith("/loadBalancerIPs")
                for text in value.split(",")
            }
        return frozenset(addresses)

    def describe_missing_vip(self, name: str, namespace: str) -> str:
        """Return what a Service without a VIP is: pending, missing ..."""
        service = self.service(name, namespace)
        if service:
            kind = service["spec"]["type"]
            pending = kind == "LoadBalancer"
            return "<pending>" if pending else f"a Service of type {kind}"
        exists = self.get(f"/api/v1/namespaces/{namespace}")
        return "no such Service" if exists else f"no namespace {namespace}"

    def events(self, name: str, namespace: str) -> str:
        """Return a Service's latest events, as `kubectl describe` would."""
        service = self.service(name, namespace) or {"metadata": {"uid": ""}}
        events = self.items(
            f"/api/v1/namespaces/{namespace}/events"
            f"?fieldSelector=involvedObject.uid={service['metadata']['uid']}"
        )
        events.sort(key=lambda event: event.get("lastTimestamp") or "")
        lines = [f"{event['reason']}: {event['message']}" for event in events]
        return "\n".join(lines[-3:]) or "no events"

    def pod_nodes(self, namespace: str, selector: str) -> dict[str, str]:
        """Return the node of each pod with these labels, by the pod's name.

        `selector` is a label selector as for kubectl: `app=web`. Pods that
        have finished, or are being deleted, are left out.
        """
        pods = self.items(
            f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}"
        )
        return {
            pod["metadata"]["name"]: pod["spec"].get("nodeName", "")
            for pod in pods
            if runs(pod)
        }

    def pod_selector(self, service: str, namespace: str) -> str:
        """Return a Service's selector as kubectl writes it, "" without one."""
        spec = (self.service(service, namespace) or {}).get("spec", {})
        labels = spec.get("selector") or {}
        return ",".join(f"{key}={value}" for key, value in labels.items())

    def is_settled(self, namespace: str) -> bool:
        """Tell whether no pod of a namespace is being created or deleted.

        Each Deployment has its replicas, and no pod is being deleted.
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
            endpoint["nodeName"]
            for endpoint in self._ready_endpoints(namespace, service)
            if "nodeName" in endpoint
        )

    def ready_pods(self, namespace: str, service: str) -> set[str]:
        """Return the pods behind a Service's ready endpoints, by name.

        An endpoint that names no pod is named by its address.
        """
        return {
            endpoint.get("targetRef", {}).get("name")
            or endpoint["addresses"][0]
            for endpoint in self._ready_endpoints(namespace, service)
        }

    def orphans(self, namespace: str, service: str) -> list[str]:
        """Return the pods of a Service that no controller would recreate.

        A ReplicaSet releases a pod whose labels no longer match, and creates
        another one.
        """
        names = {
            endpoint.get("targetRef", {}).get("name")
            for endpoint in self._ready_endpoints(namespace, service)
        }
        pods = self.items(f"/api/v1/namespaces/{namespace}/pods")
        return [
            pod["metadata"]["name"]
            for pod in pods
            if pod["metadata"]["name"] in names
            and not any(
                owner.get("controller")
                for owner in pod["metadata"].get("ownerReferences") or []
            )
        ]

    def foreign_slices(self, namespace: str, service: str) -> list[str]:
        """Return a Service's EndpointSlices that Kubernetes does not maintain.

        Those without an endpoint do no harm. Of a Service without a selector
        it maintains none, whatever their labels say.
        """
        selects = bool(self.pod_selector(service, namespace))
        return [
            item["metadata"]["name"]
            for item in self._slices(namespace, service)
            if item.get("endpoints")
            and not (
                selects
                and item["metadata"]["labels"].get(_SLICE_MANAGER)
                == _SLICE_CONTROLLER
            )
        ]

    def _slices(self, namespace: str, service: str) -> list[Object]:
        return self.items(
            f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
            f"?labelSelector={SERVICE_NAME}={service}"
        )

    def _ready_endpoints(self, namespace: str, service: str) -> list[Object]:
        return [
            endpoint
            for item in self._slices(namespace, service)
            for endpoint in item.get("endpoints") or []
            if endpoint.get("conditions", {}).get("ready")
        ]

    def l2_announcers(self, name: str, namespace: str) -> dict[str, set[str]]:
        """Return the nodes whose speakers report that they announce by ARP.

        Each has the interfaces on which it does; none means all of them.
        """
        return {
            node: {
                interface["name"]
                for interface in item.get("status", {}).get("interfaces") or []
            }
            for item in self.items(f"{METALLB_PATH}/servicel2statuses")
            if (node := _reporting_node(item, name, namespace))
        }

    def bgp_reporters(self, name: str, namespace: str) -> frozenset[str]:
        """Return the nodes whose speakers report that they announce by BGP."""
        return frozenset(
            node
            for item in self.items(f"{METALLB_PATH}/servicebgpstatuses")
            if (node := _reporting_node(item, name, namespace))
            and (not item.get("status") or item["status"].get("peers"))
        )

    def ranges(self) -> list[str]:
        """Return the ranges of all IPAddressPools."""
        return [text for texts in self.pools().values() for text in texts]

    def pools(self) -> dict[str, list[str]]:
        """Return each IPAddressPool's ranges, as they are written."""
        pools = self.items(f"{METALLB_PATH}/ipaddresspools")
        return {
            pool["metadata"]["name"]: pool["spec"]["addresses"]
            for pool in pools
        }

    def auto_assign_pools(self) -> list[str]:
        """Return the pools that Services draw from without requesting them."""
        return [
            pool["metadata"]["name"]
            for pool in self.items(f"{METALLB_PATH}/ipaddresspools")
            if pool["spec"].get("autoAssign", True)
        ]


def runs(pod: Object) -> bool:
    """Tell whether a pod runs or will run."""
    return (
        "deletionTimestamp" not in pod["metadata"]
        and pod.get("status", {}).get("phase") not in _FINISHED
    )


def _reporting_node(item: Object, name: str, namespace: str) -> str:
    """Return the node of a status that a speaker wrote for a Service, or "".

    A speaker creates it with labels, and writes what it contains once it sees
    it. Where the API server was away, that takes up to a minute
    (MetalLB, internal/k8s/controllers).
    """
    status = item.get("status")
    labels = item.get("metadata", {}).get("labels") or {}
    written, keys = (status, _FIELDS) if status else (labels, _LABELS)
    node, *service = (written.get(key, "") for key in keys)
    return str(node) if service == [name, namespace] else ""


def _allocated(service: Object) -> set[str]:
    status = service.get("status", {}).get("loadBalancer", {})
    return {item.get("ip", "") for item in status.get("ingress") or []}


def _configuration(kubeconfig: Path, context: str) -> client.Configuration:
    """Return the client's configuration, without retries."""
    settings = client.Configuration()
    read_text(kubeconfig, LIMIT)
    config.load_kube_config(
        config_file=str(kubeconfig),
        context=context,
        client_configuration=settings,
    )
    settings.retries = urllib3.Retry(0)
    # The client would send requests to this computer by HTTPS_PROXY.
    settings.proxy = None
    return settings
