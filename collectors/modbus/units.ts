import type { Request } from './plan.ts';

/** What is known of one unit on the line. */
interface Unit {
  /** `tried`: it did not answer before the line was lost, and has one try instead of two. */
  state: 'answers' | 'tried' | 'away';
  roundTripMs: number | null;
  probeAt: number;
  probes: number;
  /** A read that was answered: whether it still is tells a dead unit from a dead request. */
  known: Request | undefined;
}

const FIRST_PROBE_MS = 1000;
const LONGEST_PROBE_MS = 60_000;
/** So many probes make do with the time that is left in a cycle; then one has all the time of the unit. */
const SHORT_PROBES = 3;

/** Which units answer. It outlives the connection: who was away before a reconnect is not waited for after it. */
export class Units {
  readonly #units = new Map<number, Unit>();

  constructor(numbers: Iterable<number>) {
    for (const number of numbers) {
      this.#units.set(number, {
        state: 'answers',
        roundTripMs: null,
        probeAt: 0,
        probes: 0,
        known: undefined,
      });
    }
  }

  #any(state: Unit['state']): boolean {
    return [...this.#units.values()].some((unit) => unit.state === state);
  }

  /** At the start of a connection. Where nobody answered, the line may have been at fault: all get another try. */
  reconnected(): void {
    const nobody = !this.#any('answers');
    for (const unit of this.#units.values()) {
      unit.known = undefined;
      if (nobody && unit.state === 'away') unit.state = 'tried';
    }
  }

  answered(number: number, tookMs: number): void {
    const unit = this.#units.get(number);
    if (unit === undefined) return;
    unit.roundTripMs = tookMs;
    unit.state = 'answers';
    unit.probes = 0;
  }

  lost(number: number, now: number): void {
    const unit = this.#units.get(number);
    if (unit === undefined) return;
    unit.state = 'away';
    unit.roundTripMs = null;
    unit.probeAt = now + Math.min(FIRST_PROBE_MS * 2 ** unit.probes, LONGEST_PROBE_MS);
    unit.probes++;
  }

  isAway(number: number): boolean {
    return this.#units.get(number)?.state === 'away';
  }

  /** Whether there is anybody to be asked in a cycle. */
  anybody(): boolean {
    return this.#any('answers') || this.#any('tried');
  }

  /** How often a silent unit is asked before it counts as away. */
  tries(number: number): number {
    return this.#units.get(number)?.state === 'tried' ? 1 : 2;
  }

  remember(number: number, known: Request): void {
    const unit = this.#units.get(number);
    if (unit !== undefined) unit.known ??= known;
  }

  known(number: number): Request | undefined {
    return this.#units.get(number)?.known;
  }

  /** The unit to be probed, if it is time for one, and whether it gets all its time. */
  due(now: number): { readonly unit: number; readonly whole: boolean; readonly nth: number } | undefined {
    for (const [number, { state, probeAt, probes }] of this.#units) {
      if (state === 'away' && probeAt <= now) {
        return { unit: number, whole: probes % (SHORT_PROBES + 1) === 0, nth: probes };
      }
    }
    return undefined;
  }

  nextProbeAt(): number {
    let next = Infinity;
    for (const { state, probeAt } of this.#units.values()) {
      if (state === 'away') next = Math.min(next, probeAt);
    }
    return next;
  }

  /** For a tag: 1 or 0, or null before it was asked. */
  health(number: number): number | null {
    const unit = this.#units.get(number);
    if (unit === undefined) return null;
    return unit.state === 'answers' ? (unit.roundTripMs === null ? null : 1) : 0;
  }

  roundTripMs(number: number): number | null {
    return this.#units.get(number)?.roundTripMs ?? null;
  }
}
