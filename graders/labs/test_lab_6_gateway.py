"""Lab 6: every application answers by its name, through one VIP."""

from __future__ import annotations

import contextlib
import random
from functools import partial
from itertools import cycle, product
from typing import Any, Final

from graders.checks import (
    FOUND,
    NOT_FOUND,
    OK,
    PROXIES,
    SEE_POOLS,
    Client,
    Gateway,
    Pages,
    Session,
    active_namespaces,
    catch_all_paths,
    check,
    entrance,
    evict_pods,
    expect,
    expect_answered_by_pods,
    expect_answers,
    expect_as_asked,
    expect_control_plane_excluded,
    expect_fenced_sets,
    expect_gateway_vip,
    expect_narrow_grants,
    expect_no_address,
    expect_no_page,
    expect_no_static_entries,
    expect_one_controller,
    expect_one_responder,
    expect_pools_inside,
    expect_proxy_responds,
    expect_published,
    expect_redirected,
    expect_reserved,
    expect_unattached,
    expect_validated,
    expect_vip,
    false_addresses,
    foreign_claims,
    foreign_routes,
    https,
    labels_of_pools,
    lacking,
    new_host,
    new_word,
    routed,
    run_parallel,
    tcp,
    temporary_namespace,
    temporary_route,
    temporary_service,
    until,
    unused_addresses,
)

NAMESPACE: Final = "lab-6"
# The label by which a namespace may attach routes.
LABEL: Final = ("shared-gateway", "allowed")
MEMBER: Final = dict([LABEL])
LEDGER_PORT: Final = 7000
TEAMS: Final = ("shop", "tickets", "visits")
# Requests that show that all backends of a route are right.
IN_A_ROW: Final = 8
# Names and paths, and where the teams' routes lead.
ROUTES: Final = {
    "shop": {"/": "front:80", "/cart": "cart:80"},
    "visits": {"/": "visits:80"},
}
HEADER: Final = "X-Forwarded-For"


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """The shared Gateway's Service has a VIP of pool {ingress_pool_name}."""
    expect_gateway_vip(_gateway(lab), lab.plan.shared_pool)


@check(layer="advertisement", needs=("vip",))
def test_published(lab: Session) -> None:
    """The Gateway's status has its VIP, and no other address."""
    expect_published(_gateway(lab))


@check(layer="neighbour", needs=("vip",))
def test_arp(lab: Session) -> None:
    """One node with a ready proxy, and no other machine, answers ARP."""
    expect_proxy_responds(_gateway(lab))
    # It may have no proxy, but would announce other Services.
    expect_control_plane_excluded(lab)


@check(layer="forwarding")
def test_ledger(lab: Session) -> None:
    """ledger answers over TCP at {ledger_vip}, where it always was."""
    vip = expect_vip(lab, "ledger", "ledger", str(lab.plan.ledger_vip))
    expect_one_responder(lab, vip)
    run_parallel(partial(_expect_ledger, lab), (lab.lan_client, lab.client))


@check(layer="forwarding", needs=("published", "arp"))
def test_tls(lab: Session) -> None:
    """Each name is answered with a certificate of the lab's CA."""
    hosts = [f"{team}.{lab.plan.domain}" for team in TEAMS]
    pages = Pages(
        [f"https://{host}/" for host in (*hosts, new_host(lab))],
        lambda _: "any page, with a certificate of the lab's CA",
        lambda answer: answer.secure,
    )
    expect_answers(_gateway(lab), pages)


@check(layer="forwarding", needs=("tls",))
def test_routes(lab: Session) -> None:
    """Each team's names and paths have a route at the Gateway."""
    pages = Pages(
        [*_texts(lab)],
        lambda _: "an application's",
        lambda answer: answer.status != NOT_FOUND,
    )
    expect_answers(_gateway(lab), pages)


@check(layer="endpoint", needs=("routes",))
def test_apps(lab: Session) -> None:
    """The right application answers at each name and path."""
    texts = _texts(lab)
    urls = [url for url in texts if "//tickets." not in url]
    urls += [url for url in texts if url not in urls] * IN_A_ROW
    pages = Pages(
        urls,
        lambda answer: f"{OK} {texts[answer.url]}",
        lambda answer: answer.text == f"{OK} {texts[answer.url]}",
    )
    expect_answers(_gateway(lab), pages)
    expect_answered_by_pods(lab, "tickets")


