import { useState } from "preact/hooks";
import type { Settings } from "../../../api.js";
import { useQuery } from "../../api/use-query.js";
import { ModeDialog, ModeWords } from "../../frame/mode-dialog.js";
import { protectionName } from "../../format/words.js";
import { Badge } from "../../parts/badge.js";
import { DataTable } from "../../parts/data-table.js";
import { MarkedText } from "../../parts/marked-text.js";
import { Panel } from "../../parts/panel.js";
import { Empty, Failure, Skeleton } from "../../parts/placeholders.js";
import { mode, session } from "../../state/session.js";
import { ForecastPanel } from "./forecast-panel.js";

type Option = Settings["groups"][number]["options"][number];

/** What is in force, where it comes from, and what block mode would do. */
export function SettingsView() {
  const { data, error, reload } = useQuery<Settings>("api/settings", { keep: true });
  return (
    <div class="view">
      <div class="view-head">
        <h1>Settings</h1>
        {session.value !== undefined && <p class="count">express-bunker {session.value.version}</p>}
      </div>
      {error !== undefined && <Failure error={error} retry={reload} />}
      <div class="grid">
        <ModePanel />
        {data !== undefined && <ForecastPanel forecast={data.forecast} />}
      </div>
      {data === undefined ? (
        error === undefined && (
          <div class="panel">
            <Skeleton lines={8} />
          </div>
        )
      ) : (
        <InForce settings={data} />
      )}
    </div>
  );
}

function ModePanel() {
  const [isOpen, setOpen] = useState(false);
  const state = mode.value;
  return (
    <Panel title="Security mode" class="span-4">
      {state === undefined ? (
        <Skeleton lines={2} />
      ) : (
        <>
          <p class="mode-now">
            <strong class={state.mode}>{state.mode === "detect" ? "Detect" : "Block"}</strong>
            <ModeWords state={state} />
          </p>
          <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
            Change the mode
          </button>
          {isOpen && <ModeDialog state={state} onClose={() => setOpen(false)} />}
        </>
      )}
    </Panel>
  );
}

function InForce({ settings }: { readonly settings: Settings }) {
  const [text, setText] = useState("");
  const [isChangedOnly, setChangedOnly] = useState(false);
  const words = text.toLowerCase().trim();
  const matches = ({ name, value, setting, isDefault }: Option): boolean =>
    (!isChangedOnly || !isDefault) && `${name} ${value} ${setting ?? ""}`.toLowerCase().includes(words);
  const groups = settings.groups
    .map((group) => ({ ...group, options: group.options.filter(matches) }))
    .filter(({ options }) => options.length > 0);
  const services = Object.entries(settings.services);
  return (
    <>
      <div class="filter panel">
        <input
          type="search"
          aria-label="Filter the options"
          placeholder="Filter by name or value"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={isChangedOnly}
            onChange={(event) => setChangedOnly(event.currentTarget.checked)}
          />
          Only what is not the default
        </label>
        <p class="hidden" role="status">
          {groups.reduce((sum, { options }) => sum + options.length, 0)} options
        </p>
      </div>
      {groups.length === 0 && (
        <div class="panel">
          <Empty title="No option matches" icon="settings">
            Options that are in force will appear here, with where each value came from.
          </Empty>
        </div>
      )}
      {groups.map(({ part, on, options }) => (
        <Panel key={part} title={protectionName(part)} hint={on ? undefined : "off"} class="flush">
          <OptionTable label={protectionName(part)} options={options} />
        </Panel>
      ))}
      {services.length > 0 && (
        <Panel title="Services with options of their own" class="flush">
          {services.map(([service, options]) => (
            <div key={service}>
              <h3>
                <bdi>{service}</bdi>
              </h3>
              <DataTable
                label={`Options of ${service}`}
                rows={options}
                keyOf={({ name }) => name}
                columns={[
                  {
                    name: "Option",
                    class: "main-cell",
                    cell: ({ name }) => <bdi class="mono">{name}</bdi>,
                  },
                  { name: "Value", cell: ({ value }) => <bdi class="mono">{value}</bdi> },
                  { name: "From", cell: ({ from }) => <bdi>{from}</bdi> },
                ]}
              />
            </div>
          ))}
        </Panel>
      )}
    </>
  );
}

function OptionTable({ label, options }: { readonly label: string; readonly options: readonly Option[] }) {
  return (
    <DataTable
      label={`Options of ${label}`}
      rows={options}
      keyOf={({ name }) => name}
      columns={[
        {
          name: "Option",
          class: "main-cell option",
          cell: ({ name, help }) => (
            <>
              <bdi class="mono">{name}</bdi>
              <span class="option-help">
                <MarkedText text={help} />
              </span>
            </>
          ),
        },
        { name: "Value", class: "value", cell: ({ value }) => <bdi class="mono">{value}</bdi> },
        {
          name: "From",
          class: "from",
          cell: ({ from, isDefault }) => (isDefault ? <Badge>default</Badge> : <bdi>{from}</bdi>),
        },
      ]}
    />
  );
}
