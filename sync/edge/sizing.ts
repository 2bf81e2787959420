/** How large a segment may be, so that it is on its way for about a second. */
export interface Sizing {
  bytes(): number;
  /** So many bytes took so long until they were acknowledged. */
  learn(bytes: number, ms: number): void;
  /** One was not answered, or the centre asked for a rest. */
  shrink(): void;
}

const FIRST = 65_536;
const LEAST = 8_192;
const MOST = 1_000_000;
/** Where a limit is set an alarm must not wait behind a large segment. */
const MOST_LIMITED = 65_536;
const SECOND_MS = 1_000;

export function openSizing(limit: () => number | null): Sizing {
  let size = FIRST;
  const within = (bytes: number) => Math.min(MOST, Math.max(LEAST, bytes));
  return {
    bytes() {
      const rate = limit();
      return rate === null ? size : Math.min(MOST_LIMITED, rate);
    },
    learn(bytes, ms) {
      if (ms > SECOND_MS) size = within(size / 2);
      else if (bytes > size / 2) size = within(size * 2);
    },
    shrink: () => void (size = within(size / 2)),
  };
}
