"""The ranges of one site: who of it owns which addresses.

All of them follow from the networks and from what varies with a student's
name; see `graders.plan.networks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graders.plan.networks import RangeOffsets


@dataclass(frozen=True)
class AddressPlan:
    """The address plan of a site; no two owners share an address."""

    lan: IPv4Network
    bgp_pool: IPv4Network
    shape: RangeOffsets

    @property
    def lan_gateway(self) -> IPv4Address:
        """The host's own address on the LAN."""
        return self.lan[1]

    @property
    def node_range(self) -> IPv4Network:
        """The addresses for nodes and other machines of the lab on the LAN."""
        return self._third(1)

    @property
    def dhcp_first(self) -> IPv4Address:
        """The first address that the DHCP server leases."""
        return self._lan(self.shape.dhcp_third, self.shape.dhcp_host)

    @property
    def dhcp_last(self) -> IPv4Address:
        """The last address that the DHCP server leases."""
        return self.dhcp_first + 99

    @property
    def service_range(self) -> IPv4Network:
        """What the site keeps for Services; a pool grows only in here."""
        return self._third(self.shape.service_third)

    @property
    def pool_first(self) -> IPv4Address:
        """The first address of the pool."""
        return self.service_range[self.shape.pool_host]

    @property
    def pool_last(self) -> IPv4Address:
        """The last address of the pool."""
        return self.pool_first + 50

    @property
    def pool(self) -> str:
        """The pool as MetalLB writes a range."""
        return f"{self.pool_first}-{self.pool_last}"

    @property
    def small_pool_last(self) -> IPv4Address:
        """The last of the two or three first addresses of the pool."""
        return self.pool_first + self.shape.small - 1

    @property
    def small_pool(self) -> str:
        """A range of two or three addresses, soon exhausted."""
        return f"{self.pool_first}-{self.small_pool_last}"

    @property
    def free_first(self) -> IPv4Address:
        """The first address of the service range that no pool has."""
        return self.service_range[1]

    @property
    def free_last(self) -> IPv4Address:
        """The last address before the pool."""
        return self.pool_first - 1

    @property
    def rest_first(self) -> IPv4Address:
        """The first address of the service range behind the pool."""
        return self.pool_last + 1

    @property
    def rest_last(self) -> IPv4Address:
        """The last address of the service range, but one."""
        return self.service_range[254]

    @property
    def private_pool(self) -> str:
        """A second range of the pool's size, beside the service range."""
        first = self.pool_first - 256
        return f"{first}-{first + 50}"

    @property
    def neighbour_vips(self) -> dict[str, IPv4Address]:
        """The VIPs that other teams' Services hold already."""
        return {
            "billing": self.pool_first + 10,
            "search": self.pool_first + 11,
        }

    @property
    def outside_address(self) -> IPv4Address:
        """An address outside every pool; the DHCP server leases it."""
        return self.dhcp_first + 50

    @property
    def bgp_vip(self) -> IPv4Address:
        """The VIP of the Service that is announced by BGP."""
        return self.bgp_pool[7]

    @property
    def bgp_neighbour_vip(self) -> IPv4Address:
        """The VIP of another team's Service that is announced by BGP."""
        return self.bgp_pool[8]

    @property
    def l2_vip(self) -> IPv4Address:
        """The VIP by which lab 2's customers know web."""
        return self.pool_first + 20

    @property
    def gateway_last(self) -> IPv4Address:
        """The last of ten VIPs for the worked example; l2_vip is the first."""
        return self.l2_vip + 9

    @property
    def gateway_pool(self) -> str:
        """The range that the worked example's pool has."""
        return f"{self.l2_vip}-{self.gateway_last}"

    @property
    def shared_pool(self) -> str:
        """Lab 6's pool: four addresses, too few for one an application."""
        return f"{self.pool_first + 40}-{self.pool_first + 43}"

    @property
    def ledger_vip(self) -> IPv4Address:
        """The VIP that lab 6's TCP application keeps for itself."""
        return self.pool_first + 41

    @property
    def unannounced_vip(self) -> IPv4Address:
        """An address for Services that is in no pool of lab 6."""
        return self.pool_first + 45

    @property
    def private_vip(self) -> IPv4Address:
        """The address of a Service that nobody outside may reach."""
        return self.pool_first - 256 + 5

    @property
    def app_vips(self) -> dict[str, IPv4Address]:
        """The VIPs that lab 5's applications have by the plan, by Service."""
        return app_addresses(self.pool_first + 30)

    @property
    def vips_in_dhcp(self) -> dict[str, IPv4Address]:
        """The VIPs that they get where their pool is leased to devices."""
        return app_addresses(self.dhcp_first + 10)

    @property
    def ingress_first(self) -> IPv4Address:
        """The first of two VIPs that the DHCP server holds back."""
        return self.dhcp_first + 60

    @property
    def ingress_last(self) -> IPv4Address:
        """The second of them."""
        return self.ingress_first + 1

    @property
    def ingress_pool(self) -> str:
        """VIPs for ingress, reserved in the middle of the leases."""
        return f"{self.ingress_first}-{self.ingress_last}"

    @property
    def desk_lease(self) -> IPv4Address:
        """The address that the desk asks the DHCP server for."""
        return self.dhcp_first + 70

    @property
    def pool_in_dhcp(self) -> str:
        """A range that the DHCP server leases to devices."""
        first = self.vips_in_dhcp["shop"]
        return f"{first}-{first + 30}"

    @property
    def cluster_asn(self) -> int:
        """The AS number of the speakers."""
        return self.shape.cluster_asn

    @property
    def router_asn(self) -> int:
        """The AS number of the router."""
        return self.shape.cluster_asn + 1

    def _third(self, third: int) -> IPv4Network:
        return IPv4Network((self.lan[third * 256], 24))

    def _lan(self, third: int, host: int) -> IPv4Address:
        return self.lan[third * 256 + host]


def app_addresses(first: IPv4Address) -> dict[str, IPv4Address]:
    """Return three addresses in a row, by the Service that has each."""
    names = ("shop", "blue", "green")
    return {name: first + at for at, name in enumerate(names)}
