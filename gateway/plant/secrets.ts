import { join } from 'node:path';
import { SecretName } from '../../platform/config.ts';

/** A secret that a source names is nowhere to be found. */
export class SecretMissing extends Error {
  override name = 'SecretMissing';
}

/** Replaces each `{ secret: name }` in a source's configuration by what `find` answers for the name. */
export function withSecrets(config: unknown, find: (name: string) => string): unknown {
  const named = SecretName.safeParse(config);
  if (named.success) return find(named.data.secret);
  if (Array.isArray(config)) return config.map((item) => withSecrets(item, find));
  if (typeof config !== 'object' || config === null) return config;
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, withSecrets(value, find)]));
}

interface SecretPlaces {
  readonly dataFolder: string;
  readonly findSecret: (name: string) => string | undefined;
}

/** Finds a secret, or says where to put it. */
export const secretsOf =
  ({ findSecret, dataFolder }: SecretPlaces) =>
  (name: string): string => {
    const secret = findSecret(name);
    if (secret !== undefined) return secret;
    throw new SecretMissing(
      `The secret '${name}' is missing: write it to ${join(dataFolder, 'secrets', name)} (mode 600), or set PENSTOCK_SECRET_${name.toUpperCase().replaceAll('-', '_')}.`,
    );
  };

/** Where passwords and private keys stand in the open: the plant model is shown, exported and sent about, so it must not hold any. */
export function openPasswords(
  config: unknown,
  path: readonly (string | number)[] = [],
): (string | number)[][] {
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const here = [...path, Array.isArray(config) ? Number(key) : key];
    return isOpen(key, value) ? [here] : openPasswords(value, here);
  });
}

const isOpen = (key: string, value: unknown): boolean =>
  typeof value === 'string' && (key === 'password' || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value));
