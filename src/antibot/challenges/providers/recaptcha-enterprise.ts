import type { Context } from "../../../engine/context.js";
import type { Visit } from "../../challenge.js";
import type { RecaptchaResolved } from "./options.js";
import { hostnameCheck } from "./hostnames.js";
import { isCheckbox, recaptchaBase, scored } from "./recaptcha.js";
import { addressOf, codesOf, jsonRequest, wrong, type Provider } from "./provider.js";

/** reCAPTCHA Enterprise: assessments instead of `siteverify`. Contract: cloud.google.com/recaptcha/docs/create-assessment. */
export function enterpriseRecaptcha(options: RecaptchaResolved, context: Context): Provider {
  const projects = "https://recaptchaenterprise.googleapis.com/v1/projects";
  const base = options.verifyUrl || `${projects}/${encodeURIComponent(options.projectId)}/assessments`;
  const verifyUrl = `${base}?${new URLSearchParams({ key: options.apiKey }).toString()}`;
  const script = "https://www.google.com/recaptcha/enterprise.js";
  const checkHost = hostnameCheck(context, "recaptcha", "reCAPTCHA", options.hostnames);
  return {
    ...recaptchaBase(options, script, "grecaptcha.enterprise", base),
    title: "reCAPTCHA Enterprise (Google)",
    checkRequest(token, state, visit) {
      const siteKey = state.checkbox === true ? options.checkboxSiteKey : options.siteKey;
      const event = {
        token,
        siteKey,
        ...(isCheckbox(options, state) ? {} : { expectedAction: options.action }),
        userIpAddress: addressOf(visit),
        userAgent: visit.request.header("user-agent")?.slice(0, 1024),
        ja3: fingerprint(options.ja3, visit),
        ja4: fingerprint(options.ja4, visit),
      };
      return jsonRequest(verifyUrl, { event });
    },
    probeRequest: () => jsonRequest(verifyUrl, { event: { token: "probe", siteKey: options.siteKey } }),
    interpret(response, state, visit) {
      const { status, json } = response;
      // Errors of the API itself are about our key, project or request, never about the visitor.
      if (status >= 400) return { outcome: "fault", reason: codesOf(response) };
      const token = objectIn(json["tokenProperties"]);
      if (token["valid"] !== true) {
        const reason = token["invalidReason"];
        return wrong(typeof reason === "string" ? reason.slice(0, 100) : "invalid");
      }
      const host = checkHost(token["hostname"], visit);
      if (host.outcome !== "right" || isCheckbox(options, state)) return host;
      return scored(token["action"], objectIn(json["riskAnalysis"])["score"] ?? 0, options);
    },
  };
}

// The option names a header, unless it looks like a fingerprint itself.
function fingerprint(option: string, { request }: Visit): string | undefined {
  if (option === "") return undefined;
  if (/^[0-9a-f]{32}$|[_,]/i.test(option)) return option;
  return request.header(option.toLowerCase())?.slice(0, 512);
}

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
