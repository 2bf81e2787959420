import { z } from 'zod';
import { actorOf } from '../../platform/access/actor.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import { SecretName } from '../../platform/config.ts';
import type { Db } from '../../platform/database/db.ts';
import { Problem } from '../../platform/web/problem.ts';
import { route } from '../../platform/web/route.ts';
import { SecretValue } from '../api/sources.ts';
import type { Operation } from '../operation.ts';
import { keepSecret } from '../plant/keep-secret.ts';
import { withSecrets } from '../plant/secrets.ts';
import type { Source } from '../plant/tag.ts';

const Named = z.strictObject({ name: SecretName.shape.secret.max(100) });

export interface SecretKeeper {
  readonly dataFolder: string;
  readonly findSecret: (name: string) => string | undefined;
}

/** Passwords of devices: they come in, and are never shown again. */
export const secrets = (db: Db, operation: () => Operation, { dataFolder, findSecret }: SecretKeeper) => [
  route({
    method: 'PUT',
    path: '/api/v1/secrets/{name}',
    role: 'engineer',
    summary: 'Keeps a secret in the data folder, and starts the sources that name it anew.',
    params: Named,
    body: SecretValue,
    async handle({ params: { name }, body: { value }, ...call }) {
      const before = findSecret(name);
      await insertAudit(db, actorOf(call), { action: 'keep a secret', subject: name });
      await keepSecret(dataFolder, name, value);
      if (findSecret(name) !== value.trimEnd()) throw overruled(name);
      if (before === value.trimEnd()) return;
      const running = operation();
      const { sources: all } = running.plant;
      await Promise.all(all.filter((one) => names(one, name)).map((one) => running.restart(one.name)));
    },
  }),
];

function names(source: Source, secret: string): boolean {
  let found = false;
  withSecrets(source, (name) => {
    found ||= name === secret;
    return '';
  });
  return found;
}

const overruled = (name: string) =>
  new Problem({
    status: 409,
    detail: `The secret '${name}' was kept, but a systemd credential or an environment variable of this name goes first. Change it there.`,
  });
