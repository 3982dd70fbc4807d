import { hashOf, hashOfNumbers } from "./hash.js";

const COLON = 58;
const DOT = 46;

/** The index after a key's client: the first "|", or the end. The client of `hit:192.0.2.7|bb|*` is `192.0.2.7`. */
function clientEnd(key: string, start: number): number {
  const bar = key.indexOf("|", start);
  return bar === -1 ? key.length : bar;
}

/** The hash of a key's client: an address or prefix. */
export function clientHash(key: string): number {
  const start = key.indexOf(":") + 1;
  return hashOf(key, start, clientEnd(key, start));
}

/**
 * The hash of the network of a key's client: the IPv4 /16 or the IPv6 /48, each 65 536 clients that may belong to one owner.
 * A client that is not an address is its own network.
 */
export function networkHash(key: string): number {
  const start = key.indexOf(":") + 1;
  const end = clientEnd(key, start);
  for (let index = start; index < end; index++) {
    const code = key.charCodeAt(index);
    if (code === DOT) {
      const second = key.indexOf(".", index + 1);
      return hashOf(key, start, second === -1 || second > end ? end : second);
    }
    if (code === COLON) return network6(key, start, end);
  }
  return hashOf(key, start, end);
}

// The first three groups of canonical IPv6 text; "::" among them stands for zeros.
function network6(key: string, start: number, end: number): number {
  const groups = [0, 0, 0];
  let group = 0;
  for (let index = start; index < end && group < 3; index++) {
    const code = key.charCodeAt(index);
    const digit = (code & 15) + (code <= 57 ? 0 : 9);
    if (code !== COLON) groups[group] = ((groups[group] as number) << 4) | digit;
    else if (key.charCodeAt(index + 1) === COLON) break;
    else group++;
  }
  return hashOfNumbers(groups[0] as number, groups[1] as number, groups[2] as number);
}
