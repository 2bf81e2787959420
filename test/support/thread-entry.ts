import { assigned, serve } from '../../platform/thread.ts';

export type Entry = ReturnType<typeof methods>;
export interface Parent extends Record<string, (...args: never[]) => unknown> {
  double(n: number): number;
}

const methods = () => ({
  add: (a: number, b: number) => a + b,
  data: assigned,
  pid: () => process.pid,
  sum: (numbers: Float64Array) => numbers.reduce((total, n) => total + n, 0),
  fail: () => {
    throw new Error('The device said no.', { cause: new Error('code 2') });
  },
  failWithFunction: () => {
    throw Object.assign(new Error('An error with a cause that cannot be cloned.'), {
      cause: () => 'a function',
    });
  },
  returnFunction: () => () => 1,
  askParent: (n: number) => parent.double(n),
  ping: () => undefined,
  loop: () => {
    for (;;);
  },
  never: () => new Promise(() => undefined),
  crash: () => {
    setImmediate(() => {
      throw new Error('Nobody catches this.');
    });
  },
  exhaust: () => {
    const hoard: number[][] = [];
    for (;;) hoard.push(new Array<number>(100_000).fill(hoard.length));
  },
});

const parent = serve<Parent>(methods());
