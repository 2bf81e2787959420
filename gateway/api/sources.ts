import { z } from 'zod';

export const ProtocolName = z.enum(['opcua', 'modbus', 'mqtt', 'http', 'files', 'calculated']);

/** GET /api/v1/protocols: what a form needs. Schemas are JSON Schema (draft 2020-12) of `config` and `address`. */
export const ProtocolView = z.strictObject({
  name: z.string(),
  config: z.unknown(),
  address: z.unknown(),
});
export type ProtocolView = z.infer<typeof ProtocolView>;

/** GET and PUT /api/v1/sources/{name}/settings (engineer). Passwords in `config` are `{ secret: name }`. */
export const SourceSettings = z.strictObject({
  protocol: ProtocolName,
  config: z.unknown(),
  enabled: z.boolean(),
});
export type SourceSettings = z.infer<typeof SourceSettings>;

/** PUT /api/v1/secrets/{name} (engineer): kept in the data folder, never shown again. */
export const SecretValue = z.strictObject({ value: z.string().min(1).max(10_000) });

/** POST /api/v1/sources/test (engineer): tries a configuration that need not be saved. Secrets it names may come along. */
export const TestOrder = z.strictObject({
  protocol: ProtocolName,
  config: z.unknown(),
  secrets: z.record(z.string(), z.string()).default({}),
  /** Addresses to read a sample of. */
  addresses: z.array(z.unknown()).max(100).default([]),
});
export const TestResult = z.strictObject({
  ok: z.boolean(),
  tookMs: z.number(),
  steps: z.array(
    z.strictObject({ what: z.string(), ok: z.boolean(), detail: z.string(), remedy: z.string().optional() }),
  ),
});
export type TestResult = z.infer<typeof TestResult>;

/** GET /api/v1/sources/{name}/browse?place=&search=&limit=&after= (engineer). */
export const BrowseQuery = z.strictObject({
  place: z.string().max(2000).optional(),
  search: z.string().max(200).default(''),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  after: z.string().max(2000).optional(),
});
export const PlaceView = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  branch: z.boolean(),
  address: z.unknown(),
  kind: z.enum(['number', 'text']).nullable(),
  type: z.string(),
  unit: z.string(),
  range: z.tuple([z.number(), z.number()]).nullable(),
  value: z.union([z.number(), z.string()]).nullable(),
  writable: z.boolean(),
  /** Names of tags that have this address already. */
  tags: z.array(z.string()),
});
export type PlaceView = z.infer<typeof PlaceView>;
export const PlacesView = z.strictObject({ places: z.array(PlaceView), next: z.string().nullable() });
export type PlacesView = z.infer<typeof PlacesView>;

/** GET /api/v1/ledger: collected = stored + thinned + duplicate + quarantined + spooled, since the start of the gateway. */
export const LedgerView = z.strictObject({
  source: z.string(),
  collected: z.number().int(),
  stored: z.number().int(),
  thinned: z.number().int(),
  duplicate: z.number().int(),
  quarantined: z.number().int(),
  spooled: z.number().int(),
  /** On their way: not settled yet. */
  pending: z.number().int(),
  /** Readings in `losses`, where their number is known. */
  lost: z.number().int(),
  /** The 99th percentile of the age of readings when they arrive, in ms, over the last minute; null without readings. */
  stalenessP99Ms: z.number().nullable(),
});
export type LedgerView = z.infer<typeof LedgerView>;

/** GET /api/v1/losses (page), newest first. */
export const LossView = z.strictObject({
  source: z.string().nullable(),
  tag: z.string().nullable(),
  from: z.string(),
  to: z.string(),
  cause: z.string(),
  count: z.number().int().nullable(),
  /** Readings that were brought in later by the device's own history. */
  recovered: z.number().int(),
});
export type LossView = z.infer<typeof LossView>;
