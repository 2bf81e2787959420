import type { Point } from '../collector.ts';
import type { ModbusAddress } from './address.ts';
import { planSpots, split } from './plan.ts';
import type { Merging, Request } from './plan.ts';
import type { Spot } from './spot.ts';

/** A refused address is asked for again after this long: the device may have been set up anew. */
const ASK_AGAIN_MS = 60_000;
/** Requests that were split are put together again after this long: a device that boots refuses what it has. */
const MERGE_AGAIN_MS = 600_000;

interface Refused {
  readonly request: Request;
  readonly askAgainAt: number;
}

/** What is read with one period. Remembers what was refused, so that it holds up nobody. */
export class PollClass {
  readonly periodMs: number;
  readonly spots: readonly Spot[];
  readonly health: readonly Point<ModbusAddress>[];
  readonly planned: readonly Request[];
  readonly #merging: Merging;
  #active: Set<Request>;
  #refused: readonly Refused[] = [];
  #mergeAt = Infinity;

  constructor(
    periodMs: number,
    spots: readonly Spot[],
    health: readonly Point<ModbusAddress>[],
    merging: Merging,
  ) {
    this.periodMs = periodMs;
    this.spots = spots;
    this.health = health;
    this.#merging = merging;
    this.planned = planSpots(spots, merging);
    this.#active = new Set(this.planned);
  }

  /** The requests of a round, and those left out of it because the device refused them lately. */
  begin(at: number): { readonly todo: readonly Request[]; readonly left: readonly Request[] } {
    if (this.#mergeAt <= at) this.#mergeAgain();
    // Without a request that is answered nobody would notice that the device has gone.
    const due = this.#refused.filter(
      ({ askAgainAt }, i) => askAgainAt <= at || (this.#active.size === 0 && i === 0),
    );
    const left = this.#refused.filter((one) => !due.includes(one)).map(({ request }) => request);
    return { todo: [...this.#active, ...due.map(({ request }) => request)], left };
  }

  #mergeAgain(): void {
    const out = new Set(this.#refused.flatMap(({ request }) => request.spots));
    this.#active = new Set(
      planSpots(
        this.spots.filter((spot) => !out.has(spot)),
        this.#merging,
      ),
    );
    this.#mergeAt = Infinity;
  }

  answered(request: Request): void {
    if (this.#refused.length === 0 || !this.#refused.some((one) => one.request === request)) return;
    this.#drop(request);
    this.#active.add(request);
    this.#mergeAt = 0;
  }

  /** The parts to ask for instead; none where it is refused as a whole. */
  refuse(request: Request, at: number, whole: boolean): readonly Request[] {
    this.#drop(request);
    const parts = whole ? [] : split(request);
    for (const part of parts) this.#active.add(part);
    if (parts.length === 0) this.#refused = [...this.#refused, { request, askAgainAt: at + ASK_AGAIN_MS }];
    else this.#mergeAt = Math.min(this.#mergeAt, at + MERGE_AGAIN_MS);
    return parts;
  }

  /** The request gets no answer at all: each try costs a time-out, so its parts are tried one a round. */
  mute(request: Request, at: number): void {
    this.#drop(request);
    const parts = split(request).map((part, i) => ({ request: part, askAgainAt: at + i * this.periodMs }));
    const whole = { request, askAgainAt: at + ASK_AGAIN_MS };
    this.#refused = [...this.#refused, ...(parts.length === 0 ? [whole] : parts)];
  }

  #drop(request: Request): void {
    this.#active.delete(request);
    this.#refused = this.#refused.filter((one) => one.request !== request);
  }
}
