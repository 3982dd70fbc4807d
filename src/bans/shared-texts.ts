/** Numbers for texts that many bans have in common, so that each is held once. A text is forgotten with its last use. */
export class SharedTexts {
  private readonly numbers = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [undefined];
  private readonly uses: number[] = [0];
  private readonly free: number[] = [];
  /** The text that was asked for last: most bans that are read together have the same. */
  private last = "";
  private lastNumber: number | undefined;

  /** @param max how many different texts are held at most */
  constructor(private readonly max: number) {}

  /** The number of a text that is in use; `undefined` = it is not. */
  numberOf(text: string): number | undefined {
    if (text !== this.last || this.lastNumber === undefined) this.lastNumber = this.numbers.get(text);
    // The same object is compared at once when it is asked for again, an equal one is not.
    this.last = text;
    return this.lastNumber;
  }

  /** Counts one more use of a text; returns its number, or 0 when too many texts are in use. */
  take(text: string): number {
    let number = this.numberOf(text);
    if (number === undefined) {
      if (this.numbers.size >= this.max) return 0;
      number = this.free.pop() ?? this.texts.length;
      this.numbers.set(text, number);
      this.texts[number] = text;
      this.uses[number] = 0;
    }
    this.uses[number] = (this.uses[number] as number) + 1;
    return number;
  }

  /** Counts one use less. */
  release(number: number): void {
    if (number === 0) return;
    const left = (this.uses[number] as number) - 1;
    this.uses[number] = left;
    if (left > 0) return;
    this.numbers.delete(this.texts[number] as string);
    this.lastNumber = undefined;
    this.texts[number] = undefined;
    this.free.push(number);
  }

  /** The text of a number; `undefined` for 0. */
  textOf(number: number): string | undefined {
    return this.texts[number];
  }
}
