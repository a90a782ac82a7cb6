"""A machine's network, and changes of it by the setting that they change."""

from __future__ import annotations

from typing import Final

NET: Final = """
ip link set lo up
ip link add eth0 type veth peer name other
ip link set other up
ip link set eth0 up
ip address add 10.1.0.1/24 brd + dev eth0
ip route add default via 10.1.0.254
"""
CHANGES: Final = [
    ("interfaces", "ip link set eth0 mtu 1400"),
    ("interfaces", "ip link set eth0 arp off"),
    ("interfaces", "ip link set eth0 down"),
    ("interfaces", "ip link add mine type veth peer name yours"),
    ("interfaces", "ip link add mine type dummy"),
    ("addresses", "ip address add 10.1.0.9/24 dev eth0"),
    ("addresses", "ip address add 10.1.255.7/32 dev lo"),
    ("addresses", "ip address del 10.1.0.1/24 dev eth0"),
    ("routes", "ip route add 10.8.0.0/24 via 10.1.0.7"),
    ("routes", "ip route add blackhole 10.8.0.0/24"),
    ("routes", "ip route del 10.90.0.0/24"),
    ("routes", "ip route del default"),
    ("routes", "ip route add default via 10.1.0.7 metric 5"),
    ("routes", "ip route replace default via 10.1.0.7"),
    ("routes of BGP", "ip route add 10.8.0.1 via 10.1.0.7 proto bgp"),
    (
        "routes of BGP",
        "ip route add 10.8.0.1 via 10.1.0.7 proto bgp metric 20",
    ),
    ("next hops", "ip nexthop add id 9 via 10.1.0.7 dev eth0"),
    ("policy routing", "ip rule add to 10.9.0.0/24 lookup 100"),
    ("policy routing", "ip rule del lookup default"),
    ("policy routing", "ip rule add iif gone lookup 100"),
    ("policy routing", "ip route add 10.9.0.0/24 dev eth0 table 100"),
    ("policy routing", "ip route add local 10.9.0.9 dev lo"),
    ("policy routing", "ip route add local 10.9.0.9 dev lo proto kernel"),
    *(
        (
            "neighbours",
            f"ip neigh add 10.1.0.7 dev eth0 lladdr 2:0:0:0:0:7 {state}",
        )
        for state in ("nud permanent", "nud noarp", "extern_learn")
    ),
    ("neighbours", "ip neigh add proxy 10.1.0.7 dev eth0"),
    ("packet filter", "iptables -A INPUT -p tcp --dport 80 -j DROP"),
    ("packet filter", "iptables -t mangle -A PREROUTING -j MARK --set-mark 1"),
    ("packet filter", "iptables -P FORWARD DROP"),
    ("packet filter", "iptables -t nat -N MINE"),
    ("packet filter", "iptables -N A; iptables -N B; iptables -A A -j B"),
    ("packet filter", "arptables-nft -A INPUT -j DROP"),
    ("tables of nft", "nft add table ip mine"),
    ("tables of nft", "nft add table inet filter"),
    ("traffic control", "tc qdisc add dev eth0 root pfifo limit 10"),
    ("traffic control", "tc qdisc add dev lo root pfifo limit 10"),
    ("traffic control", "tc qdisc add dev eth0 clsact"),
    *(
        ("kernel settings", f"sysctl -q -w {key}=$((1 - $(sysctl -n {key})))")
        for key in (
            *("net.ipv4.ip_forward", "net.ipv4.fib_multipath_hash_policy"),
            *("net.ipv4.conf.eth0.proxy_arp", "net.ipv4.conf.all.arp_ignore"),
            *("net.ipv4.conf.eth0.rp_filter", "net.ipv4.conf.lo.arp_announce"),
            "net.ipv4.conf.all.accept_local",
        )
    ),
    (
        "kernel settings",
        "sysctl -q -w net.ipv4.neigh.eth0.base_reachable_time_ms=999000",
    ),
]
