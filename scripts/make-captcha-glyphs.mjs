// @ts-check
// Makes src/antibot/challenges/captcha/glyph-outlines.generated.ts from openly licensed fonts. Only new fonts require it:
//   npm install --no-save --ignore-scripts opentype.js@1 @fontsource/comic-neue @fontsource/fredoka @fontsource/open-sans @fontsource/quicksand
//   node scripts/make-captcha-glyphs.mjs [folder that holds node_modules]
// Curves are flattened here, so that the renderer needs only polygons. A glyph is stored as its code point (2 bytes), its
// advance (1 byte) and the number of contours, then for each contour the number of points and their x and y, a byte each.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const OUTPUT = "src/antibot/challenges/captcha/glyph-outlines.generated.ts";
const FONTS = [
  { name: "open-sans", file: "open-sans-latin-600-normal.woff" },
  { name: "quicksand", file: "quicksand-latin-700-normal.woff" },
  { name: "comic-neue", file: "comic-neue-latin-700-normal.woff" },
  { name: "fredoka", file: "fredoka-latin-500-normal.woff" },
];
const CHARACTERS = [
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#$%&*+=?@<>/ÄÖÜäöüßÉéÑñÇç",
];

/** The size of the em square in units, and the position of its origin, which leaves room for descenders. */
const EM = 160;
const LEFT = 24;
const BASELINE = 190;
const CURVE_STEPS = 5;

const folder = resolve(process.argv[2] ?? ".");
const load = createRequire(join(folder, "package.json"));
const opentype = load("opentype.js");

/** @param {{ type: string, x: number, y: number, x1: number, y1: number, x2: number, y2: number }[]} commands */
function polygons(commands) {
  /** @type {[number, number][][]} */
  const contours = [];
  /** @type {[number, number][]} */
  let contour = [];
  let [fromX, fromY] = [0, 0];
  for (const { type, x, y, x1, y1, x2, y2 } of commands) {
    if (type === "M") contours.push((contour = [[x, y]]));
    if (type === "L") contour.push([x, y]);
    if (type === "Q" || type === "C") {
      for (let step = 1; step <= CURVE_STEPS; step++) {
        const t = step / CURVE_STEPS;
        const u = 1 - t;
        contour.push(
          type === "Q"
            ? [u * u * fromX + 2 * u * t * x1 + t * t * x, u * u * fromY + 2 * u * t * y1 + t * t * y]
            : [
                u ** 3 * fromX + 3 * u * u * t * x1 + 3 * u * t * t * x2 + t ** 3 * x,
                u ** 3 * fromY + 3 * u * u * t * y1 + 3 * u * t * t * y2 + t ** 3 * y,
              ],
        );
      }
    }
    if (type !== "Z") [fromX, fromY] = [x, y];
  }
  return contours;
}

/** @param {[number, number][]} points */
function area(points) {
  return points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] ?? [0, 0];
    return sum + x * nextY - nextX * y;
  }, 0);
}

// Returns the points in whole units, without those that lie on the line between their neighbours.
/** @param {[number, number][]} points */
function rounded(points) {
  const whole = points
    .map(([x, y]) => /** @type {[number, number]} */ ([Math.round(x) + LEFT, Math.round(y) + BASELINE]))
    .filter(([x, y], index, all) => {
      const [beforeX, beforeY] = all.at(index - 1) ?? [0, 0];
      return x !== beforeX || y !== beforeY;
    });
  return whole.filter(([x, y], index) => {
    const [ax, ay] = whole.at(index - 1) ?? [0, 0];
    const [bx, by] = whole[(index + 1) % whole.length] ?? [0, 0];
    const cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    return cross !== 0;
  });
}

const fonts = FONTS.map(({ name, file }) => {
  const bytes = readFileSync(join(folder, "node_modules/@fontsource", name, "files", file));
  const font = opentype.parse(new Uint8Array(bytes).buffer);
  const glyphs = CHARACTERS.flatMap((character) => {
    const glyph = font.charToGlyph(character);
    if (glyph.index === 0) return [];
    const contours = polygons(glyph.getPath(0, 0, EM).commands)
      .map(rounded)
      .filter((points) => points.length > 2);
    const code = /** @type {number} */ (character.codePointAt(0));
    const advance = Math.round((glyph.advanceWidth * EM) / font.unitsPerEm);
    // The outer contours of all fonts get the same direction, so that overlapping glyphs do not cut holes into each other.
    const turned = contours.reduce((sum, points) => sum + area(points), 0) < 0;
    const body = contours.flatMap((points) => [
      points.length,
      ...(turned ? points.toReversed() : points).flat(),
    ]);
    const bytes = [code >> 8, code & 255, advance, contours.length, ...body];
    if (bytes.some((byte) => byte < 0 || byte > 255)) throw new Error(`${name} ${character} does not fit`);
    return [bytes];
  });
  console.log(name, glyphs.length, "glyphs,", glyphs.flat().length, "bytes");
  return Buffer.from(glyphs.flat()).toString("base64");
});

writeFileSync(
  OUTPUT,
  `// Made by scripts/make-captcha-glyphs.mjs from Open Sans, Quicksand, Comic Neue and Fredoka (SIL Open Font License, see OFL.txt).
/** Units of the em square, and where its origin lies in it. */
export const EM = ${EM};
export const ORIGIN_X = ${LEFT};
export const ORIGIN_Y = ${BASELINE};
/** The glyphs of each font, in base64. */
export const FONT_OUTLINES: readonly string[] = [
${fonts.map((font) => `  "${font}",`).join("\n")}
];
`,
);
