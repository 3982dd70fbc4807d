import type { Polygon } from "./line-layout.js";
import type { RandomStream } from "./random-stream.js";

/** A curve across the whole picture, `thick` pixels wide, that wanders about the middle. */
export function wanderingStroke(random: RandomStream, width: number, height: number, thick: number): Polygon {
  const middle = random.between(0.28, 0.72) * height;
  const tilt = random.between(-0.22, 0.22);
  const [tall, tallPhase, wave] = [random.between(6, 15), random.between(0, 6.3), random.between(70, 150)];
  const [small, smallPhase, ripple] = [random.between(2, 4), random.between(0, 6.3), random.between(24, 45)];
  const points: [number, number][] = [];
  for (let x = -6; x <= width + 6; x += 5) {
    const y =
      middle +
      (x - width / 2) * tilt +
      tall * Math.sin((x * 6.28) / wave + tallPhase) +
      small * Math.sin((x * 6.28) / ripple + smallPhase);
    points.push([x, y]);
  }
  return ribbon(points, thick);
}

/** A short arc somewhere: it looks like a piece of a letter. */
export function arc(random: RandomStream, width: number, height: number, thick: number): Polygon {
  const [x, y] = [random.between(10, width - 10), random.between(0.12, 0.88) * height];
  const radius = random.between(9, 24);
  const from = random.between(0, 6.3);
  const sweep = random.between(0.9, 2.4);
  const points: [number, number][] = [];
  for (let step = 0; step <= 8; step++) {
    const angle = from + (sweep * step) / 8;
    points.push([x + radius * Math.cos(angle), y + radius * Math.sin(angle)]);
  }
  return ribbon(points, thick);
}

// Both sides of a curve as one polygon.
function ribbon(points: readonly (readonly [number, number])[], thick: number): Polygon {
  const polygon = new Float32Array(points.length * 4);
  points.forEach(([x, y], index) => {
    const [beforeX, beforeY] = points[Math.max(0, index - 1)] as [number, number];
    const [afterX, afterY] = points[Math.min(points.length - 1, index + 1)] as [number, number];
    const length = Math.hypot(afterX - beforeX, afterY - beforeY) || 1;
    const [asideX, asideY] = [
      ((beforeY - afterY) / length) * (thick / 2),
      ((afterX - beforeX) / length) * (thick / 2),
    ];
    polygon[index * 2] = x - asideX;
    polygon[index * 2 + 1] = y - asideY;
    polygon[polygon.length - 2 - index * 2] = x + asideX;
    polygon[polygon.length - 1 - index * 2] = y + asideY;
  });
  return polygon;
}
