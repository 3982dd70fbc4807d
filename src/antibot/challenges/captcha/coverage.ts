/**
 * An anti-aliased scanline fill. Every edge leaves its signed area in the cells that it crosses; the running sum along a row
 * is then how much of each pixel is covered. Polygons that run the same way round add up, so that overlaps are filled.
 */
export class Coverage {
  private readonly cells: Float32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    // One cell more on each row for what leaves it to the right, so that no row leaks into the next.
    this.cells = new Float32Array((width + 2) * height);
  }

  edge(x0: number, y0: number, x1: number, y1: number): void {
    if (y0 === y1) return;
    const turn = y0 < y1 ? 1 : -1;
    if (turn < 0) [x0, y0, x1, y1] = [x1, y1, x0, y0];
    const slope = (x1 - x0) / (y1 - y0);
    let x = y0 < 0 ? x0 - y0 * slope : x0;
    const bottom = Math.min(this.height, Math.ceil(y1));
    for (let row = Math.max(0, Math.floor(y0)); row < bottom; row++) {
      const height = Math.min(row + 1, y1) - Math.max(row, y0);
      const next = x + slope * height;
      this.span(row, Math.min(x, next), Math.max(x, next), turn * height);
      x = next;
    }
  }

  // Within one row an edge covers `area` (signed height) between two x positions, spread evenly over what it crosses.
  private span(row: number, from: number, to: number, area: number): void {
    const { cells, width } = this;
    const start = row * (width + 2);
    from = Math.min(width, Math.max(0, from));
    to = Math.min(width, Math.max(0, to));
    const first = Math.floor(from);
    const last = Math.floor(to);
    if (first === last) {
      const beyond = (from + to) / 2 - first;
      add(cells, start + first, area * (1 - beyond));
      add(cells, start + first + 1, area * beyond);
      return;
    }
    const perPixel = area / (to - from);
    for (let column = first; column <= last; column++) {
      const left = Math.max(from, column);
      const right = Math.min(to, column + 1);
      const part = (right - left) * perPixel;
      const beyond = (left + right) / 2 - column;
      add(cells, start + column, part * (1 - beyond));
      add(cells, start + column + 1, part * beyond);
    }
  }

  /** How much of each pixel is covered, 0 to 1, row by row; starts anew. */
  take(into: Float32Array): void {
    const { cells, width, height } = this;
    let at = 0;
    for (let row = 0; row < height; row++) {
      let sum = 0;
      const start = row * (width + 2);
      for (let column = 0; column < width; column++) {
        sum += cells[start + column] as number;
        const covered = Math.abs(sum);
        into[at++] = covered > 1 ? 1 : covered;
      }
    }
    cells.fill(0);
  }
}

function add(cells: Float32Array, index: number, value: number): void {
  cells[index] = (cells[index] as number) + value;
}
