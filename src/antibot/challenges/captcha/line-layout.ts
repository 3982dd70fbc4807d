import { extentOf, glyphsOf, type Glyph } from "./glyphs.js";
import type { RandomStream } from "./random-stream.js";

/** A closed polygon: x, y, x, y, … in pixels. */
export type Polygon = Float32Array;

const EM_PIXELS = 86;

/** Longest edge that the warp may bend as one: glyphs have long straight sides. */
const EDGE_PIXELS = 7;

/** The polygons of a line of text, each glyph of its own font, size, slant and place, pressed into the one before. */
export function layLine(characters: readonly string[], random: RandomStream): Polygon[] {
  const line: Polygon[] = [];
  let reached = 0;
  for (const character of characters) {
    const drawn = placeGlyph(random.pick(glyphsOf(character)), random);
    const shift = reached - random.between(-1, 4) - extentOf(drawn).left;
    for (const polygon of drawn) {
      for (let index = 0; index < polygon.length; index += 2)
        polygon[index] = (polygon[index] as number) + shift;
      line.push(polygon);
    }
    reached = extentOf(drawn).right;
  }
  return line;
}

// Each glyph is turned about its own middle, so that it stays on the line.
function placeGlyph(glyph: Glyph, random: RandomStream): Polygon[] {
  const height = EM_PIXELS * random.between(0.66, 1.2);
  const width = height * random.between(0.8, 1.25);
  const turn = random.swing(0.26);
  const shear = random.swing(0.18);
  const bend = random.swing(1.8);
  const wave = random.between(26, 44);
  const phase = random.between(0, 6.3);
  const middleX = (glyph.left + glyph.right) / 2;
  const middleY = (glyph.top + glyph.bottom) / 2;
  const lift = middleY * height * 0.55 + random.between(-12, 12);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return glyph.contours.map((contour) =>
    subdivided(contour, EDGE_PIXELS / height, (x, y) => {
      const flatX = (x - middleX) * width + (y - middleY) * height * shear;
      const flatY = (y - middleY) * height;
      const bentX = flatX + bend * Math.sin((flatY * 6.28) / wave + phase);
      const bentY = flatY + bend * Math.sin((flatX * 6.28) / wave + phase);
      return [bentX * cos - bentY * sin, bentX * sin + bentY * cos + lift];
    }),
  );
}

function subdivided(
  contour: Float32Array,
  longest: number,
  to: (x: number, y: number) => [number, number],
): Polygon {
  const points: number[] = [];
  let fromX = contour[contour.length - 2] as number;
  let fromY = contour[contour.length - 1] as number;
  for (let index = 0; index < contour.length; index += 2) {
    const [x, y] = [contour[index] as number, contour[index + 1] as number];
    const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) / longest));
    for (let step = 1; step <= steps; step++) {
      const part = step / steps;
      points.push(...to(fromX + (x - fromX) * part, fromY + (y - fromY) * part));
    }
    [fromX, fromY] = [x, y];
  }
  return Float32Array.from(points);
}
