import { randomBytes } from "node:crypto";
import { StoreFailure } from "../../../errors.js";
import { REPLY_HEADERS, problem } from "../../../engine/responder.js";
import type { Context } from "../../../engine/context.js";
import { escapeHtml } from "../../../pages/page.js";
import type { Reply } from "../../../request/verdict.js";
import { StoreFullError } from "../../../store/store.js";
import type { ChallengeKind, ChallengePage, Fields, Issued, Visit } from "../../challenge.js";
import { isSolved, javascriptChallenge, newWork, sufficesFor, type WorkState } from "../javascript.js";
import { Alphabet } from "./alphabet.js";
import { HEIGHT, widthFor } from "./draw-captcha.js";
import type { CaptchaResolved, Presentation } from "./options.js";
import { RandomStream } from "./random-stream.js";
import { spokenLanguages } from "./spoken-digits.js";
import type { RenderJob } from "./render.js";
import { RenderPool } from "./render-pool.js";

/** The proof of work that replaces the picture is this much harder than usual. */
const ALTERNATIVE_BITS = 4;
const DIGITS = 6;
/** The window in which a client's pictures and sounds are counted, in seconds. */
const LIMIT_WINDOW = 600;

// Ten seconds of sound, played two or three times because a screen reader speaks over it, and typed.
const SOUND_TIME_FACTOR = 3;

/** A picture, a sound, a proof of work, or nothing for now. */
export type CaptchaState =
  | { readonly image: string }
  | { readonly sound: string; readonly language: string }
  | { readonly work: WorkState }
  | { readonly wait: true };

/** Characters in a picture that we draw, and alternatives for people unable to read them (BunkerWeb's `captcha`). */
export class CaptchaChallenge implements ChallengeKind<CaptchaState> {
  readonly name = "captcha";
  // It can be guessed, so each challenge gets one attempt (R14).
  readonly spend = "before";
  readonly files: NonNullable<ChallengeKind<CaptchaState>["files"]>;
  private readonly alphabet: Alphabet;

  constructor(
    private readonly options: CaptchaResolved,
    private readonly context: Context,
    private readonly renderer = new RenderPool(options.budget, context.now),
  ) {
    this.alphabet = new Alphabet(options.alphabet, options.caseSensitive);
    this.files = {
      image: (issued, visit) => this.serve("image", issued, visit),
      audio: (issued, visit) => this.serve("audio", issued, visit),
    };
  }

  async issue(visit: Visit): Promise<CaptchaState> {
    const wanted = this.wanted(visit);
    const work = (): CaptchaState => ({ work: newWork(visit, ALTERNATIVE_BITS) });
    if (wanted === "javascript" || this.renderer.isOverBudget) return work();
    if (!(await this.withinLimit("issued", 1, visit)))
      return this.options.alternatives.includes("javascript") ? work() : { wait: true };
    const random = new RandomStream(randomBytes(32).toString("hex"));
    if (wanted === "image") return { image: this.alphabet.randomAnswer(this.options.length, random) };
    const language = visit.language.split("-", 1)[0] as string;
    return {
      sound: Array.from({ length: DIGITS }, () => random.below(10)).join(""),
      language: spokenLanguages().includes(language) ? language : "en",
    };
  }

  // All pages work as plain forms. The Enter key presses the first submit button.
  async page(issued: Issued<CaptchaState>, visit: Visit): Promise<ChallengePage> {
    const { state, token } = issued;
    const { length, alternatives } = this.options;
    const { texts, uri } = visit;
    if ("work" in state) {
      const page = await javascriptChallenge.page({ ...issued, state: state.work }, visit);
      // Without JavaScript there is a way back to the picture.
      const back = `<noscript><p>${choice("image", texts.captchaImage)}</p></noscript>`;
      return { ...page, body: page.body + back };
    }
    if ("wait" in state) {
      const body = `<p role="alert">${escapeHtml(texts.unreachable)}</p><p>${choice("image", texts.tryAgain)}</p>`;
      return { body };
    }
    const submit = `<p><button>${escapeHtml(texts.submit)}</button></p>`;
    const query = `?state=${encodeURIComponent(token)}`;
    if ("image" in state) {
      const file = escapeHtml(`${uri}/image${query}`);
      const other = alternatives.includes("audio") ? "audio" : alternatives[0];
      return {
        body:
          `<p><img class="captcha" src="${file}" width="${widthFor(length)}" height="${HEIGHT}" alt="${escapeHtml(texts.captchaImage)}"></p>` +
          `${answerField(texts.captchaLabel, "text", length)}${submit}<p class="choices">${choice("image", texts.captchaNew)} ` +
          `${other === undefined ? "" : choice(other, texts.captchaHard)}</p>`,
      };
    }
    const file = escapeHtml(`${uri}/audio${query}`);
    return {
      body:
        `<p><audio controls preload="auto" src="${file}" aria-label="${escapeHtml(texts.audioPlay)}"></audio></p>` +
        `${answerField(texts.audioLabel, "numeric", DIGITS)}${submit}<p class="choices">${choice("audio", texts.audioNew)} ${choice("image", texts.captchaImage)} ` +
        `${alternatives.includes("javascript") ? choice("javascript", texts.captchaWork) : ""}</p>`,
      csp: { "media-src": ["'self'"] },
    };
  }

