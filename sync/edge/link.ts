import * as timers from 'node:timers/promises';
import type { Database } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { publicKeyOf } from '../seal.ts';
import type { Signer } from '../signature.ts';
import type { TagEntry } from '../wire.ts';
import { allowances } from './bandwidth.ts';
import type { Allowance, Bandwidth } from './bandwidth.ts';
import { CentreRefused, meetCentre } from './centre.ts';
import type { Centre } from './centre.ts';
import { call, keepCalling, leave } from './contact.ts';
import { runDownlink } from './downlink.ts';
import type { Apply } from './downlink.ts';
import { identify, NotEnrolled } from './enrol.ts';
import { centreUrl, openHttp } from './http.ts';
import type { Http } from './http.ts';
import { openPace } from './pace.ts';
import { claimOutbox, renewEpochs } from './store/epochs.ts';
import { runProof } from './proof.ts';
import { compareAgain } from './store/proof.ts';
import { rotateKey, signerWith } from './rotate.ts';
import { runUplink, untilAllEnd } from './uplink.ts';

export interface LinkOptions {
  readonly db: Database;
  /** The centre's address. */
  readonly url: string;
  /** Where the site's key and identity are kept. */
  readonly folder: string;
  /** The one-time token, until the site is enrolled. */
  readonly token?: string | undefined;
  /** PEM of an authority that the system does not know. */
  readonly ca?: string | undefined;
  readonly log: Logger;
  readonly apply: Apply;
  /** What the link may use, and the time zone of its windows. */
  readonly bandwidth?: Bandwidth | undefined;
  readonly timeZone?: () => string;
  /** After how many days the site takes another key. */
  readonly keyDays?: number;
  /** The site's whole tag dictionary; asked for when the centre lacks a tag. */
  tags(): Promise<readonly TagEntry[]>;
  /** Longest waits; for tests. */
  readonly waits?: Partial<Waits>;
}
interface Waits {
  readonly idleMs: number;
  readonly proofMs: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

interface LinkState {
  readonly state: 'not enrolled' | 'connected' | 'away';
  readonly url: string;
  /** Segments that the centre has not acknowledged. */
  readonly waiting: number;
  readonly lastAcknowledged: string | null;
  readonly lastError: string | null;
}

/** The link to the centre. It comes back by itself; disposing it ends it after what is under way. */
export interface Link extends AsyncDisposable {
  state(): LinkState;
}

/** Starts the link. The centre and the database may both be away; an address that is not safe is refused. */
export function openLink(options: LinkOptions): Link {
  const stop = new AbortController();
  const url = centreUrl(options.url);
  let state: LinkState = {
    state: 'away',
    url: url.href,
    waiting: 0,
    lastAcknowledged: null,
    lastError: null,
  };
  const note: Note = (change) => (state = { ...state, ...change });
  const running = keepLinked(options, url, note, stop.signal);
  return {
    state: () => state,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

type Note = (change: Partial<LinkState>) => void;

/** The one loop that retries: sessions until `signal` aborts, with longer waits after each failure in a row. */
async function keepLinked(options: LinkOptions, url: URL, note: Note, signal: AbortSignal): Promise<void> {
  const { log } = options;
  const waits: Waits = { idleMs: 250, proofMs: 300_000, firstMs: 1_000, longestMs: 60_000, ...options.waits };
  const allowance = allowances(options.bandwidth, options.timeZone ?? (() => 'UTC'));
  using http = openHttp(url, { ca: options.ca, pace: openPace(() => allowance(Date.now())) });
  let failures = 0;
  let anew = false;
  const connected = () => {
    if (failures > 0 || anew) log.info({ url: url.href }, 'Connected to the centre.');
    failures = 0;
    anew = false;
    note({ state: 'connected', lastError: null });
  };
  for (;;) {
    try {
      await session({ options, http, waits, allowance, anew, note, connected }, signal);
    } catch (err) {
      if (signal.aborted) return;
      failures += 1;
      anew = isUnknownHere(err);
      const wait = waitAfter(err, failures, waits);
      note({ state: isUnknownHere(err) ? 'not enrolled' : 'away', lastError: (err as Error).message });
      log.warn({ err, wait }, 'No link to the centre; will try again.');
      await timers.setTimeout(wait, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return;
  }
}

const isUnknownHere = (err: unknown): boolean =>
  err instanceof NotEnrolled || (err instanceof CentreRefused && [401, 403].includes(err.status));

/** Full jitter, so that a fleet does not return all at once. */
function waitAfter(err: unknown, failures: number, { firstMs, longestMs }: Waits): number {
  const bound = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 16));
  const asked = err instanceof CentreRefused ? (err.retryAfterMs ?? 0) : 0;
  return Math.max(asked, bound * (0.1 + 0.9 * Math.random()));
}

interface Session {
  readonly options: LinkOptions;
  readonly http: ReturnType<typeof openHttp>;
  readonly waits: Waits;
  readonly allowance: (at: number) => Allowance;
  readonly anew: boolean;
  readonly note: Note;
  readonly connected: () => void;
}

/** Identifies the site and runs both directions until one of them fails. */
async function session(
  { options, http, waits, allowance, anew, note, connected }: Session,
  signal: AbortSignal,
): Promise<void> {
  const { db, log, apply, folder, token } = options;
  if (!db.available) await db.ready(signal);
  const { enrolment, signer } = await identify(http, { folder, token, anew }, signal);
  await claimOutbox(db, enrolment.site);
  const centre = noticing(
    await currentCentre({ http, signer, folder, days: options.keyDays ?? KEY_DAYS }, signal),
    connected,
  );
  const centreKey = publicKeyOf(enrolment.centreKey);
  const progress = (waiting: number, acknowledgedAt: number | null) => {
    const at = acknowledgedAt === null ? {} : { lastAcknowledged: new Date(acknowledgedAt).toISOString() };
    note({ waiting, ...at });
  };
  const tags = () => options.tags();
  const numbers = async () => (await tags()).map(({ id }) => id);
  // A centre that has compared less than this site knows was restored: it is told under other numbers.
  if (await compareAgain(db, await call(centre, { db, log }, signal))) await renewEpochs(db, ['readings']);
  await untilAllEnd(signal, [
    (both) => runUplink(centre, { db, log, tags, progress, idleMs: waits.idleMs, allowance }, both),
    (both) => runDownlink(centre, { db, log, apply, centreKey, retryMs: waits.longestMs }, both),
    (both) => keepCalling(centre, db, both),
    (both) => runProof(centre, { db, log, tags: numbers, periodMs: waits.proofMs }, both),
  ]).catch(async (err: unknown) => {
    if (signal.aborted) await leave(centre, db).catch(() => undefined);
    throw err;
  });
}

/** A key that is older is changed. */
const KEY_DAYS = 180;

/** The centre, after the site's key was changed where it was due. */
async function currentCentre(
  { http, signer, folder, days }: { http: Http; signer: Signer; folder: string; days: number },
  signal: AbortSignal,
): Promise<Centre> {
  const centre = await meetCentre(http, signer, signal);
  const rotated = await rotateKey(centre, { folder, site: signer.keyId, days, now: Date.now() }, signal);
  return rotated ? meetCentre(http, await signerWith(folder, signer), signal) : centre;
}

/** Tells of each request that the centre has taken. */
const noticing = (centre: Centre, taken: () => void): Centre => ({
  roundTripMs: centre.roundTripMs,
  async ask(...question) {
    const answer = await centre.ask(...question);
    taken();
    return answer;
  },
});
