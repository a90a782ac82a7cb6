"""What a grader file imports: checks, waits, and expectations by protocol.

@check(layer="allocation")
def test_vip(lab: Session) -> None:
    \"\"\"web has a VIP.\"\"\"
    expect_vip(lab, "web", "lab-1")
"""

from graders.checks.allocations import expect_only_allocated
from graders.checks.answers import (
    answers_file,
    read_answers,
    wrong_answers,
    wrong_rows,
)
from graders.checks.bgp import (
    announcing_nodes,
    bgp_announcers,
    expect_bgp_port,
    expect_router_listens,
    expect_session,
    kernel_route,
    node_names,
)
from graders.checks.bgp_filter import (
    advertise,
    agreed_addresses,
    expect_agreed_accepted,
    expect_agreed_pools,
    expect_filtered,
    expect_foreign_refused,
    foreign_prefixes,
    new_services,
    permitted_communities,
)
from graders.checks.bgp_passwords import (
    expect_passwords_kept,
    expect_unsigned_dropped,
)
from graders.checks.bgp_peers import (
    cannot_connect,
    expect_one_peer,
    until_redialled,
)
from graders.checks.bgp_routes import (
    expect_bgp_alone,
    expect_no_stray_routes,
    has_all_updates,
    ignores_ports,
    is_settled,
)
from graders.checks.check import check, expect, fail
from graders.checks.copies import (
    expect_no_surge,
    expect_none_planned,
    expect_one_copy,
)
from graders.checks.dhcp import (
    desk_of,
    expect_desk_answers,
    expect_devices_inside,
    expect_devices_outside,
    expect_lease,
    expect_one_server,
    expect_only_range_configured,
    expect_only_range_leased,
    expect_range_leased,
    expect_ranges_not_leased,
    expect_renewal,
)
from graders.checks.endpoints import (
    expect_followed_pods,
    expect_maintained_endpoints,
    expect_ready_endpoint,
)
from graders.checks.gateway import (
    PROXIES,
    Gateway,
    expect_as_asked,
    expect_gateway_vip,
    expect_proxy_responds,
    expect_published,
)
from graders.checks.grants import expect_narrow_grants
from graders.checks.inventory import expect_held, expect_inventory
from graders.checks.layer2 import (
    SEE_STATUS,
    Responders,
    address_control_plane_would_win,
    arp_responders,
    expect_announced,
    expect_off_storage,
    expect_one_responder,
    expect_reported,
    expect_unannounced,
    speakers_diverged,
    until_converged,
)
from graders.checks.listener_sets import expect_fenced_sets
from graders.checks.memberlist import expect_gossip
from graders.checks.metallb import (
    expect_maintained_speakers,
    expect_one_controller,
)
from graders.checks.names import (
    FOUND,
    NOT_FOUND,
    OK,
    Pages,
    entrance,
    expect_answers,
    expect_no_page,
    expect_redirected,
    false_addresses,
    new_host,
    new_word,
    temporary_route,
)
from graders.checks.node_failure import (
    isolate,
    measure_outage,
    rejoin_wait,
)
from graders.checks.objects import (
    clone_service,
    expose_later,
    possible_namespaces,
    temporary_namespace,
    temporary_object,
    temporary_service,
)
from graders.checks.own_pods import is_ready
from graders.checks.parallel import outputs_by_machine, run_parallel
from graders.checks.pools import (
    SEE_POOLS,
    advertised_pools,
    expect_no_conflict,
    expect_pools_inside,
    expect_reserved,
    labels_of_pools,
    labels_that_announce,
    pool_of,
    unused_addresses,
)
from graders.checks.routes import (
    catch_all_paths,
    expect_answered_by_pods,
    expect_unattached,
    foreign_claims,
    foreign_routes,
    routed,
)
from graders.checks.services import (
    allocation_decided,
    expect_control_plane_excluded,
    expect_http,
    expect_http_everywhere,
    expect_vip,
    expect_vip_in,
)
from graders.checks.session import Session
from graders.checks.static_entries import (
    expect_no_static_entries,
    expect_not_on_interface,
    find_static_entries,
)
from graders.checks.tenancy import (
    active_namespaces,
    expect_no_address,
    expect_pool_restricted,
)
from graders.checks.traffic import (
    MIN_CONNECTIONS,
    ClientPath,
    busy_nodes,
    connections_per_node,
    expect_no_loss,
    expect_served_by,
    expect_source_ip,
    expect_source_port,
    expect_udp_source_ip,
    extra_lan_address,
    extra_source_addresses,
    paths_from,
    wait_until_open,
)
from graders.checks.traffic_policy import (
    evict_pods,
    expect_moved,
    expect_next_hop,
    expect_own_route,
    expect_pending,
    expect_responder,
    next_hops,
    node_addresses,
    restored_placement,
)
from graders.checks.webhook import expect_validated
from graders.checks.workload import cordoned, probe_workload
from graders.errors import CannotCheck
from graders.kube.names import (
    METALLB_APPS,
    METALLB_CORE,
    METALLB_NAMESPACE,
    METALLB_PATH,
)
from graders.plan.ip_ranges import covered, holds, lacking
from graders.polling import until
from graders.probes.client import REQUESTS, Client
from graders.probes.https import Answer, https, tcp
from graders.probes.refusal import Refused
from graders.probes.router import BgpSession
from graders.probes.traffic import Flows