  declines(fields: Fields): boolean {
    return fields.has("want");
  }

  suffices(state: CaptchaState, visit: Visit): boolean {
    return !("work" in state) || sufficesFor(state.work, visit, ALTERNATIVE_BITS);
  }

  spendOf(state: CaptchaState): "before" | "after" {
    return "work" in state ? "after" : "before";
  }

  patience(state: CaptchaState): number {
    return "sound" in state ? SOUND_TIME_FACTOR : 1;
  }

  verify(state: CaptchaState, fields: Fields): boolean {
    if ("work" in state) return isSolved(state.work, fields.get("challenge") ?? "");
    const answer = fields.get("captcha") ?? "";
    if (answer.length > 64 || "wait" in state) return false;
    if ("sound" in state) return digitsIn(answer) === state.sound;
    return this.alphabet.fold(answer) === this.alphabet.fold(state.image);
  }

  // What the visitor chose, if it is offered; else more of the same, so that a listener is not sent back to the picture.
  private wanted({ previous }: Visit): Presentation {
    if (previous === undefined) return "image";
    const want = previous.fields.get("want");
    if (want === "audio" || want === "javascript")
      return this.options.alternatives.includes(want) ? want : "image";
    const state = previous.state as CaptchaState;
    if (want === "image" || "image" in state) return "image";
    if ("sound" in state) return "audio";
    return "work" in state ? "javascript" : "image";
  }

  private async serve(
    name: Presentation,
    issued: Issued<CaptchaState> | undefined,
    visit: Visit,
  ): Promise<Reply> {
    const { id } = visit.request;
    const state = issued?.state;
    let job: Pick<RenderJob, "text" | "language"> | undefined;
    if (state !== undefined && "image" in state && name === "image") job = { text: state.image };
    if (state !== undefined && "sound" in state && name === "audio")
      job = { text: state.sound, language: state.language };
    const refuse = (status: number, type: string, title: string): Reply =>
      problem({ status, type, title, members: { id } });
    if (issued === undefined || job === undefined) return refuse(404, "not-found", "Not Found");
    if (!(await this.withinLimit("served", 4, visit)))
      return retryAfter(refuse(429, "too-many", "Too Many Requests"), LIMIT_WINDOW);
    const bytes = await this.renderer.render(issued.id, { seed: issued.id, ...job });
    if (bytes === undefined) return retryAfter(refuse(503, "busy", "Service Unavailable"), 1);
    return {
      status: 200,
      headers: { ...REPLY_HEADERS, "Content-Type": name === "image" ? "image/png" : "audio/wav" },
      body: bytes,
    };
  }

  // Counted in the store, so that all instances count together. A store that fails or is full locks nobody out (R36).
  private async withinLimit(what: string, factor: number, { client }: Visit): Promise<boolean> {
    const limit = this.options.limit * factor;
    try {
      const key = `hit:${client.key}|captcha|${what}`;
      const { count } = await this.context.store.hit(key, LIMIT_WINDOW, limit + 1);
      return count <= limit;
    } catch (error) {
      if (error instanceof StoreFailure || error instanceof StoreFullError) return true;
      throw error;
    }
  }
}

function retryAfter(reply: Reply, seconds: number): Reply {
  return { ...reply, headers: { ...reply.headers, "Retry-After": String(seconds) } };
}

function answerField(label: string, inputMode: "text" | "numeric", length: number): string {
  return (
    `<p><label for="bunker-answer">${escapeHtml(label)}</label><input type="text" id="bunker-answer" name="captcha" required ` +
    `inputmode="${inputMode}" maxlength="${length * 3}" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"></p>`
  );
}

// A button that submits the form without its required answer.
function choice(presentation: Presentation, label: string): string {
  return `<button name="want" value="${presentation}" class="plain" formnovalidate>${escapeHtml(label)}</button>`;
}

// Arabic and Persian keyboards type digits of their own, East Asian ones wide digits.
function digitsIn(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/[\s,.-]+/g, "");
}
