import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { BATCH_READINGS, FILL_READINGS } from './power-cut-facts.ts';
import type { Facts } from './power-cut-facts.ts';

const entry = fileURLToPath(new URL('./power-cut-entry.ts', import.meta.url));

export const moments = [
  ...(['writing', 'compression', 'retention', 'migration', 'checkpoint', 'roll-up'] as const),
  ...(['model', 'restore'] as const),
] as const;

/** What a process is to do until its power is cut. */
export interface Order {
  readonly url: string;
  readonly folder: string;
  /** Numbers of different rounds never meet. */
  readonly round: number;
  readonly moment: (typeof moments)[number] | 'first start';
  /** Calls the database away and back all the time, so that the spool is written too. */
  readonly flips: boolean;
  /** The times of what is written, in milliseconds since the epoch: of the batches, and of day 0. */
  readonly baseAt: number;
  readonly firstDay: number;
}

/** What it says. Whatever it wrote was safe by then; what it begins may or may not be done. */
export type Told =
  | { readonly found: Facts }
  | { readonly batch: number }
  | { readonly audit: number }
  | { readonly filled: readonly [day: number, tag: number] }
  | { readonly dropping: number }
  | { readonly active: number }
  | { readonly begun: Order['moment'] };

/** All that was acknowledged since the disk was empty. */
export interface Acknowledged {
  readonly batches: Set<number>;
  readonly audits: Set<number>;
  readonly filled: Set<string>;
  /** Up to this day all may be gone. */
  dropped: number;
  /** The version of the model that was made the active one last. */
  active: number;
}

export const nothingYet = (): Acknowledged => ({
  ...{ batches: new Set<number>(), audits: new Set<number>(), filled: new Set<string>() },
  dropped: -1,
  active: 0,
});

type Faults = Readonly<Record<string, unknown>>;

/** A process that works on an order; what it says is added to `acknowledged`. */
export function work(order: Order, acknowledged: Acknowledged) {
  const child = spawn(process.execPath, ['--import', 'tsx/esm', entry, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [faults, begun, errors] = [null as Faults | null, false, ''];
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const lines = createInterface(child.stdout).on('line', (line) => {
    const told = JSON.parse(line) as Told;
    if ('found' in told) faults = faultsOf(told.found, acknowledged);
    else if ('begun' in told) begun = true;
    else note(told, acknowledged);
  });
  const closed = new Promise<void>((resolve) => lines.once('close', resolve));
  const failIfEnded = () => {
    if (child.exitCode !== null) throw new Error(`It ended by itself:\n${errors}`);
  };
  return {
    pid: child.pid ?? 0,
    /** What was wrong with what it found, compared with all that was acknowledged until then. */
    async faults(timeoutMs: number): Promise<Faults> {
      const deadline = { timeout: timeoutMs, interval: 10 };
      await expect.poll(() => (failIfEnded(), faults), deadline).not.toBeNull();
      return faults ?? {};
    },
    /** Settles when the work that is to be cut has begun, and something was acknowledged. */
    async begun(): Promise<void> {
      const before = acknowledged.batches.size;
      const ready = () => (failIfEnded(), begun && acknowledged.batches.size > before);
      await expect.poll(ready, { timeout: 60_000, interval: 2 }).toBe(true);
    },
    /** Settles when all that it said before its end was heard. */
    closed,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

function note(told: Exclude<Told, { found: Facts } | { begun: unknown }>, acknowledged: Acknowledged): void {
  if ('batch' in told) acknowledged.batches.add(told.batch);
  else if ('audit' in told) acknowledged.audits.add(told.audit);
  else if ('filled' in told) acknowledged.filled.add(told.filled.join());
  else if ('active' in told) acknowledged.active = Math.max(acknowledged.active, told.active);
  else acknowledged.dropped = Math.max(acknowledged.dropped, told.dropping);
}

const ascending = (numbers: readonly number[]) =>
  numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? n));

/** What must be empty: what is missing, there in part, out of order, twice, or damaged. */
function faultsOf(found: Facts, acknowledged: Acknowledged): Faults {
  const batches = new Map(found.batches);
  const [alarms, audits] = [new Set(found.alarms), new Set(found.audits)];
  const days = new Map(found.days.map(([day, tag, n]) => [`${day},${tag}`, n]));
  const dayOf = (key: string) => Number(key.split(',')[0]);
  const wanted = [...acknowledged.filled].filter((key) => dayOf(key) > acknowledged.dropped);
  const lists = {
    missingBatches: [...acknowledged.batches].filter((batch) => batches.get(batch) !== BATCH_READINGS),
    missingAlarms: [...acknowledged.batches].filter((batch) => !alarms.has(batch)),
    missingAudits: [...acknowledged.audits].filter((audit) => !audits.has(audit)),
    missingDays: wanted.filter((key) => days.get(key) !== FILL_READINGS),
    torn: [
      ...found.batches.filter(([, n]) => n !== BATCH_READINGS),
      ...found.days.filter(([, , n]) => n !== FILL_READINGS),
      ...found.migrated.filter((name) => !found.moved.includes(name)),
      ...found.moved.filter((name) => !found.migrated.includes(name)),
    ],
    lostModels: found.active >= acknowledged.active ? [] : [found.active],
    outOfOrder: ascending(found.alarms) && ascending(found.audits) ? [] : ['alarms or audit records'],
    damage: found.faults,
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}
