"""Which cluster answers: a lab belongs to the one that it was started on."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from graders.kube.client import KubeError, cluster_client

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.state.lab_state import State

# It lives as long as the cluster, and has a uid.
_LONGEST_LIVED: Final = "/api/v1/namespaces/kube-system"
# A paused control plane never answers, which is for others to report.
_TIMEOUT_S: Final = 2.0


def cluster_uid(plan: Plan) -> str:
    """Return the cluster's uid, "" while its API server does not answer."""
    try:
        with closing(cluster_client(plan, _TIMEOUT_S)) as cluster:
            namespace = cluster.get(_LONGEST_LIVED)
    except KubeError:
        return ""
    return str(namespace["metadata"]["uid"]) if namespace else ""


def is_other_cluster(plan: Plan, state: State) -> bool:
    """Tell whether the cluster is not the one that the lab was started on.

    False if either is not known.
    """
    return bool(state.cluster) and cluster_uid(plan) not in {
        "",
        state.cluster,
    }
