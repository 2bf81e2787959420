import { z } from 'zod';
import { WriteSettings } from '../api/commands.ts';
import { ForecastSettings } from '../api/plant.ts';
import { ThinSettings } from '../api/tags.ts';
import { checkCalculated } from './check-calculated.ts';
import { protocols } from './protocols.ts';
import { openPasswords, STRAYED, strayedSecrets, withoutSecrets } from './secrets.ts';

const name = z.string().trim().min(1).max(120);
const interval = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low < high, 'the first number must be the smaller');

/** What an integer column holds. */
const whole = (least: number) => z.number().int().min(least).max(2_147_483_647);

const AlarmEntry = z.strictObject({
  kind: z.enum(['high', 'low']),
  limit: z.number(),
  deadband: z.number().min(0).default(0),
  holdMs: whole(0).default(0),
  priority: z.number().int().min(1).max(4),
  consequence: z.string().default(''),
  action: z.string().default(''),
});

export const TagEntry = z.strictObject({
  name,
  description: z.string().default(''),
  unit: z.string().default(''),
  kind: z.enum(['number', 'text']).default('number'),
  decimals: z.number().int().min(0).max(12).default(2),
  area: name,
  source: name,
  address: z.unknown(),
  scale: z
    .strictObject({ factor: z.number(), offset: z.number().default(0) })
    .optional()
    .describe('What is read times the factor plus the offset is the value.'),
  expectedMs: whole(100).default(1000).describe('How often a reading comes; three times as long is stale.'),
  range: interval.optional().describe('What the sensor can measure: a reading outside of it is bad.'),
  normal: interval.optional().describe('Within it the process is as it should be. Screens show it.'),
  clamp: interval.optional().describe('A reading outside of it is set to the limit, and marked.'),
  stuckMs: whole(0).optional().describe('0 and absent: may hold still for ever.'),
  spike: z.boolean().default(true).describe('Doubts single readings that leap (Hampel filter).'),
  alarms: z.array(AlarmEntry).default([]),
  forecast: ForecastSettings.optional(),
  thin: ThinSettings.optional().describe(
    'Stores less, with a bound on the error. Alarms and screens see all.',
  ),
  retention: z
    .string()
    .trim()
    .min(1)
    .max(60)
    .optional()
    .describe('A class of retention.classes in the configuration; absent: kept as long as all others.'),
  write: WriteSettings.extend({ range: interval }).optional().describe('Who may write which values.'),
});
export type TagEntry = z.infer<typeof TagEntry>;

const SourceEntry = z.strictObject({
  name,
  protocol: z.enum(Object.keys(protocols) as [keyof typeof protocols]),
  config: z.unknown(),
  enabled: z.boolean().default(true),
});
type SourceEntry = z.infer<typeof SourceEntry>;

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** plant.yaml: the whole model of a site as an engineer writes it. Names are the keys; numbers are given by the database. */
export const PlantModel = z
  .strictObject({
    site: z.strictObject({
      name,
      timeZone: z.string().refine(isTimeZone, 'not an IANA time zone such as Europe/Berlin').default('UTC'),
    }),
    areas: z.array(z.strictObject({ name })).default([]),
    sources: z.array(SourceEntry).default([]),
    tags: z.array(TagEntry).default([]),
  })
  .superRefine((model, context) => {
    for (const [kind, entries] of Object.entries({
      areas: model.areas,
      sources: model.sources,
      tags: model.tags,
    })) {
      checkNames(kind, entries, context);
    }
    model.sources.forEach((source, i) => {
      checkSource(source, ['sources', i, 'config'], context);
      checkAlarmArea(source, i, model, context);
    });
    model.tags.forEach((tag, i) => checkTag(tag, i, model, context));
    checkCalculated(model, (path, message) => fault(context, path, message));
  });
export type PlantModel = z.infer<typeof PlantModel>;

function checkNames(kind: string, entries: readonly { name: string }[], context: z.RefinementCtx): void {
  const first = new Map<string, number>();
  entries.forEach((entry, i) => {
    const earlier = first.get(entry.name);
    if (earlier === undefined) first.set(entry.name, i);
    else fault(context, [kind, i, 'name'], `stands twice: ${kind}.${earlier} has this name too`);
  });
}

function checkSource(
  { protocol, config }: SourceEntry,
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  for (const place of openPasswords(config)) {
    fault(
      context,
      [...path, ...place],
      'write { secret: name } here, and keep the password in secrets/name of the data folder',
    );
  }
  for (const place of strayedSecrets({ protocol, config })) fault(context, [...path, ...place], STRAYED);
  graft(protocols[protocol].config.safeParse(withoutSecrets(config)), path, context);
}

/** The area of a device's own alarms. */
function checkAlarmArea(
  { protocol, config }: SourceEntry,
  i: number,
  { areas }: Parts,
  context: z.RefinementCtx,
): void {
  const { success, data } = protocols[protocol].config.safeParse(withoutSecrets(config));
  const area = success ? protocols[protocol].alarms?.(data)?.area : undefined;
  if (area !== undefined && !areas.some(({ name: one }) => one === area))
    fault(context, ['sources', i, 'config', 'alarms', 'area'], 'no area has this name');
}

interface Parts {
  areas: { name: string }[];
  sources: SourceEntry[];
}

function checkTag(tag: TagEntry, i: number, { areas, sources }: Parts, context: z.RefinementCtx): void {
  if (!areas.some((area) => area.name === tag.area))
    fault(context, ['tags', i, 'area'], 'no area has this name');
  const source = sources.find((candidate) => candidate.name === tag.source);
  if (source === undefined) fault(context, ['tags', i, 'source'], 'no source has this name');
  else graft(protocols[source.protocol].address.safeParse(tag.address), ['tags', i, 'address'], context);
  if (tag.kind === 'text') checkText(tag, i, context);
  checkAlarms(tag, i, context);
}

/** What only a number can have. */
function checkText(tag: TagEntry, i: number, context: z.RefinementCtx): void {
  if (tag.alarms.length > 0 || tag.forecast !== undefined || tag.scale !== undefined)
    fault(context, ['tags', i, 'kind'], 'a text tag has no scale, no alarm limits and no forecast');
  for (const key of ['clamp', 'thin', 'write'] as const) {
    if (tag[key] !== undefined)
      fault(context, ['tags', i, key], 'is for numbers only; take it out, or make the tag a number');
  }
}

/** Kind and priority are what an alarm rule is found again by. */
function checkAlarms({ alarms }: TagEntry, i: number, context: z.RefinementCtx): void {
  alarms.forEach(({ kind, priority }, place) => {
    const first = alarms.findIndex((other) => other.kind === kind && other.priority === priority);
    if (first === place) return;
    const twice = `alarms.${first} is a ${kind} alarm of this priority too; give each its own`;
    fault(context, ['tags', i, 'alarms', place, 'priority'], twice);
  });
}

const fault = (context: z.RefinementCtx, path: (string | number)[], message: string): void =>
  context.addIssue({ code: 'custom', path, message });

/** Reports the faults of a part that has a schema of its own at their place in the whole. */
function graft(
  result: z.ZodSafeParseResult<unknown>,
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  for (const issue of result.error?.issues ?? []) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    if (unknown.length === 0)
      context.addIssue({ code: 'custom', path: [...path, ...issue.path], message: issue.message });
    for (const key of unknown) {
      context.addIssue({
        code: 'custom',
        path: [...path, ...issue.path, key],
        message: 'this key is not known; check its spelling and place',
      });
    }
  }
}
