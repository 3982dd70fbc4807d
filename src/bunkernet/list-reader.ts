// Where the reader stands between two tokens.
type Expected = "value" | "first key" | "key" | "colon" | "first item" | "comma" | "nothing";

/** Longer texts are no addresses; only so much of one is kept. */
const MAX_TEXT = 128;

/**
 * Reads `{"result":"ok","data":["…",…]}` as it comes in, whatever the order and whatever stands beside it, so that a list
 * of a million entries is never in memory as a text. Only texts directly in `data` are handed on.
 */
export class ListReader {
  /** What `result` said. */
  result: string | undefined;
  /** What `data` said instead of a list. */
  message: string | undefined;
  /** Whether `data` was a list. */
  hasList = false;
  /** Things in the list that are no text. */
  nonTexts = 0;
  private expected: Expected = "value";
  // "{" or "[" a level; the answer's own object is level 1, its list level 2.
  private readonly levels: string[] = [];
  private key = "";
  private text = "";
  private inText = false;
  private escaped = false;
  private inWord = false;

  /** Reads on and answers the entries that were completed. Throws what is wrong with the text. */
  read(chunk: Buffer): string[] {
    const entries: string[] = [];
    // One character a byte: what is beyond ASCII can only stand in texts that do not matter here.
    const source = chunk.toString("latin1");
    let at = 0;
    while (at < source.length) {
      if (this.inText) at = this.readText(source, at, entries);
      else this.readToken(source.charCodeAt(at++), source[at - 1] as string);
    }
    return entries;
  }

  /** The text is over. Throws when it is not whole. */
  end(): void {
    if (this.expected !== "nothing" || this.inText) throw new Error("the answer's JSON is cut short");
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
      else if (code < 32) throw new Error("the answer is no JSON");
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
          throw new Error("the answer names its data twice");
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
    } else throw new Error("the answer is no JSON");
  }

  private get takesValue(): boolean {
    return this.expected === "value" || this.expected === "first item";
  }

  private get top(): string | undefined {
    return this.levels.at(-1);
  }

  private open(sign: string): void {
    if (this.levels.length === 0 && sign !== "{") throw new Error("the answer is no JSON object");
    if (this.levels.length >= 32) throw new Error("the answer is nested too deep");
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
    // Cut off within an escape, or a wrong one: no address in any case.
    return text;
  }
}
