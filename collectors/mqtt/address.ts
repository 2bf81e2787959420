import { z } from 'zod';
import { parsePath } from '../path.ts';
import { hasWildcard, isFilter } from './filter.ts';
import { sparkplugFaults, sparkplugKeys } from './sparkplug/config.ts';

const topic = z
  .string()
  .min(1)
  .max(1024)
  .refine((text) => isFilter(text) && !text.includes('#'), {
    message: 'must be a topic without #; + stands for one level of any name',
  });
const plainTopic = topic.refine((text) => !hasWildcard(text), { message: 'must be a topic without # and +' });
const path = z.string().refine((text) => parsePath(text) !== undefined, {
  message: "must be a JSON path of names and indices, like $.flow or $['motor 1'].currents[0]",
});

/** How a value is written to the device: a message at QoS 1. */
const WriteMessage = z.strictObject({
  topic: plainTopic,
  payload: z
    .string()
    .max(4096)
    .default('{value}')
    .refine((text) => text.includes('{value}'), { message: 'must contain {value}' })
    .describe(
      '{value} and {time} (ISO 8601) stand for themselves in JSON; {value} alone for the bare value.',
    ),
  retain: z.boolean().default(false),
  timeoutMs: z
    .number()
    .int()
    .min(100)
    .max(60_000)
    .default(5000)
    .describe("How long the tag's own topic may take to show the value."),
});

/** How a message is read, in an address or in a mapping of the source. */
const reading = {
  value: path,
  time: path
    .optional()
    .describe(
      'Where the source time is: ISO 8601 with zone, or s, ms, µs or ns since 1970. Without: the time of receipt.',
    ),
  status: path
    .optional()
    .describe(
      'Where the device says what the value is worth: good, uncertain, bad, a boolean, an OPC UA status code.',
    ),
  statusMap: z
    .record(z.string(), z.enum(['good', 'uncertain', 'bad']))
    .optional()
    .describe('For other words or numbers at `status`.'),
  map: z
    .record(z.string(), z.union([z.number(), z.string()]))
    .optional()
    .describe('What texts stand for: { ON: 1, OFF: 0 }.'),
  separator: z
    .string()
    .min(1)
    .max(3)
    .optional()
    .describe(
      'The payload is a line of cells between these: the message is then a list, `value` $[0], $[1]…',
    ),
  records: path
    .optional()
    .describe(
      'Where a list of records is in a message of `topic`; `value`, `time` and `status` then start at a record.',
    ),
  each: path.describe('Where the list of records is in a message of `history`.'),
  retained: z
    .enum(['timed', 'use', 'ignore'])
    .describe(
      'What a broker kept: taken where it says its own time (`timed`), always (`use`) or never (`ignore`).',
    ),
};

/** Many addresses in one: `{name}` or `{name:int}` in topic, history and paths stands for a field of the address. */
export const Mapping = z.strictObject({
  topic: z.string().min(1).max(1024),
  history: z.string().min(1).max(1024).optional(),
  ...reading,
  value: z.string().default('$'),
  each: z.string().default('$'),
  time: z.string().optional(),
  status: z.string().optional(),
  records: z.string().optional(),
  retained: reading.retained.default('timed'),
});
export type Mapping = z.infer<typeof Mapping>;

export const MqttAddress = z
  .strictObject({
    topic: topic.optional(),
    mapping: z.string().min(1).optional().describe('A mapping of the source, in place of `topic`.'),
    fields: z
      .record(z.string(), z.union([z.string(), z.number().int()]))
      .optional()
      .describe('What its {names} stand for.'),
    ...reading,
    value: path.default('$'),
    history: topic
      .optional()
      .describe('Another topic, where the device hands over what it recorded while it was offline.'),
    each: path.default('$'),
    retained: reading.retained.default('timed'),
    write: WriteMessage.optional(),
    ...sparkplugKeys,
  })
  .superRefine((address, context) => {
    const fault = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    const kinds = [address.topic, address.mapping, address.sparkplug];
    if (kinds.filter((kind) => kind !== undefined).length !== 1)
      fault('topic', 'either `topic` or `mapping` is needed, or `sparkplug` with `metric`');
    for (const [key, message] of sparkplugFaults(address)) fault(key, message);
    if (address.fields !== undefined && address.mapping === undefined)
      fault('fields', 'belongs to a `mapping`');
    if (address.mapping !== undefined || address.time !== undefined) return;
    if (address.history !== undefined)
      fault('time', 'is needed with a history topic: old records without a time cannot be placed');
    if (address.records !== undefined)
      fault('time', 'is needed with `records`: records without a time of their own cannot be told apart');
  });
export type MqttAddress = z.infer<typeof MqttAddress>;

/** An address that says all itself. */
export type Resolved = MqttAddress & { readonly topic: string };

const FIELD = /\{(\w+)(?::(int|text))?\}/g;

/** The address with its mapping put in, or why that cannot be. */
export function resolve(
  address: MqttAddress,
  mappings: Readonly<Record<string, Mapping>>,
): Resolved | string {
  const { mapping: name, topic: own } = address;
  if (name === undefined) return own === undefined ? 'it has no topic' : { ...address, topic: own };
  const mapping = Object.hasOwn(mappings, name) ? mappings[name] : undefined;
  return mapping === undefined ? `the source has no mapping '${name}'` : filledIn(mapping, address);
}

function filledIn(mapping: Mapping, { fields = {}, write }: MqttAddress): Resolved | string {
  const wrong: string[] = [];
  const filled = Object.entries(mapping).map(([key, text]) => [
    key,
    typeof text === 'string' && key !== 'separator' ? fill(text, fields, wrong) : text,
  ]);
  const all = { ...(Object.fromEntries(filled) as object), ...(write === undefined ? {} : { write }) };
  const { data, error } = MqttAddress.safeParse(all);
  const faults = [
    ...wrong,
    ...(error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`),
  ];
  return faults[0] ?? (data?.topic === undefined ? 'it has no topic' : { ...data, topic: data.topic });
}

function fill(text: string, fields: Readonly<Record<string, string | number>>, wrong: string[]): string {
  return text.replace(FIELD, (whole, name: string, type: string | undefined) => {
    const value = Object.hasOwn(fields, name) ? String(fields[name]) : undefined;
    if (value === undefined) wrong.push(`the field '${name}' is missing`);
    else if (type === 'int' && !/^-?\d+$/.test(value)) wrong.push(`the field '${name}' must be an integer`);
    else if (/[/+#\0]/.test(value)) wrong.push(`the field '${name}' must be one level of a topic`);
    return value ?? whole;
  });
}

/** The fields in a topic that has the form of a mapping's, or undefined. */
export function fieldsIn(template: string, topic: string): Record<string, string | number> | undefined {
  const names: [string, string | undefined][] = [];
  const pattern = template.split(FIELD_OR_TEXT).map((part) => {
    const [, name, type] = /^\{(\w+)(?::(int|text))?\}$/.exec(part) ?? [];
    if (name === undefined) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    names.push([name, type]);
    return type === 'int' ? '(-?\\d+)' : '([^/]+)';
  });
  const found = new RegExp(`^${pattern.join('')}$`).exec(topic);
  if (found === null) return undefined;
  return Object.fromEntries(
    names.map(([name, type], i) => [name, type === 'int' ? Number(found[i + 1]) : (found[i + 1] ?? '')]),
  );
}

const FIELD_OR_TEXT = /(\{\w+(?::(?:int|text))?\})/;
