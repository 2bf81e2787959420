import { crashPoint } from '../../platform/crash/point.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { Acknowledgement, segmentPath } from '../wire.ts';
import type { TagEntry } from '../wire.ts';
import { CentreRefused } from './centre.ts';
import type { Centre } from './centre.ts';
import type { Lane } from './pace.ts';
import { remedyFor, sendDictionary } from './refusals.ts';
import type { Sizing } from './sizing.ts';
import { deleteAcknowledged, holdSegment } from './store/sending.ts';
import type { Waiting } from './store/sending.ts';

const HOLD_MS = 10 * 60_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

export interface SenderOptions {
  readonly db: Db;
  readonly log: Logger;
  readonly centre: Centre;
  readonly sizing: Sizing;
  /** The site's whole tag dictionary. */
  readonly tags: () => Promise<readonly TagEntry[]>;
  acknowledged(): void;
  /** The centre knows other segments by these numbers. */
  countAnew(stream: Waiting['stream']): void;
}

const named = ({ stream, epoch, seq, n }: Waiting) => ({ stream, epoch, seq, n });

/**
 * Sends a lane's segments, and does what the centre says of each. Settles with how long the lane is to rest; rejects
 * where the centre did not answer, or not for this segment's sake.
 */
export function senderOf(options: SenderOptions, lane: Lane) {
  const { db, log, centre, sizing, tags } = options;
  let rests = 0;

  const deliver = async (segment: Waiting, signal: AbortSignal): Promise<void> => {
    const began = performance.now();
    const answer = await centre.ask('POST', segmentPath(segment), signal, {
      ...{ body: segment.payload, type: 'application/octet-stream', lane },
    });
    sizing.learn(segment.payload.byteLength, performance.now() - began);
    const { state, reason } = Acknowledgement.parse(answer);
    if (state === 'quarantined')
      log.error({ ...named(segment), reason }, 'The centre cannot read a segment and keeps it aside.');
    crashPoint('outbox.acknowledged');
    await deleteAcknowledged(db, segment);
    rests = 0;
    options.acknowledged();
  };

  const restAfter = (err: CentreRefused): number => {
    sizing.shrink();
    const bound = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(rests++, 8));
    return err.retryAfterMs ?? bound * (0.1 + 0.9 * Math.random());
  };

  const act = async (segment: Waiting, err: unknown, signal: AbortSignal): Promise<number> => {
    const remedy = remedyFor(err);
    if (remedy === null || !(err instanceof CentreRefused)) throw err;
    switch (remedy) {
      case 'wait':
        return restAfter(err);
      case 'send dictionary':
        await sendDictionary(centre, segment, await tags(), signal);
        return 0;
      case 'count anew':
        log.warn({ ...named(segment), err }, 'The centre has other segments by these numbers.');
        options.countAnew(segment.stream);
        return 0;
      case 'hold':
        log.error({ ...named(segment), err }, 'The centre refuses a segment; it waits while others go on.');
        await holdSegment(db, segment, err.message, HOLD_MS);
        return 0;
    }
  };

  return async (segment: Waiting, signal: AbortSignal): Promise<number> => {
    try {
      await deliver(segment, signal);
      return 0;
    } catch (err) {
      return await act(segment, err, signal);
    }
  };
}
