import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { schemas } from '../../collectors/protocols.ts';
import type { ProtocolName } from '../../collectors/protocols.ts';
import type { TagId } from '../../history/reading.ts';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Fault } from '../../platform/api/problem.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { TestOrder, TestResult } from '../api/sources.ts';
import { SecretMissing, secretsOf, STRAYED, strayedSecrets, withSecrets } from '../plant/secrets.ts';
import { dryRun } from '../runtime/dry-run.ts';
import { plainConfig } from '../sources.ts';
import type { z } from 'zod';
import type { SecretKeeper } from './secrets.ts';
import { problemOf } from './unable.ts';

/** The dry run of a source. */
export const sourceTest = (db: Db, keeper: SecretKeeper, log: Logger) => [
  route({
    method: 'POST',
    path: '/api/v1/sources/test',
    role: 'engineer',
    summary: 'Tries settings that need not be saved, and says what is wrong and how to mend it.',
    body: TestOrder,
    answer: TestResult,
    async handle({ body, ...call }) {
      const { protocol } = body;
      if (!(protocol in schemas))
        throw new Problem({ status: 400, detail: `A source of '${protocol}' has no device to try.` });
      const name = protocol as ProtocolName;
      const plan = planOf(name, body, keeper);
      const begun = performance.now();
      const steps = await dryRun(name, plan, log).catch(problemOf);
      const ok = steps.every((step) => step.ok);
      const tookMs = Math.round(performance.now() - begun);
      await insertAudit(db, actorOf(call), {
        action: 'test a source',
        subject: schemas[name].endpoint(plainConfig(body)),
        result: ok ? 'done' : 'refused',
      });
      return { ok, tookMs, steps: [...steps] };
    },
  }),
];

function planOf(protocol: ProtocolName, order: z.infer<typeof TestOrder>, keeper: SecretKeeper) {
  const { config: configSchema, address: addressSchema } = schemas[protocol];
  const kept = secretsOf(keeper);
  const find = (secret: string) =>
    Object.hasOwn(order.secrets, secret) ? (order.secrets[secret] ?? '') : kept(secret);
  const config = configSchema.safeParse(resolved(order, find));
  const addresses = order.addresses.map((address) => addressSchema.safeParse(address));
  const faults = [
    ...strayedSecrets(order).map((path) => ({ field: ['body.config', ...path].join('.'), remedy: STRAYED })),
    ...faultsOf('body.config', config.error),
    ...addresses.flatMap(({ error }, i) => faultsOf(`body.addresses.${i}`, error)),
  ];
  if (faults.length > 0)
    throw new Problem({ status: 400, detail: `The settings have ${faults.length} fault(s).`, faults });
  const points = addresses.map(({ data }, i) => ({
    tag: (i + 1) as TagId,
    name: `address ${i + 1}`,
    address: data,
    kind: 'number' as const,
  }));
  return { config: config.data, points, pkiFolder: join(keeper.dataFolder, 'pki') };
}

function resolved(order: z.infer<typeof TestOrder>, find: (name: string) => string): unknown {
  try {
    return withSecrets(order, find);
  } catch (err) {
    if (!(err instanceof SecretMissing)) throw err;
    throw new Problem({ status: 400, detail: err.message }, { cause: err });
  }
}

const faultsOf = (part: string, error: z.ZodError | undefined): Fault[] =>
  (error?.issues ?? []).flatMap((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return keys.map((key) => ({
      field: [part, ...issue.path, ...(key === undefined ? [] : [key])].join('.'),
      remedy: key === undefined ? issue.message : 'This field is not known: leave it out.',
    }));
  });
