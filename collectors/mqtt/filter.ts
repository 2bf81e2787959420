/** Whether a topic filter is well-formed: wildcards stand alone in a level, `#` in the last (MQTT 3.1.1, 4.7.1). */
export function isFilter(filter: string): boolean {
  const levels = filter.split('/');
  return (
    filter.length > 0 &&
    !filter.includes('\0') &&
    levels.every((level, i) =>
      level.includes('#') ? level === '#' && i === levels.length - 1 : level === '+' || !level.includes('+'),
    )
  );
}

export const hasWildcard = (filter: string): boolean => filter.includes('+') || filter.includes('#');

export function isDeeper(topic: string, levels: number): boolean {
  let found = 1;
  for (let at = topic.indexOf('/'); at >= 0 && found <= levels; at = topic.indexOf('/', at + 1)) found++;
  return found > levels;
}

/** Whether each topic that `inner` matches is matched by `outer` as well. A topic is a filter that matches itself. */
export function covers(outer: string, inner: string): boolean {
  const wide = outer.split('/');
  const narrow = inner.split('/');
  // A wildcard in the first level does not reach topics that begin with $ (4.7.2).
  if (inner.startsWith('$') && /^[+#]/.test(outer)) return false;
  for (const [i, level] of wide.entries()) {
    if (level === '#') return true;
    const other = narrow[i];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return wide.length === narrow.length;
}

interface Node<T> {
  readonly next: Map<string, Node<T>>;
  readonly here: Set<T>;
}
const empty = <T>(): Node<T> => ({ next: new Map(), here: new Set() });

/** Values by topic filter, found by topic. */
export interface TopicTree<T> {
  add(filter: string, value: T): void;
  remove(filter: string, value: T): void;
  /** In no order; a value under several filters that match comes several times. */
  match(topic: string): T[];
}

export function topicTree<T>(): TopicTree<T> {
  const root = empty<T>();
  const collect = (node: Node<T>, levels: readonly string[], depth: number, found: T[]) => {
    const reserved = depth === 0 && levels[0]?.startsWith('$') === true;
    // `sport/#` also matches `sport` (4.7.1.2).
    const below = reserved ? undefined : node.next.get('#');
    if (below !== undefined) found.push(...below.here);
    const level = levels[depth];
    if (level === undefined) {
      found.push(...node.here);
      return;
    }
    for (const name of reserved ? [level] : [level, '+']) {
      const child = node.next.get(name);
      if (child !== undefined) collect(child, levels, depth + 1, found);
    }
  };
  const prune = (node: Node<T>, levels: readonly string[], value: T): boolean => {
    const [level, ...rest] = levels;
    if (level === undefined) {
      node.here.delete(value);
    } else {
      const child = node.next.get(level);
      if (child !== undefined && prune(child, rest, value)) node.next.delete(level);
    }
    return node.here.size === 0 && node.next.size === 0;
  };
  return {
    add(filter, value) {
      let node = root;
      for (const level of filter.split('/')) {
        const child = node.next.get(level) ?? empty<T>();
        node.next.set(level, child);
        node = child;
      }
      node.here.add(value);
    },
    remove: (filter, value) => void prune(root, filter.split('/'), value),
    match(topic) {
      const found: T[] = [];
      collect(root, topic.split('/'), 0, found);
      return found;
    },
  };
}

/**
 * Those filters that no other one covers. Where several of a client's filters match a message, a broker may deliver it
 * several times (MQTT 3.1.1, 3.3.5; mosquitto does with MQTT 5): then it would be several readings.
 */
export function widest(filters: readonly string[]): string[] {
  const wild = topicTree<string>();
  for (const filter of filters) if (hasWildcard(filter)) wild.add(filter, filter);
  // Level by level a filter looks like a topic: the tree finds all that may cover it.
  const isCovered = (filter: string) =>
    wild.match(filter).some((other) => other !== filter && covers(other, filter));
  return [...new Set(filters)].filter((filter) => !isCovered(filter));
}
