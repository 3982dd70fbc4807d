import { crc32, deflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/** A PNG of `1 << bits` evenly spaced greys (`bits` 4 or 8); `pixels` holds one value a pixel, row by row. */
export function encodePng(pixels: Uint8Array, width: number, height: number, bits: 4 | 8): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  const stride = Math.ceil((width * bits) / 8);
  const rows = Buffer.alloc((stride + 1) * height);
  for (let row = 0; row < height; row++) {
    const start = row * (stride + 1) + 1;
    for (let column = 0; column < width; column++) {
      const value = pixels[row * width + column] as number;
      const at = start + ((column * bits) >> 3);
      rows[at] = bits === 8 ? value : column & 1 ? (rows[at] as number) | value : value << 4;
    }
  }
  const data = chunk("IDAT", deflateSync(rows, { level: 3 }));
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), data, chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(data.length + 12);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, "latin1");
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, data.length + 8)), data.length + 8);
  return whole;
}
