import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hold } from './hold.ts';
import { aLoopDisk } from './loop-disk.ts';
import type { LoopDisk } from './loop-disk.ts';
import { aNativeServer, placeForServer } from './native-server.ts';

export type EngineName = 'embedded' | 'native';

/** A site whose every file lies on a disk that can lose its power: the gateway's, and its database's. */
export interface CuttableSite {
  readonly disk: LoopDisk;
  readonly folder: string;
  readonly url: string;
  /** Starts what the gateway does not start itself: the server, where there is one. Settles with the milliseconds. */
  boot(): Promise<number>;
  /** Starts the server again where it has ended itself. */
  revive(): Promise<void>;
  /** Begins anew, with nothing. */
  startOver(): Promise<void>;
  /** Cuts the power of a gateway's process and of the database's. Settles with the milliseconds until the disk was at rest. */
  cut(pid: number): Promise<number>;
}

async function embeddedSite(megabytes: number): Promise<CuttableSite> {
  const disk = hold(await aLoopDisk({ megabytes }));
  return {
    disk,
    folder: disk.folder,
    url: 'embedded',
    boot: () => Promise.resolve(0),
    revive: () => Promise.resolve(),
    startOver: () => disk.format(),
    cut: (pid) => disk.cutPower([pid]),
  };
}

async function nativeSite(megabytes: number): Promise<CuttableSite> {
  const disk = hold(await aLoopDisk({ megabytes, at: placeForServer() }));
  const server = hold(await aNativeServer(disk.folder));
  const folder = join(disk.folder, 'site');
  let runs = false;
  const boot = async () => {
    if (runs) return 0;
    runs = true;
    return server.start();
  };
  return {
    disk,
    folder,
    url: server.url,
    boot,
    async revive() {
      if (!server.runs()) await server.start();
    },
    async startOver() {
      await boot();
      await server.emptyDatabase();
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
    },
    async cut(pid) {
      runs = false;
      return disk.cutPower([pid, server.pid()]);
    },
  };
}

/** Held until the test is over. */
export const aCuttableSite = (engine: EngineName, megabytes: number): Promise<CuttableSite> =>
  engine === 'embedded' ? embeddedSite(megabytes) : nativeSite(megabytes);
