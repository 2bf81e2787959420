import * as timers from 'node:timers/promises';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import { findSecret } from '../../platform/config.ts';
import type { Database } from '../../platform/database/db.ts';
import { isOutage } from '../../platform/database/outage.ts';
import type { CentralConfig } from './config.ts';
import { provision } from './fleet.ts';

const RETRY_MS = 5_000;

/** A site that may enrol, with its token. */
export interface Expected {
  readonly site: string;
  readonly token: string;
}

/** The secrets behind the configuration's tokens. One that is missing stops the start. */
export const expectedSites = ({ enrolment, data }: Pick<CentralConfig, 'enrolment' | 'data'>): Expected[] =>
  enrolment.map(({ site, token: { secret } }, i) => {
    const token = findSecret(secret, data);
    if (token === undefined || token.length < 16)
      throw new Refusal(
        `enrolment.${i}.token: the secret '${secret}' is ${token === undefined ? 'missing' : 'shorter than 16 characters'}. Write it to ${data}/secrets/${secret}, and to the same place at the gateway.`,
        EXIT_CONFIG,
      );
    return { site, token };
  });

/** Adds the expected sites as soon as the database answers. */
export async function provisionWhenReady(
  db: Database,
  expected: readonly Expected[],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await db.ready(signal);
    try {
      await provision(db, expected);
      return;
    } catch (err) {
      if (!isOutage(err)) throw err;
      await timers.setTimeout(RETRY_MS, undefined, { signal });
    }
  }
}
