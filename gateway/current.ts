import { inTurn } from '../platform/in-turn.ts';
import type { Db } from '../platform/database/db.ts';
import type { Logger } from '../platform/log.ts';
import { Problem } from '../platform/web/problem.ts';
import type { AlarmChange } from './alarms/change.ts';
import { openAfter } from './alarms/open.ts';
import type { OpenAlarm } from './alarms/open.ts';
import { operate } from './operation.ts';
import type { Operation, OperationOptions } from './operation.ts';
import { writeLastKnown } from './plant/last-known.ts';
import type { LastKnown } from './plant/last-known.ts';
import { selectPlant } from './store/plant.ts';
import type { Plant } from './store/plant.ts';

/** The plant that is at work now. */
export interface Current extends AsyncDisposable {
  /** Throws a `Problem` while no plant is known yet. */
  readonly operation: () => Operation;
  readonly started: boolean;
  /** Stops what ran before, then starts this. */
  replace(known: LastKnown): Promise<void>;
  /**
   * Goes on with the model that `work` makes of the one before. One change at a time: none starts from a model that
   * another is about to replace. Only what it changes starts anew; open alarms stay, but those whose rule is gone.
   */
  change(db: Db, work: (tx: Db, before: Plant) => Promise<Plant>): Promise<void>;
}

export type CurrentOptions = Omit<OperationOptions, 'plant' | 'openAlarms'>;

export function createCurrent(options: CurrentOptions): Current {
  let operation: Operation | undefined;
  let alarms = new Map<string, OpenAlarm>();
  const keep = keeper(options.dataFolder, options.log);

  const follow = (changes: readonly AlarmChange[]) => {
    if (changes.length === 0 || operation === undefined) return;
    for (const change of changes) {
      if (change.state === 'normal') alarms.delete(change.id);
      else alarms.set(change.id, openAfter(change));
    }
    keep({ plant: operation.plant, openAlarms: [...alarms.values()] });
  };

  const turn = inTurn();
  const replace = async (known: LastKnown): Promise<void> => {
    await operation?.[Symbol.asyncDispose]();
    alarms = new Map(known.openAlarms.map((alarm) => [alarm.id, alarm]));
    operation = await operate({
      ...options,
      ...known,
      publish(readings, changes) {
        options.publish(readings, changes);
        follow(changes);
      },
    });
    keep(known);
  };

  const replant = async (running: Operation, plant: Plant): Promise<void> => {
    await running.replant(plant);
    alarms = withRule(alarms, plant);
    keep({ plant, openAlarms: [...alarms.values()] });
  };

  return {
    get started() {
      return operation !== undefined;
    },
    operation: () => operation ?? notYet(),
    replace: (known) => turn(() => replace(known)),
    change: (db, work) =>
      turn(async () => {
        const running = operation ?? notYet();
        const after = async (tx: Db) => work(tx, (await selectPlant(tx)) ?? running.plant);
        await replant(running, await db.transaction(after));
      }),
    async [Symbol.asyncDispose]() {
      await operation?.[Symbol.asyncDispose]();
      await keep.done();
    },
  };
}

function notYet(): never {
  const detail = 'No plant is known yet: the gateway waits for its database. /health says more.';
  throw new Problem({ status: 503, detail, headers: { 'retry-after': '5' } });
}

function withRule(alarms: ReadonlyMap<string, OpenAlarm>, { rules }: Plant): Map<string, OpenAlarm> {
  const ids = new Set(rules.map(({ id }) => id));
  return new Map([...alarms].filter(([, alarm]) => !('rule' in alarm) || ids.has(alarm.rule)));
}

/** Writes the newest state, one write at a time; what came in between is overtaken. */
function keeper(folder: string, log: Logger) {
  let next: LastKnown | undefined;
  let written: Plant | undefined;
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (next !== undefined) {
      const known = next;
      next = undefined;
      try {
        await writeLastKnown(folder, known, written);
        written = known.plant;
      } catch (err) {
        log.warn({ err }, 'Could not keep a copy of the plant for a start without database.');
      }
    }
    writing = undefined;
  };
  const keep = (known: LastKnown) => {
    next = known;
    writing ??= write();
  };
  return Object.assign(keep, { done: () => writing ?? Promise.resolve() });
}
