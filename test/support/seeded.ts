/** True for `npm run faults -- --long`: the counts of a night, not those of a CI run. */
export const long = process.env['PENSTOCK_TEST_LONG'] === '1';

/** What all that is random in the fault tests comes from; the same number makes the same choices. */
export const seed = Number(process.env['PENSTOCK_TEST_SEED'] ?? Date.now() % 2 ** 31);

/** Numbers from 0 to below 1 (mulberry32). */
export function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
