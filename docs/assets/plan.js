/* Every number of a lab, as a pure function of the student's name, and of the
 * nonce behind it if there is a class ticket: "ada 00112233445566ff".
 *
 * The same as graders/plan/plan.py with its first choice of networks; a test
 * compares both over many names. */
"use strict";

(function () {
  const NAME = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;
  const NONCE = /^[0-9a-f]{16}$/;
  const OWN = ["lan", "edge", "storage", "state", "router", "client", "dhcp",
    "desk", "control-plane", "worker", "worker2"];
  const RESERVED = new RegExp(`^(.*-)?(${OWN.join("|")})$`);

  /* The first 64 bits of SHA-256, as a whole number. The browser's own
   * SHA-256 is not there on a page that came by plain http. */
  function fixedNumber(text) {
    const words = sha256(new TextEncoder().encode(text));
    return (BigInt(words[0]) << 32n) | BigInt(words[1]);
  }

  function below(text, limit) {
    return Number(fixedNumber(text) % BigInt(limit));
  }

  function firstPrimes(count) {
    const found = [];
    for (let n = 2; found.length < count; n += 1) {
      if (found.every((prime) => n % prime)) found.push(n);
    }
    return found;
  }

  /* The standard's constants are the fractions of roots of primes. 32 bits
   * of them are exact in a double for the square root and, taken by whole
   * numbers, for the cube root. */
  function fraction(prime, power) {
    const scaled = BigInt(prime) << BigInt(32 * power);
    let low = 0n;
    let high = 1n << 40n;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (middle ** BigInt(power) <= scaled) low = middle;
      else high = middle;
    }
    return Number(low & 0xffffffffn);
  }

  const PRIMES = firstPrimes(64);
  const START = PRIMES.slice(0, 8).map((prime) => fraction(prime, 2));
  const ROUND = PRIMES.map((prime) => fraction(prime, 3));

  function padded(bytes) {
    const size = Math.ceil((bytes.length + 9) / 64) * 64;
    const view = new DataView(new ArrayBuffer(size));
    bytes.forEach((byte, at) => view.setUint8(at, byte));
    view.setUint8(bytes.length, 0x80);
    view.setUint32(size - 4, bytes.length * 8);
    return view;
  }

  const turn = (word, by) => (word >>> by) | (word << (32 - by));

  function schedule(view, offset) {
    const words = [];
    for (let t = 0; t < 16; t += 1) words.push(view.getUint32(offset + 4 * t));
    for (let t = 16; t < 64; t += 1) {
      const a = words[t - 15];
      const b = words[t - 2];
      const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
      const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
      words.push((words[t - 16] + s0 + words[t - 7] + s1) >>> 0);
    }
    return words;
  }

  function sha256(bytes) {
    const view = padded(bytes);
    const state = START.slice();
    for (let offset = 0; offset < view.byteLength; offset += 64) {
      const words = schedule(view, offset);
      let [a, b, c, d, e, f, g, h] = state;
      for (let t = 0; t < 64; t += 1) {
        const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
        const choice = (e & f) ^ (~e & g);
        const first = (h + s1 + choice + ROUND[t] + words[t]) >>> 0;
        const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
        const majority = (a & b) ^ (a & c) ^ (b & c);
        [h, g, f, e] = [g, f, e, (d + first) >>> 0];
        [d, c, b, a] = [c, b, a, (first + s0 + majority) >>> 0];
      }
      [a, b, c, d, e, f, g, h].forEach((word, at) => {
        state[at] = (state[at] + word) >>> 0;
      });
    }
    return state;
  }

  function toNumber(address) {
    return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  }

  function toAddress(number) {
    return [24, 16, 8, 0]
      .map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
  }

  function problem(seed) {
    const [student, nonce, ...more] = seed.split(" ");
    if (!NAME.test(student)) {
      return "A name has 1 to 20 of a-z, 0-9 and -, with no - at either end.";
    }
    if (RESERVED.test(student)) {
      return `A name must not end in a word of the lab's own: ${OWN.join(", ")}.`;
    }
    if (more.length || (nonce !== undefined && !NONCE.test(nonce))) {
      return "Behind the name there may be the nonce of a class ticket: 16 of 0-9 and a-f.";
    }
    if (student === "demo" && nonce) {
      return "demo has the module's own numbers, and no class ticket.";
    }
    return "";
  }

  function networks(seed) {
    if (seed === "demo") {
      return { lan: "172.18.0.0", edge: "10.90.0.0", storage: "10.91.0.0",
        bgp: "10.0.100.0" };
    }
    const nth = below(seed, 100);
    return { lan: `10.${100 + nth}.0.0`, edge: `10.90.${100 + nth}.0`,
      storage: `10.91.${100 + nth}.0`, bgp: `10.0.${101 + nth}.0` };
  }

  function shape(seed) {
    if (seed === "demo") {
      return { dhcpThird: 100, dhcpHost: 100, serviceThird: 255, poolHost: 200,
        small: 2, asn: 64500 };
    }
    return {
      dhcpThird: 20 + below(`${seed} dhcp third`, 130),
      dhcpHost: 20 + 10 * below(`${seed} dhcp host`, 13),
      serviceThird: 200 + below(`${seed} service third`, 51),
      poolHost: 20 + 10 * below(`${seed} pool host`, 18),
      small: 2 + below(`${seed} small pool`, 2),
      asn: 64512 + 2 * below(`${seed} asn`, 511),
    };
  }

  /* The result has the names of Plan.as_vars in graders/plan/plan.py. */
  function plan(seed) {
    const student = seed.split(" ")[0];
    const nets = networks(seed);
    const form = shape(seed);
    const cluster = student === "demo" ? "metallb-lab" : `metallb-lab-${student}`;
    const lan = toNumber(nets.lan);
    const edge = toNumber(nets.edge);
    const storage = toNumber(nets.storage);
    const bgp = toNumber(nets.bgp);
    const services = lan + form.serviceThird * 256;
    const pool = services + form.poolHost;
    const dhcp = lan + form.dhcpThird * 256 + form.dhcpHost;
    const range = (first, last) => `${toAddress(first)}-${toAddress(last)}`;

    function machine(role, onLan, onEdge) {
      const found = { name: `${cluster}-${role}` };
      if (onLan) found.lan = toAddress(lan + onLan);
      if (onEdge) found.edge = toAddress(edge + onEdge);
      return found;
    }

    function apps(first) {
      return { shop: toAddress(first), blue: toAddress(first + 1),
        green: toAddress(first + 2) };
    }

    /* The begin of the sum by which speakers find the owner of an address. */
    function begin(node, address) {
      const words = sha256(new TextEncoder().encode(`${node}#${address}`));
      return words[0].toString(16).padStart(8, "0");
    }

    function order(address) {
      const found = [["worker", 256 + 3], ["worker2", 256 + 4]]
        .map(([role, host]) => ({ role, ...machine(role, host) }))
        .map((one) => ({ ...one, hash: begin(one.name, address) }))
        .sort((a, b) => (a.hash < b.hash ? -1 : 1));
      return { owner: found[0], spare: found[1] };
    }

    return {
      advertisement_name: "kind-l2",
      app_pool_name: "app-services",
      app_vips: apps(pool + 30),
      bgp_neighbour_vip: toAddress(bgp + 8),
      bgp_peer_name: "tor-router",
      bgp_pool: `${nets.bgp}/24`,
      bgp_pool_name: "production-services",
      bgp_vip: toAddress(bgp + 7),
      cluster,
      cluster_asn: form.asn,
      context: `kind-${cluster}`,
      desk_lease: toAddress(dhcp + 70),
      dhcp_first: toAddress(dhcp),
      dhcp_last: toAddress(dhcp + 99),
      domain: `${student}.example`,
      edge: `${nets.edge}/24`,
      edge_gateway: toAddress(edge + 1),
      edge_name: `${cluster}-edge`,
      free_first: toAddress(services + 1),
      free_last: toAddress(pool - 1),
      gateway_last: toAddress(pool + 29),
      gateway_pool: range(pool + 20, pool + 29),
      ingress_first: toAddress(dhcp + 60),
      ingress_last: toAddress(dhcp + 61),
      ingress_pool: range(dhcp + 60, dhcp + 61),
      ingress_pool_name: "ingress-vips",
      l2_order: order(toAddress(pool + 20)),
      l2_vip: toAddress(pool + 20),
      lan: `${nets.lan}/16`,
      lan_gateway: toAddress(lan + 1),
      lan_name: student === "demo" ? "kind" : cluster,
      ledger_vip: toAddress(pool + 41),
      machines: {
        router: machine("router", 2, 2),
        "lan-client": machine("lan-client", 3),
        dhcp: machine("dhcp", 4),
        desk: machine("desk", 5),
        client: machine("client", 0, 10),
      },
      neighbour_vips: {
        billing: toAddress(pool + 10), search: toAddress(pool + 11),
      },
      node_range: `${toAddress(lan + 256)}/24`,
      nodes: {
        "control-plane": machine("control-plane", 256 + 2),
        worker: machine("worker", 256 + 3),
        worker2: machine("worker2", 256 + 4),
      },
      outside_address: toAddress(dhcp + 50),
      pool: range(pool, pool + 50),
      pool_first: toAddress(pool),
      pool_in_dhcp: range(dhcp + 10, dhcp + 40),
      pool_in_node_range: range(lan + 5, lan + 256 + 250),
      pool_last: toAddress(pool + 50),
      pool_name: "kind-pool",
      private_pool: range(pool - 256, pool - 256 + 50),
      private_pool_name: "kind-private",
      private_vip: toAddress(pool - 256 + 5),
      rest_first: toAddress(pool + 51),
      rest_last: toAddress(services + 254),
      router_asn: form.asn + 1,
      service_range: `${toAddress(services)}/24`,
      shared_pool: range(pool + 40, pool + 43),
      slot: 0,
      small_pool: range(pool, pool + form.small - 1),
      small_pool_last: toAddress(pool + form.small - 1),
      storage: `${nets.storage}/24`,
      storage_addresses: {
        "control-plane": toAddress(storage + 2),
        worker: toAddress(storage + 3),
        worker2: toAddress(storage + 4),
        desk: toAddress(storage + 5),
      },
      storage_name: `${cluster}-storage`,
      student,
      unannounced_vip: toAddress(pool + 45),
      vips_in_dhcp: apps(dhcp + 10),
      vips_in_node_range: apps(lan + 5),
    };
  }

  globalThis.labPlan = { plan, problem };
})();