@check(layer="source-ip", needs=("apps",))
def test_client_address(lab: Session) -> None:
    """visits gets each client's own address, whatever a client claims."""
    machines = lab.plan.machines
    clients = (
        (lab.lan_client, str(machines["lan-client"].lan)),
        (lab.client, str(machines["client"].edge)),
    )
    claims = ("", f"{HEADER}: {false_addresses()}", f"{HEADER}: 127.0.0.1")
    run_parallel(partial(_expect_own_address, lab), product(clients, claims))


@check(layer="policy", needs=("routes",), exclusive=True)
def test_new_host(lab: Session) -> None:
    """A namespace with the label gets a new name, one without gets none."""
    gateway, target, host = _gateway(lab), new_host(lab), new_host(lab)
    words = ": ".join(LABEL)
    with contextlib.ExitStack() as stack:
        member = stack.enter_context(temporary_namespace(lab, MEMBER))
        routes = foreign_routes(gateway, stack, LABEL, target)
        # The positive control: it comes later, and is there first.
        with temporary_route(gateway, member, host, target):
            expect_redirected(gateway, host, target)
            why = f"its namespace has no label {words}"
            expect_no_page(gateway, [new_host(lab), new_host(lab)], why=why)
            # Other listeners than that of the applications count, too.
            expect_unattached(gateway, routes, words)
            expect_fenced_sets(gateway, LABEL)
        why = "its route was removed"
        expect_no_page(gateway, [host], why=why, wait="new-route")


@check(layer="policy", needs=("tls",))
def test_unclaimed(lab: Session) -> None:
    """Names that no team has get 404, not another team's page."""
    gateway = _gateway(lab)
    hosts = [new_host(lab) for _ in range(3)]
    paths = ["/", f"/{new_word()}", *catch_all_paths(gateway)]
    expect_no_page(gateway, hosts, paths=paths)


@check(layer="policy")
def test_neighbour_routes(lab: Session) -> None:
    """shop and visits have their names and routes, and open no Service."""
    for team, paths in ROUTES.items():
        wanted = {
            f"{team}.{lab.plan.domain}{path}": leads
            for path, leads in paths.items()
        }
        expect(
            f"the routes of {team} to be",
            expected=wanted,
            actual=(found := routed(lab, team)),
            ok=found == wanted,
            seen_by=f"kubectl get httproutes -n {team} -o yaml",
        )
        claims = foreign_claims(_gateway(lab), team)
        expect(
            f"routes of other namespaces for {team}.{lab.plan.domain}:",
            expected="none",
            actual=claims,
            ok=not claims,
            seen_by="kubectl get httproutes -A",
        )
    closed = {*ROUTES, "ledger", NAMESPACE}
    expect_narrow_grants(lab, "tickets", closed)


@check(layer="policy")
def test_pool(lab: Session) -> None:
    """Of the pool's four addresses, only the Gateway and ledger want one."""
    pool = lab.plan.shared_pool
    expect_pools_inside(lab, pool)
    missing = lacking(lab.cluster.ranges(), pool)
    expect(
        "the pool to have",
        expected=f"all of {pool}",
        actual=f"these without {', '.join(missing)}",
        ok=not missing,
        seen_by=SEE_POOLS,
    )
    wanted = {
        f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in lab.cluster.items("/api/v1/services")
        if item["spec"]["type"] == "LoadBalancer"
    }
    own = {"ledger/ledger", f"{PROXIES}/{_gateway(lab).service_name()}"}
    expect(
        "Services of type LoadBalancer, besides those of the shared Gateway"
        " and of ledger, to be",
        expected="none",
        actual=wanted - own,
        ok=not wanted - own,
        seen_by="kubectl get svc -A",
    )


@check(layer="policy", needs=("pool",), exclusive=True)
def test_tenancy(lab: Session) -> None:
    """Services in other namespaces get no address of the pool."""
    # The positive control: an address is left for a namespace that may have
    # it. The pool may also select its Services by label, as anyone writes it.
    ledger = lab.cluster.service("ledger", "ledger") or {"metadata": {}}
    alike = ledger["metadata"].get("labels", {})
    with temporary_service(lab, "ledger", labels=alike) as service:
        expect_vip(lab, service, "ledger")
    expect_reserved(lab, lab.plan.shared_pool, (PROXIES, "ledger"))
    forms = [*product(_forms(lab), [alike, *labels_of_pools(lab)])]
    at_once = cycle(random.sample((True, False), 2))
    with (
        temporary_namespace(lab, MEMBER) as member,
        temporary_namespace(lab) as stranger,
    ):
        new = {member, stranger}
        requests = [
            (space, {**form, "labels": labels, "exposed": next(at_once)})
            for space in active_namespaces(lab, PROXIES, "ledger")
            for form, labels in (
                forms if space in new else [random.choice(forms)]  # noqa: S311 - no secret
            )
        ]
        run_parallel(partial(_expect_no_address, lab), requests)


