import { DEFAULT_ALPHABET } from "../../src/antibot/challenges/captcha/alphabet.js";
import { Alphabet } from "../../src/antibot/challenges/captcha/alphabet.js";
import { pictureOf, type Picture } from "../../src/antibot/challenges/captcha/draw-captcha.js";
import { RandomStream } from "../../src/antibot/challenges/captcha/random-stream.js";

/** A captcha and what it says, folded to what an answer is compared with. */
export interface Labelled {
  readonly label: string;
  readonly picture: Picture;
}

export const LENGTH = 6;
export const alphabet = new Alphabet(DEFAULT_ALPHABET, false);

/** The characters that an answer can hold after folding. */
export const CLASSES = alphabet.classes;

/** Image number `index` of a set; the sets of different names have nothing in common. */
export function labelled(set: string, index: number): Labelled {
  const answer = alphabet.randomAnswer(LENGTH, new RandomStream(`${set} answer ${index}`));
  return { label: alphabet.fold(answer), picture: pictureOf(answer, `${set} ${index}`) };
}
