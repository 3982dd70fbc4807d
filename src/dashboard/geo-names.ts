import { parseRange } from "../address/address.js";
import { readAsn, readCountry, type GeoLookup } from "../antibot/lookups/geo-database.js";
import { RecentMap } from "../recent-map.js";
import { withTimeout } from "../with-timeout.js";

/** What is known of an address. */
export interface Place {
  readonly country?: string;
  readonly asn?: number;
}

const MAX_REMEMBERED = 4096;
/** A look-up function of the app that takes longer is not waited for, in ms. */
const WAIT_MS = 500;
const NOWHERE: Place = {};

/** The countries and networks of addresses, where the app has databases for them. */
export class GeoNames {
  private readonly known = new RecentMap<string, Place>(MAX_REMEMBERED);

  constructor(
    private readonly lookups: {
      readonly country?: GeoLookup<string> | undefined;
      readonly asn?: GeoLookup<unknown> | undefined;
    },
  ) {}

  get isOn(): boolean {
    return this.lookups.country !== undefined || this.lookups.asn !== undefined;
  }

  /** Returns the rows with the place of each address. Never rejects. */
  async addTo<Row extends object>(
    rows: readonly Row[],
    addressOf: (row: Row) => string,
  ): Promise<(Row & Place)[]> {
    if (!this.isOn) return rows as (Row & Place)[];
    return Promise.all(rows.map(async (row) => ({ ...row, ...(await this.of(addressOf(row))) })));
  }

  /** Returns the place of an address, or of the first one of a range. Never rejects. */
  async of(text: string): Promise<Place> {
    const address = parseRange(text)?.address.text;
    if (!this.isOn || address === undefined) return NOWHERE;
    const known = this.known.get(address);
    if (known !== undefined) return known;
    const [country, asn] = await Promise.all([
      lookedUp(this.lookups.country, readCountry, address),
      lookedUp(this.lookups.asn, readAsn, address),
    ]);
    const place = { ...(country === undefined ? {} : { country }), ...(asn === undefined ? {} : { asn }) };
    this.known.set(address, place);
    return place;
  }
}

async function lookedUp<T>(
  lookup: GeoLookup<unknown> | undefined,
  read: (answer: unknown) => T | undefined,
  address: string,
): Promise<T | undefined> {
  if (lookup === undefined) return undefined;
  try {
    return read(await withTimeout(Promise.resolve(lookup(address)), WAIT_MS, () => undefined));
  } catch {
    return undefined;
  }
}
