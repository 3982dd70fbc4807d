// The captcha: how fast it is drawn, how large it is, and how often machines read it: tesseract, and attacks trained on
// labelled images of our own generator. `--quick` takes fewer images, `--up-to=5000` ends the learning
// curve there (20 000 images take some minutes); tesseract is left out where it is not installed.
import { drawCaptcha } from "../src/antibot/challenges/captcha/draw-captcha.js";
import { inkOf, thresholded, withoutThinLines, type Plane } from "./captcha/image-clean-up.js";
import { alphabet, CLASSES, labelled, LENGTH, type Labelled } from "./captcha/labelled-images.js";
import { nearestNeighbour, piecesOf } from "./captcha/nearest-neighbour.js";
import { reducedSet, trainAndTest } from "./captcha/segmentation-free.js";
import { hasTesseract, readAll } from "./captcha/tesseract.js";
import { printTable, writeResults } from "./harness/report.js";
import { DEFAULT_ALPHABET } from "../src/antibot/challenges/captcha/alphabet.js";
import { RandomStream } from "../src/antibot/challenges/captcha/random-stream.js";

const QUICK = process.argv.includes("--quick");
const IMAGES = QUICK ? 200 : 2000;
const UP_TO = Number(
  process.argv.find((argument) => argument.startsWith("--up-to="))?.slice(8) ?? (QUICK ? 500 : 20_000),
);
const TRAINING = [250, 500, 1000, 2000, 5000, 20_000].filter((images) => images <= UP_TO);
const TESTS = QUICK ? 100 : 400;
const PASSES = QUICK ? 5 : 12;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function drawing(): Record<string, string | number> {
  const answers = Array.from({ length: IMAGES }, (_, index) =>
    alphabet.answer(LENGTH, new RandomStream(`${index}`)),
  );
  for (const answer of answers.slice(0, 100)) drawCaptcha(answer, "warm-up");
  let bytes = 0;
  const before = process.cpuUsage();
  const started = performance.now();
  answers.forEach((answer, index) => (bytes += drawCaptcha(answer, `${index}`).length));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  return {
    images: IMAGES,
    "images/s": Math.round(IMAGES / seconds),
    "images per CPU second": Math.round(IMAGES / ((user + system) / 1e6)),
    "bytes (mean)": Math.round(bytes / IMAGES),
  };
}

function tesseract(): Record<string, string>[] {
  const set = Array.from({ length: IMAGES }, (_, index) => labelled("ocr", index));
  const ways: [string, (image: Labelled) => Plane][] = [
    ["grey", ({ picture }) => inkOf(picture)],
    ["threshold (Otsu)", ({ picture }) => thresholded(inkOf(picture))],
    [
      "threshold, lines up to 3 px removed",
      ({ picture }) => withoutThinLines(thresholded(inkOf(picture)), 1),
    ],
    [
      "threshold, lines up to 5 px removed",
      ({ picture }) => withoutThinLines(thresholded(inkOf(picture)), 2),
    ],
  ];
  return ways.map(([name, clean]) => {
    const texts = readAll(set.map(clean), DEFAULT_ALPHABET);
    let [exact, right] = [0, 0];
    texts.forEach((text, index) => {
      const label = Array.from(set[index]?.label ?? "");
      const read = Array.from(alphabet.fold(text));
      if (read.join("") === label.join("")) exact++;
      right += label.filter((character, at) => read[at] === character).length;
    });
    return {
      tesseract: name,
      exact: percent(exact / IMAGES),
      characters: percent(right / (IMAGES * LENGTH)),
    };
  });
}

function learningCurve(): Record<string, string | number>[] {
  const most = Math.max(...TRAINING);
  const pieces = { train: piecesOf("train", most), test: piecesOf("test", TESTS) };
  const reduced = { train: reducedSet("train", most), test: reducedSet("test", TESTS) };
  return TRAINING.map((images) => {
    const nearest = nearestNeighbour(pieces.train, pieces.test, images);
    const network = trainAndTest(reduced.train, reduced.test, images, PASSES);
    return {
      "labelled images": images,
      "nearest neighbour: exact": percent(nearest.exact),
      "nearest neighbour: characters": percent(nearest.characters),
      "network: exact": percent(network.exact),
      "network: characters": percent(network.characters),
    };
  });
}

const speed = drawing();
printTable([speed]);
const ocr = hasTesseract() ? tesseract() : [{ tesseract: "not installed (Debian: tesseract-ocr)" }];
printTable(ocr);
console.log(
  `${CLASSES.length} different characters: a blind guess at one is right in ${percent(1 / CLASSES.length)}`,
);
const curve = learningCurve();
printTable(curve);
writeResults("captcha", { speed, ocr, curve });
