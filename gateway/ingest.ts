import type { Emit } from '../collectors/collector.ts';
import type { Raw, Reading } from '../history/reading.ts';
import type { AlarmChange } from './alarms/change.ts';
import type { Judge } from './alarms/judge.ts';
import type { Freshness } from './cleaning/freshness.ts';

export interface Steps {
  readonly clean: (raw: readonly Raw[]) => readonly Reading[];
  readonly freshness: Freshness;
  readonly judge: Judge;
  /** Settles when readings and changes are safe. It waits; it does not fail. */
  readonly save: (readings: readonly Reading[], changes: readonly AlarmChange[]) => Promise<void>;
  readonly publish: (readings: readonly Reading[], changes: readonly AlarmChange[]) => void;
}

export interface Walk {
  /** The way in for one source. */
  emit(source: number): Emit;
  /** The way in for what a device recorded while it could not be heard: cleaned and stored, never judged nor shown. */
  backfill(source: number): Emit;
  /** The second way in, at least once a second: hold times run out and tags go stale though nothing arrives. */
  tick(now: number): Promise<void>;
  /** False if there is no such alarm to acknowledge. Settles when the act is safe. */
  acknowledge(id: string, by: string, comment: string | null): Promise<boolean>;
}

/** The walk of every reading. Late ones are cleaned and stored, but never judged nor published as newest. */
export function ingest({ clean, freshness, judge, save, publish }: Steps): Walk {
  return {
    emit: (source) => async (raw) => {
      if (raw.length === 0) {
        freshness.contact(source, Date.now());
        return;
      }
      const readings = clean(raw);
      const live = freshness.live(source, readings, Date.now());
      const changes = judge.judge(live, Date.now());
      await save(readings, changes);
      publish(live, changes);
    },

    backfill: () => async (raw) => {
      if (raw.length > 0) await save(clean(raw), []);
    },

    async tick(now) {
      const changes = judge.tick(now, (tag) => freshness.fresh(tag, now));
      const silences = freshness.silent(now);
      const revived = freshness.revived(now);
      if (changes.length + silences.length + revived.length === 0) return;
      // The screens must say that a tag is silent, even while nothing can be stored.
      publish([...revived, ...silences.map(({ shown }) => shown)], []);
      await save(
        silences.map(({ marker }) => marker),
        changes,
      );
      publish([], changes);
    },

    async acknowledge(id, by, comment) {
      const change = judge.acknowledge(id, { by, at: Date.now(), comment });
      if (change === null) return false;
      await save([], [change]);
      publish([], [change]);
      return true;
    },
  };
}
