"""What rules, sockets and programs are for, by the lines that show them."""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from graders.probes.redirection import (
    EVERYTHING,
    NFT,
    of_nft,
    of_responder,
    of_translation,
)

if TYPE_CHECKING:
    from pathlib import Path

_VIP = IPv4Network("172.18.255.220/32")
_RULES = {
    "-A OUTPUT -d 172.18.255.220/32 -j DNAT --to-destination 1.2.3.4": _VIP,
    "-A MINE -p tcp -j DNAT --to-destination 1.2.3.4": EVERYTHING,
    "-A OUTPUT ! -d 10.0.0.0/8 -j REDIRECT --to-ports 80": EVERYTHING,
    "-A KUBE-MINE -d 172.18.255.220/32 -j DNAT --to-destination 1.2": _VIP,
    "-A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.244.1.5:80": None,
    "-A DOCKER_OUTPUT -d 1.2.3.4 -j DNAT --to-destination 127.0.0.11:9": None,
    "-A POSTROUTING -s 10.90.0.0/24 -o eth0 -j MASQUERADE": EVERYTHING,
    "-A DOCKER_POSTROUTING -s 127.0.0.11/32 -j SNAT --to-source :53": None,
}
_NFT_RULES = {
    "ip mine pre ip daddr 172.18.255.220 dnat to 1.2.3.4": _VIP,
    "inet mine pre ip daddr { 172.18.255.220, 1.1.1.1 } redirect": EVERYTHING,
    "ip nat KUBE-SEP-A tcp counter packets 0 dnat to 10.244.1.5": None,
    "ip kube-proxy mine ip daddr 172.18.255.220 dnat to 1.2.3.4": _VIP,
    "ip nat DOCKER_OUTPUT ip daddr 172.18.0.1 dnat to 127.0.0.11:9": None,
}


@pytest.mark.parametrize(("rule", "network"), _RULES.items())
def test_rules_of_iptables(rule: str, network: IPv4Network | None) -> None:
    """The cluster's own translate what other chains have chosen."""
    assert of_translation(rule.split()) == network


@pytest.mark.parametrize(("rule", "network"), _NFT_RULES.items())
def test_rules_of_nft(rule: str, network: IPv4Network | None) -> None:
    """A set of addresses may be any."""
    assert of_nft(rule.split()) == network


@pytest.mark.parametrize(
    ("users", "network"),
    [
        ('users:(("speaker",pid=9,fd=3))', None),
        ('users:(("farpd",pid=9,fd=3))', EVERYTHING),
        ('users:(("speaker",pid=9,fd=3),("arping",pid=8,fd=3))', EVERYTHING),
        ("", None),
    ],
)
def test_sockets_for_arp(users: str, network: IPv4Network | None) -> None:
    """Those of MetalLB are right; without a name nothing is known."""
    assert of_responder(f"p_raw 0 0 arp:eth0 * {users}".split()) == network


_DNAT = 'ip daddr 10.0.0.7 log prefix "a jump x" dnat to 1.2.3.4'
_RULESET = f"""\
table inet baseline {{
	chain redirect {{
		type filter hook forward priority filter; policy accept;
		iifname "eth0" jump fwd comment "do not redirect to port 80"
		tcp dport vmap {{ 80 : jump fwd, 443 : goto dup }}
		{_DNAT}
		ip daddr set 1.2.3.4 jump fwd
		oifname "eth0" masquerade
	}}

	chain fwd {{
		dup to 1.2.3.4 jump redirect
	}}
}}
"""


def test_a_ruleset_of_nft(tmp_path: Path) -> None:
    """Chains and comments may be called as what redirects."""
    (tmp_path / "ruleset").write_text(_RULESET, encoding="utf-8")
    script = f"nft() {{ cat {tmp_path}/ruleset; }}\n{NFT}"
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == [
        f"inet baseline redirect {_DNAT}",
        "inet baseline redirect ip daddr set 1.2.3.4 jump fwd",
        'inet baseline redirect oifname "eth0" masquerade',
        "inet baseline fwd dup to 1.2.3.4 jump redirect",
    ]
