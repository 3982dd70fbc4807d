import { inOrder } from "../../src/redis/in-order.js";

/** A generator of the letters of a text, and a log of what it was asked for. */
async function* letters(text: string, log: string[]): AsyncGenerator<string, void, undefined> {
  log.push(`begin ${text}`);
  try {
    for (const letter of text) {
      await Promise.resolve();
      if (letter === "!") throw new Error(`no letter in ${text}`);
      yield letter;
    }
  } finally {
    log.push(`end ${text}`);
  }
}

test("generators are listed one after the other, and the next ones begin meanwhile", async () => {
  const log: string[] = [];
  const texts = ["abc", "", "d", "efg"];
  const found: string[] = [];
  for await (const letter of inOrder(
    texts.map((text) => letters(text, log)),
    1,
  )) {
    if (found.length === 0) expect(log.slice(0, 2)).toEqual(["begin abc", "begin "]);
    found.push(letter);
  }
  expect(found.join("")).toBe("abcdefg");
  expect(log.filter((line) => line.startsWith("begin"))).toEqual(texts.map((text) => `begin ${text}`));
  expect(log.filter((line) => line.startsWith("end"))).toHaveLength(texts.length);
});

test("a listing that fails rejects when its turn comes, and ends the others", async () => {
  const log: string[] = [];
  const found: string[] = [];
  const listing = inOrder(
    ["ab", "c!", "de", "f"].map((text) => letters(text, log)),
    2,
  );
  await expect(
    (async () => {
      for await (const letter of listing) found.push(letter);
    })(),
  ).rejects.toThrow("no letter in c!");
  expect(found.join("")).toBe("abc");
  await new Promise(setImmediate);
  expect(log).toEqual(expect.arrayContaining(["end ab", "end c!", "end de"]));
});

test("whoever stops early ends all that began", async () => {
  const log: string[] = [];
  for await (const letter of inOrder(
    ["ab", "cd", "ef"].map((text) => letters(text, log)),
    1,
  ))
    if (letter === "a") break;
  await new Promise(setImmediate);
  expect(log.filter((line) => line.startsWith("end")).sort()).toEqual(["end ab", "end cd"]);
});
