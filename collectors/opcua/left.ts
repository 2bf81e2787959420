import { createHash } from 'node:crypto';
import type { Left } from './collect.ts';
import type { OpcuaPlan } from './readers.ts';

/**
 * What lost links have left at servers, by source. It outlives the driver: the gateway opens one for each run. Without
 * it each flap of a line would cost the server one more session until that times out.
 */
const leftovers = new Map<string, Left>();

/** Only the same plan finds it again: with another one the subscriptions would watch the wrong nodes. */
export const keyOf = ({ config, points, dataFolder }: OpcuaPlan): string =>
  createHash('sha256')
    .update(JSON.stringify([dataFolder, config, points]))
    .digest('hex');

export const keep = (key: string, left: Left): void => void leftovers.set(key, left);

export function take(key: string): Left | undefined {
  const left = leftovers.get(key);
  leftovers.delete(key);
  return left;
}
