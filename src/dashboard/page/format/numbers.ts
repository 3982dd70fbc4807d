const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const rough = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** `12,345` */
export const number = (value: number): string => whole.format(value);

/** `12,345`, and from a hundred thousand on `123.4K`. */
export const shortNumber = (value: number): string =>
  value < 100_000 ? whole.format(value) : compact.format(value);

/** `1.2K`, for axes. */
export const axisNumber = (value: number): string => compact.format(value);

/** A share from 0 to 1 as `12.3 %`. */
export const share = (value: number): string => (value >= 1 ? rough : percent).format(value);

/** `12.3` */
export const fraction = (value: number): string => decimal.format(value);

/** How much more or less than before: `+12 %`, `×5.2`; `undefined` = there is nothing to compare with. */
export function delta(now: number, before: number | undefined): string | undefined {
  if (before === undefined || before === 0) return undefined;
  const ratio = now / before;
  if (ratio >= 10) return `×${decimal.format(ratio)}`;
  const change = ratio - 1;
  return `${change > 0 ? "+" : change < 0 ? "−" : "±"}${rough.format(Math.abs(change))}`;
}

/** `1 ban`, `2 bans` */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;
