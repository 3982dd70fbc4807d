import { writeFileSync } from "node:fs";
import { pictureOf, drawCaptcha } from "../../src/antibot/challenges/captcha/draw-captcha.js";
import { encodePng } from "../../src/antibot/challenges/captcha/png.js";
import { RandomStream } from "../../src/antibot/challenges/captcha/random-stream.js";
const [, , out = "/tmp/capt/sheet", seed = "s", sheets = "1", per = "10", alphabet = "ACEHKMPTUYde236"] = process.argv;
const labels: string[] = [];
for (let s = 0; s < Number(sheets); s++) {
  const n = Number(per), cols = 2, rows = Math.ceil(n / cols), W = 364, H = 116, G = 8;
  const px = new Uint8Array((W + G) * cols * (H + G) * rows).fill(15);
  for (let i = 0; i < n; i++) {
    const r = new RandomStream(`${seed}-label-${s}-${i}`);
    const classes = [...new Set([...alphabet].map((c) => c.toLowerCase()))];
    const a = Array.from({ length: 6 }, () => { const k = r.pick(classes); return r.pick([...alphabet].filter((c) => c.toLowerCase() === k)); }).join("");
    labels.push(a);
    const p = pictureOf(a, `${seed}${s}-${i}`);
    const ox = (i % cols) * (W + G), oy = Math.floor(i / cols) * (H + G);
    for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) px[(oy + y) * (W + G) * cols + ox + x] = p.pixels[y * W + x]!;
  }
  writeFileSync(`${out}${s}.png`, encodePng(px, (W + G) * cols, (H + G) * rows, 4));
}
writeFileSync(`${out}.labels`, labels.join("\n"));
let t = performance.now(), bytes = 0;
for (let i = 0; i < 400; i++) { if (i === 100) { t = performance.now(); bytes = 0; } bytes += drawCaptcha("aHk34T", "x" + i).length; }
console.log("ms/image", (performance.now() - t) / 300, "bytes", bytes / 300);
