import { writeSync } from 'node:fs';
import { crashAt } from './config.ts';

/** The places where the end of the process matters most. The fault tests kill it at each of them. */
export const crashPoints = [
  'migration.applied',
  'commit.before',
  'commit.after',
  'alarm.stored',
  'outbox.frozen',
  'outbox.acknowledged',
  'spool.created',
  'spool.before_sync',
  'spool.after_sync',
  'quarantine.added',
  'replay.stored',
  'spool.removed',
  'held.kept',
  'broker.logged',
  'command.sent',
  'command.written',
  'model.retired',
  'model.switched',
  'training.sent',
  'backup.written',
  'backup.renamed',
  'restore.begun',
  'restore.loaded',
  'restore.settled',
] as const;
export type CrashPoint = (typeof crashPoints)[number];

/** Reads `NAME` or `NAME:3`. Null without; a name that is none of the points is refused. */
export function readCrashAt(text: string | undefined): { name: CrashPoint; left: number } | null {
  if (text === undefined) return null;
  const [, word, times = '1'] = /^(.*?)(?::(\d+))?$/.exec(text) ?? [];
  const name = crashPoints.find((point) => point === word);
  if (name === undefined)
    throw new Error(`PENSTOCK_TEST_CRASH_AT is '${text}', which names no crash point. Unset it.`);
  return { name, left: Number(times) };
}

const armed = readCrashAt(crashAt);

/**
 * Ends this process as `kill -9` does, where the environment it was started with names this very point; only tests do
 * that. Else it does nothing, and costs nothing.
 */
export function crashPoint(name: CrashPoint): void {
  if (armed?.name !== name) return;
  armed.left--;
  if (armed.left > 0) return;
  writeSync(2, `Killed at the crash point ${name}.\n`);
  process.kill(process.pid, 'SIGKILL');
}
