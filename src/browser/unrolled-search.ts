import { sha256Constants } from "./sha256-puzzle.js";

/** A word of the message schedule, as the text that stands for it; `fixed` ones are known before the first nonce. */
interface Word {
  readonly text: string;
  readonly fixed: boolean;
}

type State = [string, string, string, string, string, string, string, string];

/**
 * Writes a `Search` for workers: the text of a function.
 *
 * What makes it quick: the 40-byte message is a single block, and only its tenth word changes from nonce to nonce. Rounds 0 to 9 and
 * all parts of the message schedule that do not depend on the nonce are worked out once a call. The other rounds are written one
 * after another: constants stand in the code, and the state rotates by name instead of being moved.
 */
export function unrolledSearch(): string {
  const { K, H } = sha256Constants();
  const words: Word[] = [];
  for (let i = 0; i < 9; i++) words.push({ text: `m[${i}]`, fixed: true });
  words.push({ text: "n", fixed: false });
  // The bit that ends the message and, last, the message's length in bits.
  for (const value of ["-0x80000000", "0", "0", "0", "0", "320"]) words.push({ text: value, fixed: true });

  const once: string[] = [];
  const each: string[] = [];
  let names: State = ["a", "b", "c", "d", "e", "f", "g", "h"];
  for (let i = 10; i < 64; i++) {
    if (i >= 16) words.push(schedule(i, words, once, each));
    const word = words[i] as Word;
    const [a, b, , d, e, f, g, h] = names;
    if (word.fixed) once.push(`k${i}=${K[i]}+(${word.text})|0`);
    const added = word.fixed ? `k${i}` : `(${K[i]}+${word.text})`;
    each.push(`${h}=${h}+${turned(e, [6, 11, 25])}+(${g}^${e}&(${f}^${g}))+${added}|0`);
    // Only the first word of the hash is asked for.
    if (i < 63) each.push(`${d}=${d}+${h}|0`);
    // The majority of three words, from what the first two and the last two differ in: the next round's last two are these first two.
    each.push(`p=${a}^${b}`, `${h}=${h}+${turned(a, [2, 13, 22])}+(p&q^${b})|0`, "q=p");
    names = [h, ...names.slice(0, 7)] as State;
  }
  const list = (numbers: Int32Array): string => `Int32Array.of(${numbers.join()})`;
  return `function(m,x,n,l,t){var K=${list(K)},s=${list(H)},i,y,z,v=new Int32Array(10),a,b,c,d,e,f,g,h,p,q,u=n+l;
v.set(m);v[8]=x;m=v;
for(i=0;i<10;i++){a=s[0];e=s[4];y=s[7]+${turned("e", [6, 11, 25])}+(s[6]^e&(s[5]^s[6]))+K[i]+m[i];z=${turned("a", [2, 13, 22])}+(a&s[1]^s[2]&(a^s[1]));s.copyWithin(1,0,7);s[4]+=y;s[0]=y+z}
var ${once.join()};
for(;n<u;n++){var ${Array.from({ length: 48 }, (_, at) => `w${at + 16}`).join()};
a=s[0]+n|0;b=s[1];c=s[2];d=s[3];e=s[4]+n|0;f=s[5];g=s[6];h=s[7];q=b^c;
${each.join(";")};
if((${names[0]}+${H[0]}>>>0)<t)return n}
return-1}`;
}

// Word `i` of the schedule. The part that is known beforehand goes to `once`, the part that depends on the nonce to `each`.
function schedule(i: number, words: readonly Word[], once: string[], each: string[]): Word {
  const terms = [
    [i - 16, undefined],
    [i - 7, undefined],
    [i - 15, [7, 18, 3]],
    [i - 2, [17, 19, 10]],
  ] as const;
  const sum = (fixed: boolean): string =>
    terms
      .filter(([at]) => (words[at] as Word).fixed === fixed)
      .map(([at, turns]) => {
        const { text } = words[at] as Word;
        return turns === undefined
          ? text
          : `(${turn(text, turns[0])}^${turn(text, turns[1])}^${text}>>>${turns[2]})`;
      })
      .join("+");
  const [known, rest] = [sum(true), sum(false)];
  if (rest === "") {
    once.push(`W${i}=${known}|0`);
    return { text: `W${i}`, fixed: true };
  }
  if (known !== "") once.push(`f${i}=${known}|0`);
  each.push(`w${i}=${rest}${known === "" ? "" : `+f${i}`}|0`);
  return { text: `w${i}`, fixed: false };
}

// The word turned right by three counts, all added without carry.
function turned(word: string, turns: readonly [number, number, number]): string {
  return `(${turns.map((bits) => turn(word, bits)).join("^")})`;
}

function turn(word: string, bits: number): string {
  return `(${word}>>>${bits}|${word}<<${32 - bits})`;
}
