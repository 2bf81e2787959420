/** Where windows of `length` values without a missing one begin, among the values from `from` up to `to`. */
export function windowsIn(values: Float64Array, length: number, from: number, to: number): Int32Array {
  const starts: number[] = [];
  let known = 0;
  for (let i = from; i < to; i++) {
    known = Number.isNaN(values[i]) ? 0 : known + 1;
    if (known >= length) starts.push(i - length + 1);
  }
  return Int32Array.from(starts);
}

/** At most `most` of them, evenly spread. */
export function spread(windows: Int32Array, most: number): Int32Array {
  if (windows.length <= most) return windows;
  return Int32Array.from({ length: most }, (_, i) => windows[Math.floor((i * windows.length) / most)] ?? 0);
}

/** The same windows in an order that the seed and the number of the pass decide. */
export function shuffled(windows: Int32Array, seed: number, pass: number): Int32Array {
  const random = seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(pass, 0x85ebca6b));
  const order = windows.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
  }
  return order;
}

/** Uniform numbers in [0, 1) that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Inputs and targets of some windows, both relative to the newest input, in units of `scale`. */
export interface Examples {
  readonly count: number;
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
}

export function examplesOf(
  values: Float64Array,
  windows: Int32Array,
  { lookback, ahead, scale }: { lookback: number; ahead: number; scale: number },
): Examples {
  const inputs = new Float32Array(windows.length * lookback);
  const targets = new Float32Array(windows.length * ahead);
  windows.forEach((start, n) => {
    const last = values[start + lookback - 1] ?? NaN;
    for (let i = 0; i < lookback; i++) inputs[n * lookback + i] = ((values[start + i] ?? NaN) - last) / scale;
    for (let k = 0; k < ahead; k++)
      targets[n * ahead + k] = ((values[start + lookback + k] ?? NaN) - last) / scale;
  });
  return { count: windows.length, inputs, targets };
}
