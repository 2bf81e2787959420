import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';
const PLACE = 'faketime/libfaketimeMT.so.1';

/** Debian's package `faketime`; undefined where it is not installed. */
export const fakeTimeLibrary: string | undefined = readdirSync(LIBRARIES)
  .map((folder) => join(LIBRARIES, folder, PLACE))
  .find((path) => existsSync(path));

/** A clock for a process of its own, which can be set while that runs. What passes is as steady as ever. */
export function aFakeClock(folder: string) {
  const file = join(folder, 'faketime');
  const set = (words: string) => writeFileSync(file, `${words}\n`);
  set('+0');
  return {
    /** What the process is to be started with. */
    env: {
      LD_PRELOAD: fakeTimeLibrary ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    /** Ahead of this machine's by so much; behind where it is negative. */
    ahead: (seconds: number) => set(seconds < 0 ? String(seconds) : `+${seconds}`),
    /** As after a power cut where there is no battery: `2000-01-01 00:03:00`, from the start of the process on. */
    beginAt: (time: string) => set(`@${time}`),
  };
}
