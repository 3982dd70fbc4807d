import { TimeoutError, withTimeout } from "../../src/with-timeout.js";

const never = new Promise<string>(() => undefined);
const fail = (): never => {
  throw new Error("too late");
};

test("work that is done in time settles as it does", async () => {
  expect(await withTimeout(Promise.resolve(1), 1000)).toBe(1);
  await expect(withTimeout(Promise.reject(new Error("broken")), 1000)).rejects.toThrow("broken");
});

test("work that is late rejects, or ends as the caller says", async () => {
  await expect(withTimeout(never, 5)).rejects.toThrow(TimeoutError);
  await expect(withTimeout(never, 5)).rejects.toThrow("no answer within 5 ms");
  expect(await withTimeout(never, 5, () => "instead")).toBe("instead");
  await expect(withTimeout(never, 5, fail)).rejects.toThrow("too late");
});

test("a reply that arrived while the process was busy comes before the timer", async () => {
  const reply = new Promise<string>((resolve) => setTimeout(() => setImmediate(() => resolve("reply")), 5));
  const result = withTimeout(reply, 10);
  for (const end = Date.now() + 50; Date.now() < end;);
  expect(await result).toBe("reply");
});

test("what is late is called only when it is late", async () => {
  const late = jest.fn();
  await withTimeout(Promise.resolve(), 5, late);
  await expect(withTimeout(Promise.reject(new Error("broken")), 5, late)).rejects.toThrow("broken");
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(late).not.toHaveBeenCalled();
});
