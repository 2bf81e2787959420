import { onTestFinished } from 'vitest';

/** Holds a thing until the test is over. Things are let go of in the opposite order. */
export function hold<Held extends AsyncDisposable>(held: Held): Held {
  onTestFinished(() => held[Symbol.asyncDispose]());
  return held;
}
