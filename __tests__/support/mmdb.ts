/** A value in a record of these tests. */
export type Value = number | string | { readonly [name: string]: Value };

/** Returns an IPv4 MMDB file (format 2.0) with a record for each `[CIDR, value]`; the networks must not overlap. */
export function mmdbOf(networks: readonly (readonly [string, Value])[]): Buffer {
  const nodes: [number, number][] = [[EMPTY, EMPTY]];
  const data: Buffer[] = [];
  let dataSize = 0;
  for (const [cidr, value] of networks) {
    const [text, bits] = cidr.split("/") as [string, string];
    const address = text.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
    let node = 0;
    for (let depth = 0; depth < Number(bits); depth++) {
      const side = Math.floor(address / 2 ** (31 - depth)) % 2;
      const pair = nodes[node] as [number, number];
      if (depth === Number(bits) - 1) {
        // A data pointer is negative until the number of nodes is known; a node is not.
        pair[side] = -(dataSize + 2);
      } else {
        if (pair[side] === EMPTY) pair[side] = nodes.push([EMPTY, EMPTY]) - 1;
        node = pair[side] as number;
      }
    }
    const bytes = encode(value);
    data.push(bytes);
    dataSize += bytes.length;
  }
  const tree = Buffer.alloc(nodes.length * 8);
  nodes.forEach((pair, index) =>
    pair.forEach((entry, side) => {
      const value = entry === EMPTY ? nodes.length : entry < 0 ? nodes.length + 16 + (-entry - 2) : entry;
      tree.writeUInt32BE(value, index * 8 + side * 4);
    }),
  );
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: "test",
    ip_version: 4,
    node_count: nodes.length,
    record_size: 32,
  });
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from("abcdef4d61784d696e642e636f6d", "hex"),
    metadata,
  ]);
}

const EMPTY = -1;

function encode(value: Value): Buffer {
  if (typeof value === "string") {
    const { length } = value;
    const head = length < 29 ? [0x40 | length] : [0x5d, length - 29];
    return Buffer.concat([Buffer.from(head), Buffer.from(value)]);
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(5);
    bytes[0] = 0xc4;
    bytes.writeUInt32BE(value, 1);
    return bytes;
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    Buffer.from([0xe0 | entries.length]),
    ...entries.flatMap(([name, entry]) => [encode(name), encode(entry)]),
  ]);
}
