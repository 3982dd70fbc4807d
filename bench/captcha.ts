// The captcha: how fast it is drawn, how large the image is, and how often machines read it. The machines are tesseract (left
// out if it is not installed) and attacks trained on labelled images from our own generator. `--quick` uses fewer images.
// `--up-to=5000` ends the learning curve at 5000 images; 20 000 take more than an hour, mostly in the convolutional network.
import { drawCaptcha } from "../src/antibot/challenges/captcha/draw-captcha.js";
import { readSounds } from "./captcha/audio-attack.js";
import { convolve, picturesOf } from "./captcha/convolutional.js";
import { inkOf, thresholded, withoutThinLines, type Plane } from "./captcha/image-clean-up.js";
import { alphabet, CLASSES, labelled, LENGTH, type Labelled } from "./captcha/labelled-images.js";
import { nearestNeighbour, piecesOf } from "./captcha/nearest-neighbour.js";
import { hasTesseract, readAll } from "./captcha/tesseract.js";
import { Report } from "./harness/report.js";
import { DEFAULT_ALPHABET } from "../src/antibot/challenges/captcha/alphabet.js";
import { RandomStream } from "../src/antibot/challenges/captcha/random-stream.js";
import { spokenLanguages } from "../src/antibot/challenges/captcha/spoken-digits.js";

const QUICK = process.argv.includes("--quick");
const IMAGES = QUICK ? 200 : 2000;
const UP_TO = Number(
  process.argv.find((argument) => argument.startsWith("--up-to="))?.slice(8) ?? (QUICK ? 500 : 20_000),
);
const TRAINING = [500, 1000, 2000, 5000, 20_000].filter((images) => images <= UP_TO);
const TESTS = QUICK ? 100 : 400;
const PASSES = QUICK ? 5 : 12;
const SOUNDS = QUICK ? 5 : 50;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function drawing(): Record<string, string | number> {
  const answers = Array.from({ length: IMAGES }, (_, index) =>
    alphabet.randomAnswer(LENGTH, new RandomStream(`${index}`)),
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
  const set = Array.from({ length: IMAGES }, (_, index) => labelled("scan", index));
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
  const pieces = { train: piecesOf("learn", most), test: piecesOf("exam", TESTS) };
  const pictures = { train: picturesOf("learn", most), test: picturesOf("exam", TESTS) };
  return TRAINING.map((images) => {
    const nearest = nearestNeighbour(pieces.train, pieces.test, images);
    // A small set gets more passes: each attack is trained until more training no longer improves it.
    const passes = Math.max(PASSES, Math.ceil((QUICK ? 2500 : 24_000) / images));
    const network = convolve(pictures.train, pictures.test, images, passes);
    const row = {
      "labelled images": images,
      "nearest neighbour: exact": percent(nearest.exact),
      "nearest neighbour: characters": percent(nearest.characters),
      "convolutional network: exact": percent(network.exact),
      "convolutional network: characters": percent(network.characters),
    };
    // Each row is printed at once, because the next one may take an hour.
    console.log(JSON.stringify(row));
    return row;
  });
}

function sounds(): Record<string, string | number>[] {
  return [...spokenLanguages()].map((language) => {
    const read = readSounds(language, SOUNDS, "exam");
    return {
      "sound, attacked with our clips": language,
      sounds: SOUNDS,
      exact: percent(read.exact),
      digits: percent(read.digits),
    };
  });
}

const speed = drawing();
const report = new Report("captcha");
report.table("Drawing pictures", [speed]);
const ocr = hasTesseract() ? tesseract() : [{ tesseract: "not installed (Debian: tesseract-ocr)" }];
report.table("Pictures read by tesseract", ocr);
console.log(
  `${CLASSES.length} different characters: a random guess at one is right in ${percent(1 / CLASSES.length)} of cases`,
);
const audio = sounds();
report.table("Sounds read by a program that has the clips", audio);
const curve = learningCurve();
report.table("Pictures read by attacks trained on labelled ones", curve);
report.write();
