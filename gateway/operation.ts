import { randomUUID } from 'node:crypto';
import * as timers from 'node:timers/promises';
import { clockSteps } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Acknowledgement } from './acknowledge.ts';
import type { OpenAlarm, OpenLimitAlarm } from './alarms/open.ts';
import { createJudge } from './alarms/judge.ts';
import type { SourceView } from './api/plant.ts';
import { calculating } from './calculated/calculate.ts';
import { cleaning, marking } from './cleaning/clean.ts';
import { deviceAlarms } from './device-alarms.ts';
import { freshness } from './cleaning/freshness.ts';
import { thinning } from './cleaning/thin/thin.ts';
import type { Thinner } from './cleaning/thin/thin.ts';
import { ingest } from './ingest.ts';
import type { Steps, Walk } from './ingest.ts';
import { protocols } from './plant/protocols.ts';
import type { SourceProtocol } from './plant/protocols.ts';
import { reportsByException } from './plant/tag.ts';
import type { Tag } from './plant/tag.ts';
import { createSources, plainConfig } from './sources.ts';
import type { LiveSource, SourcesOptions } from './sources.ts';
import type { Ledger } from './store/ledger.ts';
import type { Plant } from './store/plant.ts';

/** A plant at work: its sources collect, its readings walk. Disposing it stops the sources, then what they sent is safe. */
export interface Operation extends AsyncDisposable {
  readonly plant: Plant;
  readonly walk: Walk;
  sources(): SourceView[];
  /** A source by its name: to browse, write, read history. Throws a `Problem` where there is none. */
  source(name: string): LiveSource;
  restart(source: string): Promise<void>;
  /** False if there is no such alarm to acknowledge. A device's own is acknowledged at the device, which may refuse. */
  acknowledge(id: string, act: Acknowledgement): Promise<boolean>;
  /** Whether an open alarm is known to be as it is shown: a device's own is not while its link is away. */
  isCertain(alarm: string): boolean;
  /** Goes on with another model. What it does not change is not disturbed: links, freshness, standing alarms. */
  replant(plant: Plant): Promise<void>;
}

export interface OperationOptions extends Pick<Steps, 'save' | 'hold' | 'publish'>, SourcesOptions {
  readonly plant: Plant;
  readonly openAlarms: readonly OpenAlarm[];
  /** Told when alarms have become more, or less, certain than they were. */
  readonly doubted?: () => void;
  readonly ledger: Pick<Ledger, 'collected'>;
}

const TICK_MS = 500;
const FLUSH_MS = 3_000;

/** Starts to collect. */
export async function operate(options: OperationOptions): Promise<Operation> {
  const { log } = options;
  const stop = new AbortController();
  const lines = laidOut(options, (source, readings) => sources.computed(source, readings));
  const { walk } = lines;
  const devices = deviceAlarms({
    ...options,
    open: options.openAlarms,
    source: (id) => sources.all.find(({ source }) => source.id === id),
  });
  const sources = createSources({ ...walk, conditions: devices.take }, hearing(options, devices.lost));
  devices.replant(options.plant);
  await sources.replant(options.plant);
  const ticking = tick(walk, log, stop.signal);

  return {
    get plant() {
      return lines.plant;
    },
    walk,
    sources: () => sources.all.map(({ view }) => view()),
    source: sources.source,
    async restart(name) {
      devices.lost(sources.source(name).source.id);
      await sources.restart(name);
    },
    acknowledge: async (id, act) =>
      (await devices.acknowledge(id, act)) ?? (await walk.acknowledge(id, act.by, act.comment)),
    isCertain: devices.isCertain,
    async replant(plant) {
      lines.replant(plant);
      devices.replant(plant);
      await sources.replant(plant);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await sources[Symbol.asyncDispose]();
      await ticking;
      // What cannot be stored now is in the journal, and stored by the next start.
      await Promise.race([walk.flush(), timers.setTimeout(FLUSH_MS, undefined, { ref: false })]);
    },
  };
}

/** The walk of a plant's readings, whose model may change. `computed` is told what calculated tags came to. */
function laidOut(options: OperationOptions, computed: Parameters<typeof calculating>[1]) {
  let planted = options.plant;
  const tags = new Map<Tag['id'], Tag>();
  const contactMs = new Map<Tag['id'], number>();
  const mark = marking(tags);
  const calculate = calculating(mark, computed);
  const sow = (plant: Plant) => {
    planted = plant;
    become(tags, new Map(plant.tags.map((tag) => [tag.id, tag])));
    become(contactMs, contactsOf(plant));
    calculate.replant(plant);
  };
  sow(options.plant);
  const judge = createJudge(options.plant.rules, options.openAlarms.filter(isOfLimit), randomUUID);
  const walk = ingest({
    clean: cleaning(tags, mark),
    freshness: freshness(tags, (tag) => contactMs.get(tag.id)),
    calculate,
    judge,
    thin: counted(thinning(tags), options.ledger),
    save: options.save,
    hold: options.hold,
    publish: options.publish,
    stepped: clockSteps(),
  });
  return {
    walk,
    get plant() {
      return planted;
    },
    replant(plant: Plant) {
      sow(plant);
      judge.replant(plant.rules);
    },
  };
}

const isOfLimit = (alarm: OpenAlarm): alarm is OpenLimitAlarm => 'rule' in alarm;

const hearing = (options: SourcesOptions, lost: (source: number) => void): SourcesOptions => ({
  ...options,
  observe(source, event) {
    if (event.type === 'lost') lost(source.id);
    options.observe(source, event);
  },
});

/** What comes to thinning is all that was collected: each reading takes this step. */
const counted = (thin: Thinner, ledger: Pick<Ledger, 'collected'>): Thinner => ({
  ...thin,
  take(readings, live, now) {
    ledger.collected(readings);
    return thin.take(readings, live, now);
  },
});

/** Gives a map that others hold the content of another. */
function become<Key, Value>(map: Map<Key, Value>, other: ReadonlyMap<Key, Value>): void {
  for (const key of map.keys()) if (!other.has(key)) map.delete(key);
  for (const [key, value] of other) map.set(key, value);
}

async function tick(walk: Walk, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await timers.setTimeout(TICK_MS, undefined, { signal }).catch(() => undefined);
    // Not awaited: while nothing can be stored, the clock goes on.
    void walk.tick(Date.now()).catch((err: unknown) => log.error({ err }, 'A tick of the walk failed.'));
  }
}

/** How often the links of those tags show a sign of life that live on it. */
const contactsOf = ({ tags, sources }: Plant): Map<Tag['id'], number> =>
  new Map(
    sources.flatMap((source) => {
      const quiet = tags.filter((tag) => tag.source === source.id && reportsByException(source, tag));
      if (quiet.length === 0) return [];
      const contactMs = protocols[source.protocol as SourceProtocol].contactMs(plainConfig(source));
      return quiet.map(({ id }) => [id, contactMs] as const);
    }),
  );
