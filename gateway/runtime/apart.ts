/** Deaths that are further apart are bad luck. */
const WINDOW_MS = 10 * 60_000;
/** So often may a source have been there when its host died. */
const STRIKES = 3;

/** Who lived in a host that died. */
export interface Death {
  /** Whose code threw; null where that is not known: it froze, or ran out of memory. */
  readonly blamed: number | null;
  /** The sources that had not been heard since they were started. */
  readonly starting: readonly number[];
  readonly all: readonly number[];
}

/** Who must move out of a host, so that the others live in peace. */
export interface Apart {
  /** The sources that from now on share a host of their own; none: all stay. */
  died(death: Death, now: number): readonly number[];
  /** The source was mended: what was, is forgotten. */
  forget(source: number): void;
}

/**
 * A source that was at fault three times moves out. Where nobody can be blamed, all that were starting are suspects;
 * a host of nothing but suspects is halved, until one is alone with its fault.
 */
export function apart(): Apart {
  const strikes = new Map<number, number[]>();
  const strike = (source: number, now: number): boolean => {
    const recent = [...(strikes.get(source) ?? []).filter((at) => now - at < WINDOW_MS), now];
    strikes.set(source, recent);
    return recent.length >= STRIKES;
  };
  return {
    died({ blamed, starting, all }, now) {
      const suspects = blamed === null ? starting : [blamed];
      const out = suspects.filter((source) => strike(source, now));
      if (out.length === 0 || all.length < 2) return [];
      const moving = out.length === all.length ? out.slice(0, Math.ceil(out.length / 2)) : out;
      for (const source of out) strikes.delete(source);
      return moving;
    },
    forget: (source) => void strikes.delete(source),
  };
}