@check(layer="policy", needs=("vip",))
def test_by_controller(lab: Session) -> None:
    """Service and proxies are what Gateway and EnvoyProxy ask for."""
    expect_as_asked(_gateway(lab))


@check(layer="policy")
def test_static_entries(lab: Session) -> None:
    """No machine has an address, neighbour entry or route for VIPs."""
    promised = str(lab.plan.unannounced_vip)
    expect_no_static_entries(lab, [*sorted(lab.cluster.vips()), promised])


@check(layer="policy", needs=("vip",))
def test_webhook(lab: Session) -> None:
    """One controller of MetalLB runs; its webhook refuses invalid objects."""
    expect_one_controller(lab)
    expect_validated(lab)


@check(
    layer="endpoint",
    needs=("client_address", "new_host", "by_controller"),
    disruptive=True,
)
def test_restart(lab: Session) -> None:
    """All of this is still so after the controller's pod was replaced."""
    gateway, host, target = _gateway(lab), new_host(lab), new_host(lab)
    evict_pods(
        lab, PROXIES, lab.cluster.pod_selector("envoy-gateway", PROXIES)
    )
    with (
        temporary_namespace(lab, MEMBER) as member,
        temporary_route(gateway, member, host, target),
    ):
        # Once it has read this route, it has read all others, too.
        pages = Pages(
            [f"https://{host}/"],
            lambda _: f"{FOUND}, by a controller that has just started",
            lambda answer: answer.status == FOUND,
            "gateway-back",
        )
        expect_answers(gateway, pages)
    for again in (test_published, test_arp, test_apps, test_client_address):
        again(lab)


def _gateway(lab: Session) -> Gateway:
    return Gateway(lab, "shared", NAMESPACE)


def _texts(lab: Session) -> dict[str, str]:
    """Return what must be read where, in the brief's words.

    The paths are drawn, so that a page for a path of yesterday is of no use.
    """
    token, domain = new_word(), lab.plan.domain
    return {
        f"https://shop.{domain}/{token}": "hello from shop",
        f"https://shop.{domain}/cart/{token}": "hello from cart",
        f"https://tickets.{domain}/{token}": "hello from tickets",
        f"https://visits.{domain}/echo?msg={token}": token,
    }


def _expect_ledger(lab: Session, client: Client) -> None:
    """Fail unless a pod of ledger says its name to a client."""
    address = str(lab.plan.ledger_vip)
    place = client.machine.role
    (said, command), pods = until(
        "http",
        lambda: (
            tcp(client.machine, address, LEDGER_PORT),
            lab.cluster.ready_pods("ledger", "ledger"),
        ),
        lambda state: state[0][0].strip() in state[1],
    )
    expect(
        f"the name that {address} says to {place} to be that of a pod of"
        " ledger,",
        expected=pods or "and there is none",
        actual=said.strip() or "no answer",
        ok=said.strip() in pods,
        seen_by=f"{command} on {place}",
    )


def _expect_own_address(
    lab: Session, case: tuple[tuple[Client, str], str]
) -> None:
    """Fail unless visits gets only the address that the client has."""
    (client, own), claim = case
    url = f"https://visits.{lab.plan.domain}/header?key={HEADER}"
    target, place = entrance(_gateway(lab)), client.machine.role
    (answer,) = until(
        "http",
        partial(https, client.machine, target, [url], claim),
        lambda answers: answers[0].text == f"{OK} {own}",
    )
    expect(
        f"the {HEADER} that visits gets from {place} to be",
        expected=own,
        actual=answer.text.removeprefix(f"{OK} "),
        ok=answer.text == f"{OK} {own}",
        seen_by=f"{answer.command} on {place}",
    )


def _forms(lab: Session) -> list[dict[str, str]]:
    """Return what a Service may ask for: nothing, a pool, a free address."""
    pools = lab.cluster.pools()
    ranges = [text for texts in pools.values() for text in texts]
    free = next(unused_addresses(lab, ranges))
    return [{}, *({"pool": name} for name in pools), {"address": str(free)}]


def _expect_no_address(
    lab: Session, request: tuple[str, dict[str, Any]]
) -> None:
    namespace, form = request
    expect_no_address(lab, namespace, **form)
