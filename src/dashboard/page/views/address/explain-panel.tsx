import { useState } from "preact/hooks";
import type { AddressDetails } from "../../../api.js";
import { addressPath } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { protectionName } from "../../format/words.js";
import { Badge, type Tone } from "../../parts/badge.js";
import { JsonText } from "../../parts/json-text.js";
import { Panel } from "../../parts/panel.js";
import { Failure, Skeleton } from "../../parts/placeholders.js";
import { session } from "../../state/session.js";

type Explanation = NonNullable<AddressDetails["explanation"]>;

const VERDICTS: Readonly<Record<"pass" | "deny" | "challenge" | "error", { word: string; tone: Tone }>> = {
  pass: { word: "Pass", tone: "ok" },
  deny: { word: "Refuse", tone: "danger" },
  challenge: { word: "Challenge", tone: "info" },
  error: { word: "Error", tone: "warn" },
};

/** How a request from the address would be judged, step by step. */
export function ExplainPanel({ address }: { readonly address: string }) {
  const services = session.value?.services ?? [];
  const [asked, setAsked] = useState({ path: "/", service: "" });
  const [path, setPath] = useState("/");
  const [service, setService] = useState("");
  const { data, error, isLoading, reload } = useQuery<AddressDetails>(addressPath(address, asked), {
    keep: true,
  });
  const explanation = data?.explanation;
  return (
    <Panel title="How a request would be judged" hint="a GET, now">
      <form
        class="line-form"
        onSubmit={(event) => {
          event.preventDefault();
          const next = { path: path.startsWith("/") ? path : `/${path}`, service };
          setPath(next.path);
          if (next.path === asked.path && next.service === asked.service) reload();
          else setAsked(next);
        }}
      >
        <input
          class="mono"
          aria-label="Path"
          value={path}
          maxLength={2048}
          autoComplete="off"
          autoCapitalize="off"
          spellcheck={false}
          onInput={(event) => setPath(event.currentTarget.value)}
        />
        {services.length > 1 && (
          <select
            aria-label="Service"
            value={service}
            onChange={(event) => setService(event.currentTarget.value)}
          >
            <option value="">default service</option>
            {services.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <button type="submit" class="button" disabled={isLoading}>
          Explain
        </button>
      </form>
      {error !== undefined && <Failure error={error} />}
      {explanation === undefined ? isLoading && <Skeleton lines={5} /> : <Trace explanation={explanation} />}
    </Panel>
  );
}

function Trace({ explanation }: { readonly explanation: Explanation }) {
  const { verdict, by, mode, isProxy, steps } = explanation;
  const { word, tone } = VERDICTS[verdict];
  return (
    <div aria-live="polite">
      <p class="verdict">
        <Badge tone={tone}>{word}</Badge> <bdi class="mono">{explanation.path}</bdi>
        {by !== undefined && <span> by {protectionName(by)}</span>}
        {explanation.service !== undefined && explanation.service !== "" && (
          <span class="soft">
            {" "}
            at <bdi>{explanation.service}</bdi>
          </span>
        )}
      </p>
      {mode === "detect" && (
        <p class="soft">Detect mode is in force: the request passes, and this is noted only.</p>
      )}
      {isProxy && <p class="soft">This is the address of a trusted proxy, not of a client.</p>}
      <ol class="trace">
        {steps.map((step, at) => (
          <li key={at} class={step.reached ? step.verdict : "unreached"}>
            <i class="dot" aria-hidden="true" />
            <p>
              <strong>{protectionName(step.protection)}</strong>{" "}
              {step.reached ? (
                <Badge tone={VERDICTS[step.verdict].tone}>{VERDICTS[step.verdict].word}</Badge>
              ) : (
                <Badge>not reached</Badge>
              )}
            </p>
            {step.reason !== "" && (
              <p class="soft">
                <bdi>{step.reason}</bdi>
              </p>
            )}
            {step.data !== undefined && (
              <details class="evidence">
                <summary>Details</summary>
                <JsonText value={step.data} label={`Details of ${protectionName(step.protection)}`} />
              </details>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}
