import type { LossView } from '../../gateway/api/sources.ts';

/** Where a gap lies in a range: shares of its width. */
export interface Bar {
  readonly left: number;
  readonly width: number;
}

/** What is missing of a source; null: of all. */
export interface Lane {
  readonly source: string | null;
  readonly bars: readonly Bar[];
}

/** Gaps that touch or overlap are one bar. */
function joined(gaps: readonly { from: number; to: number }[]): { from: number; to: number }[] {
  const bars: { from: number; to: number }[] = [];
  for (const { from, to } of gaps.toSorted((a, b) => a.from - b.from)) {
    const last = bars.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else bars.push({ from, to });
  }
  return bars;
}

/** The gaps of each source inside of a range, sources by name. */
export function lanesOf(
  losses: readonly Pick<LossView, 'source' | 'from' | 'to'>[],
  from: number,
  to: number,
): Lane[] {
  const sources = new Map<string | null, { from: number; to: number }[]>();
  for (const loss of losses) {
    const gap = { from: Math.max(from, Date.parse(loss.from)), to: Math.min(to, Date.parse(loss.to)) };
    if (gap.to < gap.from) continue;
    sources.set(loss.source, [...(sources.get(loss.source) ?? []), gap]);
  }
  const share = (ms: number) => ms / (to - from);
  return [...sources]
    .toSorted(([a], [b]) => (a ?? '').localeCompare(b ?? ''))
    .map(([source, gaps]) => ({
      source,
      bars: joined(gaps).map((gap) => ({ left: share(gap.from - from), width: share(gap.to - gap.from) })),
    }));
}
