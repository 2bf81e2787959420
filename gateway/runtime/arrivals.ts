import type { Raw } from '../../history/reading.ts';

/** What is known of a source's readings at their arrival. */
export interface ArrivalFigures {
  /** The 99th percentile of their age over the last minute, within a tenth of it; null without readings. */
  readonly stalenessP99Ms: number | null;
  /** Readings that are known to be lost, where their number is known. */
  readonly lost: number;
}

export interface Arrivals {
  /** The age of what a device recorded earlier and only tells now says nothing of the way here. */
  arrived(source: number, batch: readonly Raw[], now: number): void;
  lost(source: number, count: number): void;
  figures(source: number, now: number): ArrivalFigures;
}

const SLOT_MS = 10_000;
const SLOTS = 6;
/** Ages are counted in classes, so many for each doubling. */
const CLASSES = 8;
const LONGEST = CLASSES * 40;

interface Slot {
  readonly number: number;
  readonly counts: Uint32Array;
}

const classOf = (ageMs: number): number =>
  ageMs <= 1 ? 0 : Math.min(LONGEST - 1, Math.round(CLASSES * Math.log2(ageMs)));

/** Looks at the age of readings by this machine's clock. */
export function createArrivals(): Arrivals {
  const sources = new Map<number, Slot[]>();
  const losses = new Map<number, number>();

  const slotsOf = (source: number, now: number): Slot[] => {
    const number = Math.floor(now / SLOT_MS);
    const slots = (sources.get(source) ?? []).filter(
      (slot) => slot.number <= number && number - slot.number < SLOTS,
    );
    sources.set(source, slots);
    return slots;
  };
  const slotOf = (source: number, now: number): Slot => {
    const number = Math.floor(now / SLOT_MS);
    const newest = sources.get(source)?.at(-1);
    if (newest?.number === number) return newest;
    const slot = { number, counts: new Uint32Array(LONGEST) };
    slotsOf(source, now).push(slot);
    return slot;
  };
  return {
    arrived(source, batch, now) {
      if (batch.length === 0) return;
      const { counts } = slotOf(source, now);
      for (const { at, late } of batch) {
        if (late === true) continue;
        const place = classOf(now - at);
        counts[place] = (counts[place] ?? 0) + 1;
      }
    },
    lost: (source, count) => void losses.set(source, (losses.get(source) ?? 0) + count),
    figures: (source, now) => ({
      stalenessP99Ms: percentile(slotsOf(source, now), 0.99),
      lost: losses.get(source) ?? 0,
    }),
  };
}

function percentile(slots: readonly Slot[], share: number): number | null {
  const counts = Array.from({ length: LONGEST }, (_, i) =>
    slots.reduce((sum, slot) => sum + (slot.counts[i] ?? 0), 0),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let passed = 0;
  const place = counts.findIndex((count) => (passed += count) >= share * total);
  return place === 0 ? 0 : Math.round(2 ** (place / CLASSES));
}
