import { Problem } from '../../platform/web/problem.ts';
import { timeLimit } from '../../platform/time-limit.ts';
import type { Tag } from '../plant/tag.ts';
import type { Plant } from '../store/plant.ts';

/** The fault of one field of a query: what was given, and what to give instead. */
export const wrongQuery = (field: string, value: string, detail: string, remedy: string): Problem =>
  new Problem({ status: 400, detail, faults: [{ field: `query.${field}`, value, remedy }] });

/** The tags that a query names by their numbers, each once. */
export function askedTags({ tags }: Plant, query: { readonly tags: string }, most: number): Tag[] {
  const numbers = [...new Set(query.tags.split(',').map(Number))];
  if (numbers.length > most)
    throw wrongQuery(
      'tags',
      query.tags,
      `There are ${numbers.length} tags: at most ${most} can be asked for at once.`,
      `Ask for ${most} tags at a time.`,
    );
  const known = new Map<number, Tag>(tags.map((tag) => [tag.id, tag]));
  return numbers.map((number) => {
    const tag = known.get(number);
    if (tag !== undefined) return tag;
    const remedy = 'Take the numbers of tags from /api/v1/tags.';
    throw wrongQuery('tags', String(number), `There is no tag ${number}.`, remedy);
  });
}

/** Before the first year the database's calendar and ours differ; nothing was measured then. */
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

/** An instant of a query in milliseconds, within what a database can hold. */
export const askedInstant = (text: string): number => Math.min(Math.max(Date.parse(text), EARLIEST), LATEST);

export function askedRange(query: { readonly from: string; readonly to: string }): {
  from: number;
  to: number;
} {
  const [from, to] = [askedInstant(query.from), askedInstant(query.to)];
  if (from < to) return { from, to };
  throw wrongQuery(
    'from',
    query.from,
    "The range is empty: 'from' must be before 'to'.",
    `Choose an instant before ${query.to}.`,
  );
}

/** The name of a time zone that there is. */
export function askedZone(zone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw wrongQuery('zone', zone, `There is no time zone ${zone}.`, 'Name one as in Europe/Berlin, or UTC.');
  }
}

/** Gives `work` up after a time, and says so; it is given up as well where the caller leaves. */
export async function within<T>(
  ms: number,
  caller: AbortSignal,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = timeLimit(ms, caller);
  try {
    return await work(limit);
  } catch (cause) {
    if (!limit.aborted || caller.aborted) throw cause;
    const detail = `This took longer than ${ms / 1000} s and was given up. Ask for a shorter range or fewer tags.`;
    throw new Problem({ status: 504, detail }, { cause });
  }
}
