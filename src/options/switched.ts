import type { Check } from "./check.js";
import { group, readOptions, type AnyTable, type Resolved } from "./table.js";

/**
 * A check for a protection's options, or a switch: `true` = its defaults, `false` = off.
 *
 * @param example for what cannot be on without options, so that `true` is refused: the least that it takes
 */
export function switched<Table extends AnyTable>(
  options: Table,
  example?: string,
): Check<Resolved<Table> | false> {
  const whole = group(options);
  const hasDefaults = example === undefined;
  const allowed = hasDefaults
    ? `true, false, or ${whole.allowed}`
    : `false, or an object of options such as ${example}`;
  return {
    allowed,
    parse: (text) => (text === "yes" ? true : text === "no" ? false : text),
    read(value, path, report) {
      if (value === false) return false;
      if (value === true && hasDefaults) return readOptions(options, {}, path, report);
      if (typeof value === "object") return whole.read(value, path, report);
      report({ path, value, allowed });
      return undefined;
    },
  };
}
