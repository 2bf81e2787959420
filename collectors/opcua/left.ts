import { createHash } from 'node:crypto';
import type { Left } from './collect.ts';
import type { OpcuaPlan } from './readers.ts';

/**
 * What lost links have left at servers, by source. It outlives the driver: the gateway opens one for each run. Without
 * it each flap of a line would cost the server one more session until that times out.
 */
const leftovers = new Map<string, { readonly left: Left; readonly expiry: NodeJS.Timeout }>();

/** A longer timer fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Only the same plan finds it again: with another one the subscriptions would watch the wrong nodes. */
export const keyOf = ({ config, points, dataFolder }: OpcuaPlan): string =>
  createHash('sha256')
    .update(JSON.stringify([dataFolder, config, points]))
    .digest('hex');

/** Until the server drops the session. */
export function keep(key: string, left: Left): void {
  forget(key);
  const keptMs = Math.min(left.session.timeout, LONGEST_MS);
  const expiry = setTimeout(() => leftovers.delete(key), keptMs).unref();
  leftovers.set(key, { left, expiry });
}

export const find = (key: string): Left | undefined => leftovers.get(key)?.left;

export function forget(key: string): void {
  clearTimeout(leftovers.get(key)?.expiry);
  leftovers.delete(key);
}
