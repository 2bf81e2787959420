/** Names in an order in which each comes after those it needs; or the first circle found, its first name repeated. */
export function inOrder(
  needs: ReadonlyMap<string, Iterable<string>>,
): { readonly order: readonly string[] } | { readonly circle: readonly string[] } {
  const order: string[] = [];
  const done = new Set<string>();
  for (const start of needs.keys()) {
    const circle = visit(start, needs, { order, done, path: [] });
    if (circle !== null) return { circle };
  }
  return { order };
}

interface Progress {
  readonly order: string[];
  readonly done: Set<string>;
  readonly path: string[];
}

/** Depth first, with a stack of its own: a chain of a thousand tags is no reason to fail. */
function visit(
  start: string,
  needs: ReadonlyMap<string, Iterable<string>>,
  { order, done, path }: Progress,
): string[] | null {
  const stack = [{ name: start, left: [...(needs.get(start) ?? [])] }];
  if (done.has(start)) return null;
  path.push(start);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.left.shift();
    if (next === undefined) {
      done.add(top.name);
      order.push(top.name);
      stack.pop();
      path.pop();
    } else if (path.includes(next)) {
      return [...path.slice(path.indexOf(next)), next];
    } else if (needs.has(next) && !done.has(next)) {
      stack.push({ name: next, left: [...(needs.get(next) ?? [])] });
      path.push(next);
    }
  }
  return null;
}
