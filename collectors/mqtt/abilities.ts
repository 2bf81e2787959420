import type { Browsable, Writable, WriteOutcome } from '../collector.ts';
import type { Taker } from './taker.ts';

/** What takers can do beside collecting, as one. */
export const abilities = (takers: readonly Taker[]): Browsable & Writable => ({
  browse: browsing(takers.map(({ browse }) => browse).filter((browse) => browse !== undefined)),
  async write(orders, signal) {
    const outcomes: WriteOutcome[] = [];
    for (const order of orders) {
      const writer = takers.find((taker) => taker.owns?.(order.tag) === true)?.write;
      const why = 'No address of this source leads to the tag.';
      if (writer === undefined) outcomes.push({ tag: order.tag, state: 'refused', why });
      else outcomes.push(...(await writer([order], signal)));
    }
    return outcomes;
  },
});

type Browse = Browsable['browse'];

/** Several trees as one: the number of a tree stands before its places. */
function browsing(trees: readonly Browse[]): Browse {
  const [only] = trees;
  if (trees.length === 1 && only !== undefined) return only;
  return async ({ place, after, ...request }, signal) => {
    const [number, rest] = split(place ?? after ?? '0:');
    const tree = trees[number];
    if (tree === undefined) return { places: [], next: null };
    const from = place === null ? { place, after: rest === '' ? null : rest } : { place: rest, after };
    const { places, next } = await tree({ ...request, ...from }, signal);
    return {
      places: places.map((one) => ({ ...one, id: `${number}:${one.id}` })),
      next: place === null ? nextOf(number, next, trees.length) : next,
    };
  };
}

function nextOf(number: number, next: string | null, trees: number): string | null {
  if (next !== null) return `${number}:${next}`;
  return number + 1 < trees ? `${number + 1}:` : null;
}

function split(text: string): [number, string] {
  const at = text.indexOf(':');
  return [Number(text.slice(0, at)), text.slice(at + 1)];
}
