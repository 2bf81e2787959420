import { createHash } from 'node:crypto';
import type { Digest } from '../history/store/digests.ts';

/** One text that two ends have alike exactly if all their digests are. The tags are numbered as at the site. */
export function digestOfAll(digests: readonly Digest[]): string {
  const hash = createHash('sha256');
  for (const { tag, count, checksum } of digests.toSorted((a, b) => a.tag - b.tag))
    hash.update(`${tag} ${count} ${checksum}\n`);
  return hash.digest('base64');
}

/** Numbers as ranges, in few characters: '1-500,502'. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const each of [...new Set(numbers)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.to === each - 1) last.to = each;
    else ranges.push({ from: each, to: each });
  }
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

const MOST_NUMBERS = 1_000_000;

/** The inverse of `rangesOf`. Throws a `RangeError` on anything else. */
export function numbersIn(ranges: string): number[] {
  if (ranges === '') return [];
  const numbers: number[] = [];
  for (const range of ranges.split(',')) {
    const [, first, last] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(range) ?? [];
    const [from, to] = [Number(first), Number(last ?? first)];
    if (!(from <= to) || numbers.length + to - from > MOST_NUMBERS)
      throw new RangeError(`'${range.slice(0, 40)}' is no range of numbers such as 1-500.`);
    for (let each = from; each <= to; each++) numbers.push(each);
  }
  return numbers;
}
