import { Field } from "../../parts/field.js";

const UNITS = [
  { value: 60, text: "minutes" },
  { value: 3600, text: "hours" },
  { value: 86_400, text: "days" },
] as const;

const TIMES = [
  { value: "3600", text: "1 hour" },
  { value: "86400", text: "1 day" },
  { value: "604800", text: "7 days" },
  { value: "2592000", text: "30 days" },
  { value: "0", text: "for good" },
  { value: "own", text: "another time" },
];

/** How long a ban is to last. */
export interface ChosenTime {
  readonly preset: string;
  readonly amount: string;
  readonly unit: number;
}

export const A_DAY: ChosenTime = { preset: "86400", amount: "12", unit: 3600 };

/** Returns the seconds; 0 = for good; `undefined` = it is not a number above 0. */
export function secondsOf({ preset, amount, unit }: ChosenTime): number | undefined {
  if (preset !== "own") return Number(preset);
  const value = Number(amount) * unit;
  return Number.isFinite(value) && value >= 1 ? Math.round(value) : undefined;
}

interface Props {
  readonly label: string;
  readonly time: ChosenTime;
  readonly error?: string | undefined;
  readonly onChange: (time: ChosenTime) => void;
}

/** Chooses a time from usual ones, or another. */
export function TimeChoice({ label, time, error, onChange }: Props) {
  return (
    <>
      <Field label={label} error={time.preset === "own" ? undefined : error}>
        {(attributes) => (
          <select
            {...attributes}
            value={time.preset}
            onChange={(event) => onChange({ ...time, preset: event.currentTarget.value })}
          >
            {TIMES.map(({ value, text }) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {time.preset === "own" && (
        <Field label="Time" error={error}>
          {(attributes) => (
            <span class="together">
              <input
                {...attributes}
                type="number"
                min="1"
                step="any"
                inputMode="decimal"
                value={time.amount}
                onInput={(event) => onChange({ ...time, amount: event.currentTarget.value })}
              />
              <select
                aria-label="Unit"
                value={time.unit}
                onChange={(event) => onChange({ ...time, unit: Number(event.currentTarget.value) })}
              >
                {UNITS.map(({ value, text }) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            </span>
          )}
        </Field>
      )}
    </>
  );
}
