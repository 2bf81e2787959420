import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isClockSet } from '../clock.ts';
import { fault, ok, warning } from './finding.ts';
import type { Finding } from './finding.ts';

const run = promisify(execFile);
const WAIT_MS = 3_000;

/** What tells whether the clock is set by others: true, false, or null where it is not there to tell. */
type Witness = () => Promise<boolean | null>;

const timedatectl: Witness = async () => {
  const { stdout } = await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    timeout: WAIT_MS,
  });
  return stdout.trim() === 'yes';
};
const chrony: Witness = async () => {
  const { stdout } = await run('chronyc', ['-n', 'tracking'], { timeout: WAIT_MS });
  return /^Leap status\s*:\s*(Normal|Insert|Delete)/m.test(stdout);
};
const timesyncd: Witness = async () => {
  await access('/run/systemd/timesync/synchronized');
  return true;
};

/** The first that knows. A program that is missing or cannot ask knows nothing. */
export async function isSynchronised(witnesses: readonly Witness[] = [timedatectl, chrony, timesyncd]) {
  let known: boolean | null = null;
  for (const witness of witnesses) {
    const said = await witness().catch(() => null);
    if (said === true) return true;
    known ??= said;
  }
  return known;
}

const REMEDY =
  'Install chrony or switch systemd-timesyncd on (timedatectl set-ntp true), with a time server of the plant.';

/** Readings carry times: a clock that is wrong puts them where nobody looks. */
export function judgeClock(now: number, synchronised: boolean | null): Finding {
  const check = 'clock';
  const time = new Date(now).toISOString();
  if (!isClockSet(now)) return fault(check, `The clock says ${time}, which is past.`, REMEDY);
  if (synchronised === true) return ok(check, `The clock is synchronised, and says ${time}.`);
  if (synchronised === false)
    return warning(check, `The clock is not synchronised; it says ${time}.`, REMEDY);
  return warning(
    check,
    `Nothing here tells whether the clock is synchronised; it says ${time}. In a container the host keeps it.`,
    REMEDY,
  );
}
