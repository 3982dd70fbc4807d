interface Props<Value extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly text: string; readonly long?: string }[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** A choice of one of a few. */
export function Segments<Value extends string>({ label, options, value, onChange }: Props<Value>) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          title={option.long}
          onClick={() => onChange(option.value)}
        >
          {option.text}
        </button>
      ))}
    </div>
  );
}
