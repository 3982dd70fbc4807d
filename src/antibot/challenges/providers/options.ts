/** The options of every provider. Times are in seconds. */
export interface ProviderOptions {
  /** The public key of your site at the provider. Setting `ANTIBOT_<PROVIDER>_SITEKEY`, as in `ANTIBOT_HCAPTCHA_SITEKEY`. */
  siteKey?: string;
  /** The key that only your server knows. Setting `ANTIBOT_<PROVIDER>_SECRET`. */
  secret?: string;
  /**
   * Host names that tokens may have been solved on. Default: the names and aliases of `services`, or else the request's own
   * Host.
   */
  hostnames?: string | readonly string[];
  /** Where the server checks tokens. Default: the provider's own address. */
  verifyUrl?: string;
  /** How long a check may take, in seconds. Default 5. */
  timeout?: number;
}

/** Options of the providers whose script is loaded from their own servers. */
export interface ScriptProviderOptions extends ProviderOptions {
  /** Where browsers load the provider's script. Default: the provider's own address. */
  scriptUrl?: string;
  /** The origin of the widget's frames. Default: the provider's own, and that of `scriptUrl`. */
  frameUrl?: string;
}

/** Options of reCAPTCHA. */
export interface RecaptchaOptions extends ScriptProviderOptions {
  /** The lowest score that passes, 0–1 (v3 and Enterprise). Setting `ANTIBOT_RECAPTCHA_SCORE`. Default 0.7. */
  score?: number;
  /** What the site key was made for: `v3` works in the background, `v2` shows the checkbox. Default `"v3"`. */
  version?: "v3" | "v2";
  /** The action that tokens must carry (v3 and Enterprise). Default `"CAPTCHA"`. */
  action?: string;
  /** What follows a low score: the v2 checkbox, or a refusal. Default: the checkbox if its keys are given. */
  onLowScore?: "checkbox" | "deny";
  /** The site key of the checkbox that follows a low score. */
  checkboxSiteKey?: string;
  /** The checkbox's secret; Enterprise needs none. */
  checkboxSecret?: string;
  /** `false` = reCAPTCHA Enterprise. Setting `ANTIBOT_RECAPTCHA_CLASSIC`. Default `true`. */
  classic?: boolean;
  /** Enterprise: the Google Cloud project. Setting `ANTIBOT_RECAPTCHA_PROJECT_ID`. */
  projectId?: string;
  /** Enterprise: the API key. Setting `ANTIBOT_RECAPTCHA_API_KEY`. */
  apiKey?: string;
  /**
   * Enterprise: the request header in which your proxy passes the visitor's JA3 fingerprint, or a fixed fingerprint. Setting
   * `ANTIBOT_RECAPTCHA_JA3`.
   */
  ja3?: string;
  /** Enterprise: the same for JA4. Setting `ANTIBOT_RECAPTCHA_JA4`. */
  ja4?: string;
}

/** Options of hCaptcha. */
export type HcaptchaOptions = ScriptProviderOptions;

/** Options of Turnstile. */
export interface TurnstileOptions extends ScriptProviderOptions {
  /** The action that tokens must carry. Default `"bunker"`. */
  action?: string;
}

/** Options of mCaptcha. */
export interface McaptchaOptions extends Omit<ProviderOptions, "hostnames"> {
  /** The instance's URL. Setting `ANTIBOT_MCAPTCHA_URL`. Default `"https://demo.mcaptcha.org"`, which is only for trying out. */
  url?: string;
}

/** Options of Cap. */
export interface CapjsOptions extends Omit<ProviderOptions, "hostnames"> {
  /** The origin at which browsers reach the Cap server. Setting `ANTIBOT_CAPJS_FRONTEND_URL`. */
  frontendUrl?: string;
  /** The origin at which this server reaches the Cap server. Setting `ANTIBOT_CAPJS_BACKEND_URL`. Default: `frontendUrl`. */
  backendUrl?: string;
}

/** What happens to a visitor whose token could not be checked. */
export type ProviderPolicy = "javascript" | "allow" | "deny";

/** The providers' part of the gate's options. */
export interface ProvidersOptions {
  /** Options of the challenge `recaptcha`. */
  recaptcha?: RecaptchaOptions;
  /** Options of the challenge `hcaptcha`. */
  hcaptcha?: HcaptchaOptions;
  /** Options of the challenge `turnstile`. */
  turnstile?: TurnstileOptions;
  /** Options of the challenge `mcaptcha`. */
  mcaptcha?: McaptchaOptions;
  /** Options of the challenge `capjs`. */
  capjs?: CapjsOptions;
  /**
   * What happens while a provider cannot be reached. `javascript`: a token that could not be checked gets 503; once
   * this has happened to many networks, visitors get the proof of work, with more bits, until the provider is back.
   * `allow`: tokens that could not be checked pass. `deny`: they are refused. Default `"javascript"`.
   */
  onProviderError?: ProviderPolicy;
}
