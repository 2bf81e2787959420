import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import type { Database } from '../../platform/database/db.ts';
import { createLog } from '../../platform/log.ts';
import { invite } from '../../sync/central/fleet.ts';
import type { Instruction } from '../../sync/edge/downlink.ts';
import { openLink } from '../../sync/edge/link.ts';
import type { Link, LinkOptions } from '../../sync/edge/link.ts';
import { enqueueReadings } from '../../sync/edge/store/outbox.ts';
import { countWaiting } from '../../sync/edge/store/sending.ts';
import { aCentre } from './centre.ts';
import type { Centre } from './centre.ts';
import { aFolder } from './folder.ts';
import { aCentralDatabase, anEdgeDatabase, aTag, countReadings, readingsOf, START } from './sync.ts';

/** The key of every centre in these tests. */
export const { privateKey: centreKey } = generateKeyPairSync('ed25519');
export const soon = { timeout: 20_000, interval: 20 };

/** A site and a centre, each with a database of its own, and a real port between them. */
export interface Line extends AsyncDisposable {
  readonly edge: Database;
  readonly central: Database;
  readonly centre: Centre;
  /** The site's data folder. */
  readonly folder: string;
  /** What the site was told to do. */
  readonly applied: Instruction[];
  /** Empties both sides: a new folder, a new centre process. Ends all links first. */
  renew(): Promise<void>;
  /** Ends the centre's process and starts it again where it was, when `meanwhile` has settled. */
  restartCentre(meanwhile: () => Promise<void>): Promise<void>;
  /** The gateway ends: nothing is sent or applied any more. */
  endLinks(): Promise<void>;
  linkTo(url: string, changes?: Partial<LinkOptions>): Link;
}

export async function aLine(): Promise<Line> {
  const [edge, central] = [await anEdgeDatabase(), await aCentralDatabase()];
  let folder = await aFolder();
  let centre = await aCentre(central, { key: centreKey });
  let links: Link[] = [];
  const applied: Instruction[] = [];
  const endLinks = async () => {
    await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
    links = [];
  };
  return {
    edge,
    central,
    applied,
    endLinks,
    get centre() {
      return centre;
    },
    get folder() {
      return folder.path;
    },
    async renew() {
      await endLinks();
      await folder[Symbol.asyncDispose]();
      folder = await aFolder();
      applied.length = 0;
      await edge.query(`delete from sync_outbox`);
      await edge.query(`update sync_inbox set epoch = null, position = 0, site = null`);
      await central.query(`delete from readings`);
    },
    async restartCentre(meanwhile) {
      const { port } = centre;
      await centre[Symbol.asyncDispose]();
      await meanwhile();
      centre = await aCentre(central, { key: centreKey, port });
    },
    linkTo(url, changes = {}) {
      const link = openLink({
        db: edge,
        url,
        folder: folder.path,
        log: createLog('test', 'silent'),
        apply: (instruction) => Promise.resolve(void applied.push(instruction)),
        tags: () => Promise.resolve([aTag(1)]),
        waits: { idleMs: 10, firstMs: 10, longestMs: 50 },
        ...changes,
      });
      links.push(link);
      return link;
    },
    async [Symbol.asyncDispose]() {
      await endLinks();
      await centre[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
      await edge[Symbol.asyncDispose]();
      await central[Symbol.asyncDispose]();
    },
  };
}

/** A site that was invited, with its token. */
export async function invited(central: Database) {
  const invitation = await invite(central, `site ${randomUUID()}`);
  if (invitation === null) throw new Error('There is such a site already.');
  return invitation;
}

/** Stores batches of ten readings at the site, each in a transaction of its own, all at once. */
export const collect = (edge: Database, batches: number, from = START) =>
  Promise.all(
    Array.from({ length: batches }, (_, i) =>
      edge.transaction((tx) => enqueueReadings(tx, readingsOf(1, 10, from + i * 10_000))),
    ),
  );

/** Settles once the centre has so many readings and nothing waits at the site. */
export const arrived = ({ edge, central }: Line, n: number) =>
  vi.waitFor(
    async () => expect([await countReadings(central), await countWaiting(edge)]).toEqual([n, 0]),
    soon,
  );
