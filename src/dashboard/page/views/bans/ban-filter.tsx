import { useEffect, useState } from "preact/hooks";
import type { Ranked } from "../../../api.js";
import { number } from "../../format/numbers.js";

/** What the bans shown have in common. */
export interface Filter {
  readonly search: string;
  readonly reason: string;
  readonly service: string;
}

interface Props {
  readonly filter: Filter;
  readonly reasons: readonly Ranked[];
  readonly services: readonly Ranked[];
  readonly onChange: (filter: Filter) => void;
}

/** Searches while one types, after a short rest. */
export function BanFilter({ filter, reasons, services, onChange }: Props) {
  const [text, setText] = useState(filter.search);
  useEffect(() => setText(filter.search), [filter.search]);
  useEffect(() => {
    if (text.trim() === filter.search) return undefined;
    const timer = setTimeout(() => onChange({ ...filter, search: text.trim() }), 300);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <form
      class="filter"
      role="search"
      aria-label="Bans"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ ...filter, search: text.trim() });
      }}
    >
      <input
        type="search"
        aria-label="Search by address, range or reason"
        placeholder="Address, range or reason"
        value={text}
        maxLength={100}
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Choice
        label="Reason"
        all="All reasons"
        items={reasons}
        value={filter.reason}
        onChange={(reason) => onChange({ ...filter, reason })}
      />
      <Choice
        label="Service"
        all="All services"
        items={services}
        value={filter.service}
        onChange={(service) => onChange({ ...filter, service })}
      />
    </form>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly all: string;
  readonly items: readonly Ranked[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, all, items, value, onChange }: ChoiceProps) {
  const isKnown = value === "" || items.some(({ item }) => item === value);
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{all}</option>
      {!isKnown && <option value={value}>{value}</option>}
      {items
        .filter(({ item }) => item !== "")
        .map(({ item, count }) => (
          <option key={item} value={item}>
            {item} ({number(count)})
          </option>
        ))}
    </select>
  );
}
