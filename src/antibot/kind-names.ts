import type { ProviderName } from "./challenges/providers/provider.js";

/** The name of a challenge kind that comes with the package. */
export type KindName = "cookie" | "javascript" | "captcha" | ProviderName;

/** All of these names. */
export const KIND_NAMES: readonly KindName[] = [
  "cookie",
  "javascript",
  "captcha",
  "recaptcha",
  "hcaptcha",
  "turnstile",
  "mcaptcha",
  "capjs",
];

/** Whether a built-in challenge kind has that name. */
export function isKindName(name: string): name is KindName {
  return (KIND_NAMES as readonly string[]).includes(name);
}
