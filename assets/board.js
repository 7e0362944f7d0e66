// How the public page words and orders a status snapshot (the JSON of /api/v1/status).
// The same rules as webmon/queries/status_board.py, which serves browsers without JavaScript;
// tests/queries/test_status_board.py runs the same cases through both. No DOM and no clock here.

// What to look at first stands first; also, the first one present answers for a whole group.
const ORDER = ["down", "degraded", "planned", "up", "unknown", "paused"];
// So many hosts or fewer stand open; of more, only those where something is wrong.
const OPEN_UP_TO = 12;

/** The whole page for a snapshot, limited to the namespace `slug` where one is given. */
export function board(snapshot, slug = "") {
  const names = new Map(snapshot.namespaces.map((namespace) => [namespace.slug, namespace.name]));
  const hosts = snapshot.hosts.filter((host) => !slug || host.namespace === slug);
  const mixed = !slug && names.size > 1;
  return {
    headline: headline(hosts, slug, names),
    status: first(hosts),
    missing: Boolean(slug) && !names.has(slug),
    counts: hosts.length > 1 ? counts(hosts) : [],
    filters: names.size > 1 || slug ? filters(snapshot, slug) : [],
    hosts: byOrder(hosts).map((host) => ({
      key: `${host.namespace}/${host.name}`,
      name: host.name,
      group: mixed ? names.get(host.namespace) : "",
      status: shown(host),
      open: hosts.length <= OPEN_UP_TO || ["down", "degraded"].includes(shown(host)),
      services: byOrder(host.services).map((service) => ({ name: service.name, status: shown(service) })),
    })),
  };
}

/** “12 s ago”, for a number of seconds. */
export function ago(seconds) {
  if (seconds < 1) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

// A planned downtime covers whatever happens during it.
const shown = (item) => (item.planned_downtime ? "planned" : item.status);
const count = (hosts, status) => hosts.filter((host) => shown(host) === status).length;
const first = (hosts) => ORDER.find((status) => count(hosts, status)) ?? "unknown";
const rank = (item) => ORDER.indexOf(shown(item));
const byOrder = (items) => [...items].sort((a, b) => rank(a) - rank(b));

function counts(hosts) {
  return ORDER.map((status) => ({ status, count: count(hosts, status) })).filter((each) => each.count);
}

// The sign of a whole group, where the worst host would say too much: its own status.
const whole = (status, hosts) => (["down", "degraded"].includes(first(hosts)) ? status : first(hosts));

function filters({ status, namespaces, hosts }, slug) {
  return [
    { name: "All", href: "/status/", status: whole(status, hosts), current: !slug },
    ...namespaces.map((namespace) => ({
      name: namespace.name,
      href: `/status/?namespace=${namespace.slug}`,
      status: whole(
        namespace.status,
        hosts.filter((host) => host.namespace === namespace.slug),
      ),
      current: namespace.slug === slug,
    })),
  ];
}

function headline(hosts, slug, names) {
  if (slug && !names.has(slug)) return `There is no namespace “${slug}”`;
  const inside = slug ? ` in ${names.get(slug)}` : "";
  if (!hosts.length) return `Nothing is watched${inside} yet`;
  const status = first(hosts);
  if (status === "unknown") return `Nothing${inside} has been checked yet`;
  if (status === "paused") return `All checks${inside} are paused`;
  return sentence(status, hosts, slug ? `${names.get(slug)} tools` : "tools");
}

// “2 of 14 tools are down, 1 more has difficulties”: who is how, at the worst.
function sentence(status, hosts, tools) {
  const affected = hosts.filter((host) => shown(host) === status);
  const checked = count(hosts, "down") + count(hosts, "degraded") + count(hosts, "up");
  const more = status === "down" ? count(hosts, "degraded") : 0;
  const rest = more ? `, ${more} more ${says("degraded", more)}` : "";
  let who = `${affected.length} of ${checked} ${tools}`;
  if (affected.length === 1) who = affected[0].name;
  else if (status === "planned" && checked) who = `${affected.length} ${tools}`;
  else if (status === "planned" || affected.length === checked) who = `All ${tools}`;
  return `${who} ${says(status, affected.length)}${rest}`;
}

function says(status, n) {
  const are = n === 1 ? "is" : "are";
  if (status === "degraded") return n === 1 ? "has difficulties" : "have difficulties";
  return status === "planned" ? `${are} in planned downtime` : `${are} ${status}`;
}
