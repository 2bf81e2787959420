import type { SourceSettings } from '../../gateway/api/sources.ts';
import { call } from '../api.ts';
import { isRecord, partOf, secretName, type Schema } from '../components/schema/schema.ts';

export interface Parted {
  /** Each typed secret is a reference now. */
  readonly config: unknown;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Parts what may be shown from what may not: `password: "x"` becomes `password: { secret: "press-password" }`. */
export function parted(source: string, config: unknown, schema: Schema): Parted {
  const secrets: Record<string, string> = {};
  const walk = (value: unknown, own: Schema | undefined, path: readonly string[]): unknown => {
    if (Array.isArray(value))
      return value.map((item, i) => walk(item, own?.items, [...path, nameOf(item) ?? String(i + 1)]));
    if (!isRecord(value) || secretName(value) !== undefined) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, held]) => {
        const part = partOf(own, value, key);
        if (part?.writeOnly !== true || typeof held !== 'string')
          return [key, walk(held, part, [...path, key])];
        const secret = slug([source, ...path, key]);
        secrets[secret] = held;
        return [key, { secret }];
      }),
    );
  };
  return { config: walk(config, schema, []), secrets };
}

const nameOf = (item: unknown): string | undefined =>
  isRecord(item) && typeof item['name'] === 'string' ? item['name'] : undefined;

const slug = (words: readonly string[]): string =>
  words
    .join('-')
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** Keeps the secrets first: a source that is saved finds them. */
export async function saveSource(name: string, settings: SourceSettings, schema: Schema): Promise<void> {
  const { config, secrets } = parted(name, settings.config, schema);
  for (const [secret, value] of Object.entries(secrets))
    await call(`/api/v1/secrets/${encodeURIComponent(secret)}`, { method: 'PUT', body: { value } });
  const path = `/api/v1/sources/${encodeURIComponent(name)}/settings`;
  await call(path, { method: 'PUT', body: { ...settings, config } });
}
