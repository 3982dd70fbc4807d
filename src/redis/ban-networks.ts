/** Bans of a network are counted in so many groups of each bucket. */
const GROUPS = 1024;

/**
 * The group in which the network of a ban is counted: the IPv4 /16 or the IPv6 /48, as in a MemoryStore. Groups are found by hash, the
 * same in every instance, so that thousands of networks with one ban each do not need a key each.
 */
export function networkGroup(rest: string): number {
  return hashOf(networkOf(rest)) % GROUPS;
}

// "192.0" or "2001:db8:0"; a ban of anything but an address or a prefix is its own network.
function networkOf(rest: string): string {
  const [subject = ""] = rest.split("|", 1);
  const network4 = /^\d+\.\d+(?=\.)/.exec(subject);
  if (network4 !== null) return network4[0];
  if (!subject.includes(":")) return subject;
  const [head = ""] = subject.split("::", 1);
  return [...head.split(":"), "0", "0"].slice(0, 3).join(":");
}

/** FNV-1a of a text. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 16;
}
