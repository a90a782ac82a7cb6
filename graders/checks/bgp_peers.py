"""BGPPeers: which nodes they select, and whether they can connect."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from graders.checks.bgp import BGP_PORT, passwords
from graders.checks.check import expect
from graders.checks.pools import selects
from graders.kube.names import METALLB_CORE, METALLB_NAMESPACE

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.probes.router import BgpSession

SEE_PEERS: Final = f"kubectl get bgppeers -n {METALLB_NAMESPACE} -o yaml"
_PEERS: Final = (
    f"/apis/metallb.io/v1beta2/namespaces/{METALLB_NAMESPACE}/bgppeers"
)

# Seconds in which a speaker that was refused dials again; see below.
_REDIALLED_S: Final = 17


def bgp_peers(lab: Session) -> dict[str, list[dict[str, Any]]]:
    """Return the BGPPeers that each node's speaker connects to, by node.

    Example:
        names = [peer["metadata"]["name"] for peer in bgp_peers(lab)[node]]

    Raises:
        CannotCheck: the API server does not answer.

    """
    nodes = {
        node["metadata"]["name"]: node["metadata"].get("labels", {})
        for node in lab.cluster.items("/api/v1/nodes")
    }
    peers = lab.cluster.items(_PEERS)
    return {
        name: [peer for peer in peers if _is_for(peer, nodes.get(name, {}))]
        for name in lab.plan.node_names()
    }


def peer_password(lab: Session, peer: dict[str, Any]) -> str:
    """Return a BGPPeer's password, its own or that of its Secret, or "".

    Example:
        passwords = {peer_password(lab, peer) for peer in peers}

    Raises:
        CannotCheck: the API server does not answer.

    """
    spec = peer["spec"]
    name = (spec.get("passwordSecret") or {}).get("name")
    if not name:
        return str(spec.get("password", ""))
    secret = lab.cluster.get(f"{METALLB_CORE}/secrets/{name}") or {}
    encoded = (secret.get("data") or {}).get("password", "")
    return base64.b64decode(encoded).decode(errors="replace")


def expect_one_peer(lab: Session) -> None:
    """Fail unless one BGPPeer, and no other, selects each node.

    The router keeps one session with a neighbour. A speaker with a second
    BGPPeer never stops to connect, whichever of the two is right.

    Example:
        expect_one_peer(lab)

    Raises:
        CheckFailed: several BGPPeers, or none, select a node.
        CannotCheck: the API server does not answer.

    """
    for node, peers in bgp_peers(lab).items():
        names = [peer["metadata"]["name"] for peer in peers]
        expect(
            f"the BGPPeers that select {node} to be",
            expected="one, because the router keeps one session with a node",
            actual=names,
            ok=len(names) == 1,
            seen_by=SEE_PEERS,
        )


def cannot_connect(lab: Session, sessions: dict[str, BgpSession]) -> bool:
    """Tell whether a node without a session will not get one.

    This is certain if no BGPPeer selects it, or if none of those that do
    agrees with the router, whenever the speaker tries again.

    Example:
        until("session", read, ok, hopeless=partial(cannot_connect, lab))

    Raises:
        CannotCheck: the router or the API server does not answer.

    """
    asked = passwords(lab.router.config())
    peers = bgp_peers(lab)
    for node in lab.plan.nodes.values():
        address = str(node.lan)
        session = sessions.get(address)
        if (session is None or not session.established) and all(
            _differs(lab, peer["spec"], session)
            # Whoever listens for a range of neighbours asks each of them.
            or asked.get(address, given := peer_password(lab, peer)) != given
            for peer in peers[node.name]
        ):
            return True
    return False


def until_redialled(lab: Session) -> float:
    """Return for how many more seconds speakers may wait for a started FRR.

    A speaker whose session is lost dials at once and, if refused, 1, 3, 7 and
    15 s after that (MetalLB 0.16.1, internal/bgp/native/backoff.go). One that
    found FRR stopped thus dials in the first 17 s of its next run.

    Example:
        until("session", read, ok, extra=partial(until_redialled, lab))

    Raises:
        CannotCheck: the router does not answer.

    """
    return max(_REDIALLED_S - lab.router.seconds_running(), 0)


def _differs(
    lab: Session, spec: dict[str, Any], session: BgpSession | None
) -> bool:
    """Tell whether a BGPPeer has another address, port or AS than the router.

    A session is only right with the router's address on the LAN, and with
    BGP's own port.
    """
    own = session.local_as if session else lab.plan.router_asn
    remote = session.remote_as if session else lab.plan.cluster_asn
    return (
        spec.get("peerAddress") != str(lab.plan.machines["router"].lan)
        or str(spec.get("peerPort") or BGP_PORT) != BGP_PORT
        or spec.get("peerASN") not in {own, 0, None}
        # FRR knows no remote AS as long as it accepts any.
        or remote not in {0, spec.get("localASN") or spec.get("myASN")}
    )


def _is_for(peer: dict[str, Any], labels: dict[str, str]) -> bool:
    selectors = peer["spec"].get("nodeSelectors") or [{}]
    return any(selects(selector, labels) for selector in selectors)
