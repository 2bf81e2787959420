const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 600_000;

/** How often a node may be asked for its births: twice as seldom each time that it had to be asked again soon. */
export interface Asking {
  /** Whether to ask now. What is refused stays wanted: `due` says when its time has come. */
  wanted(now: number): boolean;
  due(now: number): boolean;
  /** The node was born: nothing is wanted any more. */
  answered(): void;
}

export function asking(): Asking {
  let wait = FIRST_WAIT_MS;
  let askedAt = -Infinity;
  let open = false;
  const ask = (now: number): boolean => {
    open = true;
    if (now - askedAt < wait) return false;
    wait = now - askedAt > 4 * wait ? FIRST_WAIT_MS : Math.min(2 * wait, LONGEST_WAIT_MS);
    askedAt = now;
    open = false;
    return true;
  };
  return {
    wanted: ask,
    due: (now) => open && ask(now),
    answered: () => void (open = false),
  };
}
