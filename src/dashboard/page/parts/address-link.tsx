import { href } from "../state/route.js";

interface Props {
  readonly address: string;
  readonly country?: string | undefined;
  readonly asn?: number | undefined;
}

/** An address or a range, with a link to all that is known of it. */
export function AddressLink({ address, country, asn }: Props) {
  if (address === "") return <span class="soft">–</span>;
  return (
    <span class="address">
      <a class="mono" href={href("address", address)}>
        <bdi>{address}</bdi>
      </a>
      <Origin country={country} asn={asn} />
    </span>
  );
}

/** The country and the network of an address, where they are known. */
function Origin({ country, asn }: Omit<Props, "address">) {
  if (country === undefined && asn === undefined) return null;
  return (
    <span class="origin">
      {country !== undefined && (
        <span class="country" title={countryName(country)}>
          <bdi>{country}</bdi>
        </span>
      )}
      {asn !== undefined && <span>AS{asn}</span>}
    </span>
  );
}

const regions = new Intl.DisplayNames(undefined, { type: "region", fallback: "none" });

/** The name of a country by its two letters; "" if it has none. */
export function countryName(code: string): string {
  try {
    return regions.of(code) ?? "";
  } catch {
    return "";
  }
}
