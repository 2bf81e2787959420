import { randomUUID } from 'node:crypto';
import type { ConditionNews } from '../collectors/collector.ts';
import type { Logger } from '../platform/log.ts';
import { acknowledging } from './acknowledge.ts';
import type { Acknowledgement } from './acknowledge.ts';
import type { AlarmChange } from './alarms/change.ts';
import { createConditions } from './alarms/conditions.ts';
import type { Watched } from './alarms/conditions.ts';
import type { OpenAlarm, OpenDeviceAlarm } from './alarms/open.ts';
import { protocols } from './plant/protocols.ts';
import type { SourceProtocol } from './plant/protocols.ts';
import type { Abilities } from './runtime/ask.ts';
import { plainConfig } from './sources.ts';
import type { Plant } from './store/plant.ts';

/** Alarms that devices watch themselves: from their word to the store and the screens, and an operator's word back. */
export interface DeviceAlarms {
  /** The way in for one source. Settles when it is safe. */
  readonly take: (source: number, news: ConditionNews) => Promise<void>;
  /** The link to a source is lost. */
  readonly lost: (source: number) => void;
  /** Whether an open alarm of a device is known to be as it is shown. */
  readonly isCertain: (id: string) => boolean;
  /**
   * Has the device acknowledge one of its alarms. Undefined: it is none of a device's; false: it does not wait for that.
   * Throws a `Problem`, or `Unable`, that says what to do; also where nobody knows whether the device has taken it.
   */
  readonly acknowledge: (id: string, act: Acknowledgement) => Promise<boolean | undefined>;
  /** Goes on with another model. Alarms of sources that tell of none any more end. */
  readonly replant: (plant: Plant) => void;
}

export interface DeviceAlarmSteps {
  readonly open: readonly OpenAlarm[];
  readonly save: (readings: readonly [], changes: readonly AlarmChange[]) => Promise<void>;
  readonly publish: (readings: readonly [], changes: readonly AlarmChange[]) => void;
  /** Told when alarms have become more, or less, certain than they were. */
  readonly doubted?: (() => void) | undefined;
  readonly source: (id: number) => Pick<Abilities, 'acknowledge'> | undefined;
  readonly log: Logger;
}

export function deviceAlarms(steps: DeviceAlarmSteps): DeviceAlarms {
  const { save, publish, doubted, log } = steps;
  const open = steps.open.filter((alarm): alarm is OpenDeviceAlarm => 'device' in alarm);
  const conditions = createConditions(open, randomUUID);
  const acknowledgements = acknowledging(conditions, steps);
  let watched = new Map<number, Watched>();

  const keep = async (changes: readonly AlarmChange[]): Promise<void> => {
    if (changes.length === 0) return;
    await save([], changes);
    publish([], changes);
    for (const change of changes) if ('isOurs' in change && change.isOurs) acknowledgements.told(change.id);
  };
  return {
    async take(source, news) {
      const from = watched.get(source);
      if (from === undefined) return;
      const changes = conditions.take(from, news, Date.now());
      if (news.all) acknowledgements.settle(source);
      await keep(changes);
      if (news.all) doubted?.();
    },
    lost(source) {
      if (conditions.lost(source)) doubted?.();
    },
    isCertain: (id) => conditions.isCertain(id),
    acknowledge: (id, act) => acknowledgements.acknowledge(id, act),
    replant(plant) {
      watched = watchedIn(plant);
      for (const { id, enabled } of plant.sources) if (!enabled) conditions.lost(id);
      const gone = conditions.keep((source) => watched.has(source), Date.now());
      keep(gone).catch((err: unknown) => log.error({ err }, 'The end of alarms could not be stored.'));
    },
  };
}

/** The sources whose devices' own alarms are taken over. */
function watchedIn({ sources, tags }: Plant): Map<number, Watched> {
  const areas = new Map(tags.map(({ id, area }) => [id, area]));
  const areaOf: Watched['areaOf'] = (tag) => (tag === null ? undefined : areas.get(tag));
  return new Map(
    sources.flatMap((source) => {
      const alarms = protocols[source.protocol as SourceProtocol].alarms?.(plainConfig(source));
      if (alarms === undefined) return [];
      const { id, name } = source;
      return [[id, { source: id, sourceName: name, area: alarms.area ?? '', areaOf }] as const];
    }),
  );
}
