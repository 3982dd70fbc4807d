import fc from "fast-check";
import { Alphabet, DEFAULT_ALPHABET } from "../../../src/antibot/challenges/captcha/alphabet.js";
import { drawCaptcha, pictureOf } from "../../../src/antibot/challenges/captcha/draw-captcha.js";
import { glyphsOf } from "../../../src/antibot/challenges/captcha/glyphs.js";
import { RandomStream } from "../../../src/antibot/challenges/captcha/random-stream.js";
import { speakDigits } from "../../../src/antibot/challenges/captcha/speak-digits.js";
import { spokenLanguages } from "../../../src/antibot/challenges/captcha/spoken-digits.js";

test("R32 picture and sound follow from the challenge alone", () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      expect(drawCaptcha("ACE236", seed).equals(drawCaptcha("ACE236", seed))).toBe(true);
    }),
    { numRuns: 10 },
  );
  expect(speakDigits("012345", "a", "en").equals(speakDigits("012345", "a", "en"))).toBe(true);
  expect(drawCaptcha("ACE236", "a").equals(drawCaptcha("ACE236", "b"))).toBe(false);
  expect(speakDigits("012345", "a", "en").equals(speakDigits("012345", "b", "en"))).toBe(false);
});

test("every character of the default alphabet is drawn in several fonts, and there is ink and paper in every picture", () => {
  for (const character of Array.from(DEFAULT_ALPHABET)) expect(glyphsOf(character).length).toBeGreaterThan(2);
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 4, max: 8 }), (seed, length) => {
      const answer = new Alphabet(DEFAULT_ALPHABET, false).randomAnswer(length, new RandomStream(seed));
      const { pixels, width, height } = pictureOf(answer, seed);
      expect(pixels).toHaveLength(width * height);
      const ink = pixels.filter((tone) => tone < 7).length / pixels.length;
      expect(ink).toBeGreaterThan(0.08);
      expect(ink).toBeLessThan(0.5);
    }),
    { numRuns: 30 },
  );
});

test("letters that may be drawn in two cases are no likelier than digits", () => {
  const alphabet = new Alphabet("Aa1", false);
  const random = new RandomStream("seed");
  const folded = Array.from(alphabet.fold(alphabet.randomAnswer(6000, random)));
  const share = folded.filter((character) => character === "1").length / folded.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.03);
});

test("answers are compared by whole characters, whatever their normal form", () => {
  expect(new Alphabet("Ä", false).fold("a\u0308")).toBe("ä");
  expect(new Alphabet("Ä", true).fold("A\u0308 ")).toBe("Ä");
});

test("sounds are WAV files of 8 kHz whose length fits, in each language", () => {
  for (const language of spokenLanguages()) {
    const wav = speakDigits("0123456789", "seed", language);
    expect(wav.toString("latin1", 0, 4) + wav.toString("latin1", 8, 16)).toBe("RIFFWAVEfmt ");
    expect([wav.readUInt32LE(4), wav.readUInt32LE(40), wav.readUInt32LE(24)]).toEqual([
      wav.length - 8,
      wav.length - 44,
      8000,
    ]);
    expect(wav.length).toBeGreaterThan(44 + 5 * 8000);
  }
});
