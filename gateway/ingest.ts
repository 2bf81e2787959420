import type { Emit } from '../collectors/collector.ts';
import type { Raw, Reading } from '../history/reading.ts';
import { isClockSet } from '../platform/clock.ts';
import type { AlarmChange } from './alarms/change.ts';
import type { Judge } from './alarms/judge.ts';
import type { Calculator } from './calculated/calculate.ts';
import { LATE_MS } from './cleaning/freshness.ts';
import type { Freshness } from './cleaning/freshness.ts';
import { unsetClock } from './cleaning/unset-clock.ts';
import type { ThinFigures } from './cleaning/thin/thin.ts';
import { keeping } from './keep.ts';
import type { KeepSteps } from './keep.ts';

export interface Steps extends KeepSteps {
  readonly clean: (raw: readonly Raw[]) => readonly Reading[];
  readonly freshness: Freshness;
  readonly calculate: Calculator;
  readonly judge: Judge;
  readonly publish: (readings: readonly Reading[], changes: readonly AlarmChange[]) => void;
  /** By how much this machine's clock was set since the last call. */
  readonly stepped: () => number;
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
  /** Stores what thinning still holds, at the end. */
  flush(): Promise<void>;
  /** What was not stored of a source's readings, for the ledger. */
  thinned(source: number): ThinFigures;
}

/** The walk of every reading. Late ones are cleaned and stored, but never judged nor published as newest. */
export function ingest(steps: Steps): Walk {
  const { freshness, calculate, judge, thin, save, publish } = steps;
  const keep = keeping(steps);
  const alive = aliveIn(steps);
  const show = showing(steps, keep);
  const store = storing(steps, keep);

  return {
    emit: (source) => async (all) => {
      const past = all.filter(isPast);
      const raw = past.length === 0 ? all : all.filter((each) => !isPast(each));
      await Promise.all([show(source, raw), store(past)]);
    },

    backfill: () => store,

    async tick(now) {
      goAlong(steps);
      for (const source of calculate.sources) freshness.contact(source, now);
      const silences = freshness.silent(now);
      const shown = [...freshness.revived(now), ...silences.map((silence) => silence.shown)];
      const computed = alive(calculate.tick(shown, now), now);
      const held = judge.tick(now, (tag) => freshness.fresh(tag, now));
      const changes = [...held, ...judge.judge(computed, now)];
      // The screens must say that a tag is silent, even while nothing can be stored.
      if (shown.length > 0) publish(shown, []);
      const due = thin.due(now);
      const news = [...silences.map(({ marker }) => marker), ...computed];
      if (changes.length + news.length + due.length === 0) return;
      const thinned = thin.take(news, news, now);
      await keep({ ...thinned, store: [...due, ...thinned.store] }, changes);
      publish(computed, changes);
    },

    async acknowledge(id, by, comment) {
      const change = judge.acknowledge(id, { by, at: Date.now(), comment });
      if (change === null) return false;
      await save([], [change]);
      publish([], [change]);
      return true;
    },

    flush: () => save(thin.flush(), []),
    thinned: (source) => thin.figures(source),
  };
}

/** What was dated just before the clock was set may arrive just after. */
function doubting() {
  let until = -Infinity;
  return (readings: readonly Reading[], now: number): readonly Reading[] => {
    if (!isClockSet(now)) until = performance.now() + LATE_MS;
    return performance.now() < until ? unsetClock(readings) : readings;
  };
}

/** A clock that is set makes no tag stale, keeps no dead one alive, and ends no hold time. */
function goAlong({ stepped, freshness, calculate, judge }: Steps): void {
  const byMs = stepped();
  if (byMs === 0) return;
  for (const each of [freshness, calculate, judge]) each.shift(byMs);
}

/** Whether the device itself says that a reading is of the past. */
const isPast = ({ late }: Raw): boolean => late === true;

/** Those of computed readings that are new. */
const aliveIn =
  ({ freshness, calculate }: Steps) =>
  (computed: readonly Reading[], now: number) =>
    computed.flatMap((reading) => freshness.live(calculate.sourceOf(reading.tag), [reading], now));

type Keep = ReturnType<typeof keeping>;

/** Judges a batch at once, before anything is waited for, so that none overtakes another; shows it when it is safe. */
function showing(steps: Steps, keep: Keep) {
  const { clean, freshness, calculate, judge, thin, publish } = steps;
  const alive = aliveIn(steps);
  const doubt = doubting();
  return async (source: number, raw: readonly Raw[]): Promise<void> => {
    goAlong(steps);
    const now = Date.now();
    if (raw.length === 0) {
      freshness.contact(source, now);
      return;
    }
    const read = doubt(clean(raw), now);
    const heard = freshness.live(source, read, now);
    const computed = alive(calculate.take(heard, now), now);
    const live = [...heard, ...computed];
    const changes = judge.judge(live, now);
    await keep(thin.take([...read, ...computed], live, now), changes);
    publish(live, changes);
  };
}

/** Stores what is of the past: it is cleaned, and neither judged nor shown. */
const storing =
  ({ clean, thin }: Steps, keep: Keep) =>
  async (raw: readonly Raw[]): Promise<void> => {
    if (raw.length > 0) await keep(thin.take(clean(raw), [], Date.now()), []);
  };
