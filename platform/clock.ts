/** A clock without a battery begins long before this when its power comes back, and waits to be set. */
const BUILT = Date.UTC(2026, 0, 1);

/** False while the clock of this machine was not set since its power came back. */
export const isClockSet = (now: number): boolean => now >= BUILT;

/** What the clock of a machine is set by at least, rather than drawn to the right time. */
const LEAST_STEP_MS = 1_000;

/**
 * Tells by how many milliseconds the clock was set since the last call, and 0 where it just went on: durations are not
 * differences of wall times. Each who remembers wall times asks for himself, before he looks at the clock.
 */
export function clockSteps(
  wall: () => number = Date.now,
  steady: () => number = () => performance.now(),
): () => number {
  const offset = () => wall() - steady();
  let before = offset();
  return () => {
    const now = offset();
    const by = now - before;
    before = now;
    return Math.abs(by) < LEAST_STEP_MS ? 0 : by;
  };
}
