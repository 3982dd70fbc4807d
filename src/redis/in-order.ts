interface Begun<T> {
  readonly source: AsyncGenerator<T, void, undefined>;
  readonly first: Promise<IteratorResult<T, void>>;
}

/**
 * Yields what some generators yield, one generator after the other. The first results of the next `ahead` ones are asked for
 * meanwhile, so that a slow line is waited for once and not once for each.
 */
export async function* inOrder<T>(
  sources: Iterable<AsyncGenerator<T, void, undefined>>,
  ahead: number,
): AsyncGenerator<T, void, undefined> {
  const waiting = sources[Symbol.iterator]();
  const begun: Begun<T>[] = [];
  const begin = (): void => {
    const next = waiting.next();
    if (next.done === true) return;
    const source = next.value;
    const first = source.next();
    // It may never be asked for.
    first.catch(() => undefined);
    begun.push({ source, first });
  };
  for (let count = 0; count <= ahead; count++) begin();
  try {
    for (let one = begun[0]; one !== undefined; one = begun[0]) {
      for (let result = await one.first; result.done !== true; result = await one.source.next())
        yield result.value;
      begun.shift();
      begin();
    }
  } finally {
    for (const { source } of begun) source.return().catch(() => undefined);
  }
}
