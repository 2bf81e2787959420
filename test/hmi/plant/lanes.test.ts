import { expect, test } from 'vitest';
import { lanesOf } from '../../../hmi/plant/lanes.ts';

const at = (second: number) => new Date(second * 1000).toISOString();
const gap = (source: string | null, from: number, to: number) => ({ source, from: at(from), to: at(to) });

test('each source has a lane, in which gaps that touch are one bar', () => {
  const lanes = lanesOf([gap('b', 40, 60), gap('a', 10, 20), gap('b', 20, 40), gap('a', 80, 90)], 0, 100_000);
  expect(lanes).toStrictEqual([
    {
      source: 'a',
      bars: [
        { left: 0.1, width: 0.1 },
        { left: 0.8, width: 0.1 },
      ],
    },
    { source: 'b', bars: [{ left: 0.2, width: 0.4 }] },
  ]);
});

test('a gap that reaches out of the range is shown as far as it lies in it', () => {
  const lanes = lanesOf([gap(null, -50, 25), gap(null, 75, 500), gap('gone', 200, 300)], 0, 100_000);
  expect(lanes).toStrictEqual([
    {
      source: null,
      bars: [
        { left: 0, width: 0.25 },
        { left: 0.75, width: 0.25 },
      ],
    },
  ]);
});
