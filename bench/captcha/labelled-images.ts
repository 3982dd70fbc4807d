import { DEFAULT_ALPHABET } from "../../src/antibot/challenges/captcha/alphabet.js";
import { Alphabet } from "../../src/antibot/challenges/captcha/alphabet.js";
import { pictureOf, type Picture } from "../../src/antibot/challenges/captcha/draw-captcha.js";
import { RandomStream } from "../../src/antibot/challenges/captcha/random-stream.js";

/** A captcha with its text, in the folded form that solutions are compared with. */
export interface Labelled {
  readonly label: string;
  readonly picture: Picture;
}

export const LENGTH = 6;
export const alphabet = new Alphabet(DEFAULT_ALPHABET, false);

/** The characters that a folded solution can contain. */
export const CLASSES = alphabet.classes;

/** Returns image number `index` of a set. Sets with different names have no image in common. */
export function labelled(set: string, index: number): Labelled {
  const answer = alphabet.randomAnswer(LENGTH, new RandomStream(`${set} answer ${index}`));
  return { label: alphabet.fold(answer), picture: pictureOf(answer, `${set} ${index}`) };
}
