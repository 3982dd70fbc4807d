import type * as Outlines from "./glyph-outlines.generated.js";

/** The outline of one character: closed polygons in em units, y down, the origin on the baseline. */
export interface Glyph {
  readonly advance: number;
  /** x, y, x, y, … of each polygon. */
  readonly contours: readonly Float32Array[];
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The glyphs of each font, by character. */
let fonts: readonly ReadonlyMap<string, Glyph>[] | undefined;

/** The glyphs of a character, one for each font that has it; empty = it cannot be drawn. */
export function glyphsOf(character: string): readonly Glyph[] {
  fonts ??= readFonts();
  return fonts.flatMap((font) => font.get(character) ?? []);
}

// The 80 KB load with the first captcha, not with the package. `require` is understood by every bundler, too.
function readFonts(): Map<string, Glyph>[] {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const outlines = require("./glyph-outlines.generated.js") as typeof Outlines;
  return outlines.FONT_OUTLINES.map((font) => readFont(Buffer.from(font, "base64"), outlines));
}

function readFont(bytes: Buffer, { EM, ORIGIN_X, ORIGIN_Y }: typeof Outlines): Map<string, Glyph> {
  const font = new Map<string, Glyph>();
  let at = 0;
  const byte = (): number => bytes[at++] as number;
  while (at < bytes.length) {
    const character = String.fromCodePoint(byte() * 256 + byte());
    const advance = byte() / EM;
    const contours: Float32Array[] = [];
    for (let left = byte(); left > 0; left--) {
      const points = new Float32Array(byte() * 2);
      for (let index = 0; index < points.length; index += 2) {
        points[index] = (byte() - ORIGIN_X) / EM;
        points[index + 1] = (byte() - ORIGIN_Y) / EM;
      }
      contours.push(points);
    }
    font.set(character, { advance, contours, ...extentOf(contours) });
  }
  return font;
}

export function extentOf(
  polygons: readonly Float32Array[],
): Pick<Glyph, "left" | "right" | "top" | "bottom"> {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const points of polygons) {
    for (let index = 0; index < points.length; index += 2) {
      const [x, y] = [points[index] as number, points[index + 1] as number];
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return { left, right, top, bottom };
}
