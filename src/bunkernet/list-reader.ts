// The next token that is allowed.
type Expected = "value" | "first key" | "key" | "colon" | "first item" | "comma" | "nothing";

/** Longer strings are not addresses; only this much is kept. */
const MAX_TEXT = 128;

/**
 * Parses `{"result":"ok","data":["…",…]}` incrementally, in any order and with any other fields, so that a list of a million
 * entries is never in memory as one string. Returns only strings directly in `data`.
 */
export class ListReader {
  /** The value of `result`. */
  result: string | undefined;
  /** The value of `data` if it is a string instead of a list. */
  message: string | undefined;
  /** Whether `data` was a list. */
  hasList = false;
  /** Entries of the list that are not strings. */
  nonTexts = 0;
  private expected: Expected = "value";
  // "{" or "[" per level: the response is level 1, its list level 2.
  private readonly levels: string[] = [];
  private key = "";
  private text = "";
  private inText = false;
  private escaped = false;
  private inWord = false;

  /** Parses the next chunk; returns the entries that it completes. @throws {Error} if the JSON is invalid */
  read(chunk: Buffer): string[] {
    const entries: string[] = [];
    // One character per byte: only irrelevant strings contain non-ASCII characters.
    const source = chunk.toString("latin1");
    let at = 0;
    while (at < source.length) {
      if (this.inText) at = this.readText(source, at, entries);
      else this.readToken(source.charCodeAt(at++), source[at - 1] as string);
    }
    return entries;
  }

  /** Ends the parsing. @throws {Error} if the JSON is incomplete */
  end(): void {
    if (this.expected !== "nothing" || this.inText) throw new Error("the response's JSON is cut short");
  }

  private get inList(): boolean {
    return this.hasList && this.levels.length === 2 && this.key === "data" && this.levels[1] === "[";
  }

  private readText(source: string, from: number, entries: string[]): number {
    let at = from;
    for (; at < source.length; at++) {
      const code = source.charCodeAt(at);
      if (this.escaped) this.escaped = false;
      else if (code === 92) this.escaped = true;
      else if (code === 34) break;
      else if (code < 32) throw new Error("the response is not JSON");
    }
    if (this.text.length <= MAX_TEXT) this.text += source.slice(from, Math.min(at, from + MAX_TEXT + 1));
    if (at === source.length) return at;
    this.inText = false;
    this.endText(entries);
    return at + 1;
  }

  private endText(entries: string[]): void {
    const text = this.text.includes("\\") ? unescaped(this.text) : this.text;
    if (this.expected === "key" || this.expected === "first key") {
      if (this.levels.length === 1) {
        if (text === "data" && (this.hasList || this.message !== undefined))
          throw new Error("the response contains data twice");
        this.key = text;
      }
      this.expected = "colon";
      return;
    }
    if (this.inList) entries.push(text);
    else if (this.levels.length === 1 && this.key === "result") this.result = text;
    else if (this.levels.length === 1 && this.key === "data") this.message = text;
    this.endValue();
  }

  private readToken(code: number, sign: string): void {
    if (this.inWord) {
      // Digits, letters and signs of numbers, true, false, null.
      if ((code >= 48 && code <= 57) || (code >= 97 && code <= 122) || "+-.E".includes(sign)) return;
      this.inWord = false;
      this.endValue();
    }
    if (code === 32 || code === 10 || code === 13 || code === 9) return;
    const { expected: expects } = this;
    if (sign === '"' && (expects === "key" || expects === "first key" || this.takesValue)) {
      this.inText = true;
      this.text = "";
    } else if ((sign === "{" || sign === "[") && this.takesValue) this.open(sign);
    else if (sign === "}" && (expects === "first key" || expects === "comma") && this.top === "{")
      this.close();
    else if (sign === "]" && (expects === "first item" || expects === "comma") && this.top === "[")
      this.close();
    else if (sign === "," && expects === "comma") this.expected = this.top === "{" ? "key" : "value";
    else if (sign === ":" && expects === "colon") this.expected = "value";
    else if (
      ((code >= 48 && code <= 57) || "-tfn".includes(sign)) &&
      this.takesValue &&
      this.levels.length > 0
    ) {
      if (this.inList) this.nonTexts++;
      this.inWord = true;
    } else throw new Error("the response is not JSON");
  }

  private get takesValue(): boolean {
    return this.expected === "value" || this.expected === "first item";
  }

  private get top(): string | undefined {
    return this.levels.at(-1);
  }

  private open(sign: string): void {
    if (this.levels.length === 0 && sign !== "{") throw new Error("the response is not a JSON object");
    if (this.levels.length >= 32) throw new Error("the response is nested too deeply");
    if (this.inList) this.nonTexts++;
    if (this.levels.length === 1 && this.key === "data" && sign === "[") this.hasList = true;
    this.levels.push(sign);
    this.expected = sign === "{" ? "first key" : "first item";
  }

  private close(): void {
    this.levels.pop();
    this.endValue();
  }

  private endValue(): void {
    this.expected = this.levels.length === 0 ? "nothing" : "comma";
  }
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    // An incomplete or invalid escape: not an address in any case.
    return text;
  }
}
