import type { AddressRange } from "../address/address.js";
import type { BanKind } from "./ban.js";
import type { RowValues } from "./ban-rows.js";

/** A ban as the index knows it: without its evidence. */
export interface FoundBan {
  readonly range: AddressRange;
  /** `undefined` = everywhere. */
  readonly service: string | undefined;
  readonly action: "deny" | "challenge";
  /** `undefined` = only the store knows it. */
  readonly reason: string | undefined;
  readonly kind: BanKind;
  /** In ms. */
  readonly began: number;
  /** In ms; Infinity = never. */
  readonly ends: number;
}

/** Hears of clients that protections ban. */
export type AutomaticBanListener = (range: AddressRange, service: string | undefined) => void;

/** What is written about a ban. */
export interface BanCopy extends RowValues {
  readonly action: "deny" | "challenge";
  readonly kind: BanKind;
  readonly reason: string;
}
