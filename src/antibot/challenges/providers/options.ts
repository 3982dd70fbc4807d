/** What every provider's group of options holds. Times are in seconds. */
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

/** Options of providers whose page script is loaded from them. */
export interface ScriptProviderOptions extends ProviderOptions {
  /** Where browsers load the provider's script. Default: the provider's own address. */
  scriptUrl?: string;
  /** Where the widget's frames come from, where that is neither the provider's own address nor `scriptUrl`'s. */
  frameUrl?: string;
}

/** Options of reCAPTCHA. */
export interface RecaptchaOptions extends ScriptProviderOptions {
  /** The least score that passes, 0–1 (v3 and Enterprise). Setting `ANTIBOT_RECAPTCHA_SCORE`. Default 0.7. */
  score?: number;
  /** The kind of the key: `v3` works in the background, `v2` shows the checkbox. Default `"v3"`. */
  version?: "v3" | "v2";
  /** The action that tokens must carry (v3 and Enterprise). Default `"CAPTCHA"`. */
  action?: string;
  /** What a low score leads to: the v2 checkbox, or a refusal. Default: the checkbox where its keys are given. */
  onLowScore?: "checkbox" | "deny";
  /** The key of the checkbox that a low score leads to. */
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
  /** The instance. Setting `ANTIBOT_MCAPTCHA_URL`. Default `"https://demo.mcaptcha.org"`, which is for trying out only. */
  url?: string;
}

/** Options of Cap. */
export interface CapjsOptions extends Omit<ProviderOptions, "hostnames"> {
  /** The Cap server as browsers reach it, an origin. Setting `ANTIBOT_CAPJS_FRONTEND_URL`. */
  frontendUrl?: string;
  /** The Cap server as this server reaches it, an origin. Setting `ANTIBOT_CAPJS_BACKEND_URL`. Default: `frontendUrl`. */
  backendUrl?: string;
}

/** What becomes of a visitor whose answer could not be checked. */
export type ProviderPolicy = "javascript" | "allow" | "deny";

/** The groups of the gate's options that belong to providers. */
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
   * What happens while a provider cannot be reached. `javascript`: an answer that could not be checked gets 503, and once
   * answers from many networks could not be, visitors are given the proof of work, with more bits, until the provider is
   * back. `allow`: such answers pass. `deny`: they are refused. Default `"javascript"`.
   */
  onProviderError?: ProviderPolicy;
}

/** Read and checked: an empty text is a key or URL that was not given. */
export interface ProviderResolved {
  siteKey: string;
  secret: string;
  hostnames: string[];
  verifyUrl: string;
  timeout: number;
}

/** {@link ScriptProviderOptions} read and checked. */
export interface ScriptProviderResolved extends ProviderResolved {
  scriptUrl: string;
  frameUrl: string;
}

/** {@link RecaptchaOptions} read and checked. */
export interface RecaptchaResolved extends ScriptProviderResolved {
  score: number;
  version: "v3" | "v2";
  action: string;
  onLowScore: "checkbox" | "deny" | undefined;
  checkboxSiteKey: string;
  checkboxSecret: string;
  classic: boolean;
  projectId: string;
  apiKey: string;
  ja3: string;
  ja4: string;
}

/** {@link TurnstileOptions} read and checked. */
export interface TurnstileResolved extends ScriptProviderResolved {
  action: string;
}

/** {@link McaptchaOptions} read and checked. */
export interface McaptchaResolved extends Omit<ProviderResolved, "hostnames"> {
  url: string;
}

/** {@link CapjsOptions} read and checked. */
export interface CapjsResolved extends Omit<ProviderResolved, "hostnames"> {
  frontendUrl: string;
  backendUrl: string;
}

/** {@link ProvidersOptions} read and checked. */
export interface ProvidersResolved {
  recaptcha: RecaptchaResolved;
  hcaptcha: ScriptProviderResolved;
  turnstile: TurnstileResolved;
  mcaptcha: McaptchaResolved;
  capjs: CapjsResolved;
  onProviderError: ProviderPolicy;
}
