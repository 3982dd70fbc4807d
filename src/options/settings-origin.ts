/** Where the value of an option came from, if it was a setting. */
export interface SettingOrigin {
  /** The name under which the setting was given. */
  readonly setting: string;
  /** `"the environment"`, `"the object"`, or a file. */
  readonly from: string;
}

/** What settings became. */
interface SettingsOrigins {
  /** By option, such as `badBehavior.banTime`. */
  readonly origins: ReadonlyMap<string, SettingOrigin>;
  readonly options: Readonly<Record<string, unknown>>;
}

// By the options as a whole and by each group in them: apps copy the former to add options of their own.
const known = new WeakMap<object, SettingsOrigins>();

/** Has {@link originOf} know that `options` were made of settings. */
export function noteOrigins(
  options: Readonly<Record<string, unknown>>,
  origins: ReadonlyMap<string, SettingOrigin>,
): void {
  const made = { origins, options };
  known.set(options, made);
  for (const group of Object.values(options))
    if (typeof group === "object" && group !== null && !Array.isArray(group)) known.set(group, made);
}

/** Returns the setting that an option has its value from; `undefined` = the app gave it, or changed it. */
export function originOf(input: unknown, path: string): SettingOrigin | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const groups: unknown[] = Object.values(input);
  const places: unknown[] = [input, ...groups];
  for (const place of places) {
    const made = typeof place === "object" && place !== null ? known.get(place) : undefined;
    const origin = made?.origins.get(path);
    if (origin !== undefined && at(input, path) === at(made?.options, path)) return origin;
  }
  return undefined;
}

function at(options: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (place, name) =>
        typeof place === "object" && place !== null
          ? (place as Readonly<Record<string, unknown>>)[name]
          : undefined,
      options,
    );
}
