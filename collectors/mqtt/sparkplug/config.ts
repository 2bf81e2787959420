import { z } from 'zod';
import { isName } from './topic.ts';

const name = z.string().max(256).refine(isName, { message: 'must be a name without / + and #' });

/** This gateway as a primary host: it follows births and deaths, and asks for births where messages are missing. */
export const SparkplugConfig = z.strictObject({
  /** The host id, under which nodes wait for us. Must be this gateway's alone. */
  host: name,
  /** The groups to listen to; absent: all. */
  groups: z.array(name).min(1).optional(),
  /** How long messages may overtake each other before one counts as lost. */
  reorderMs: z.number().int().min(0).max(60_000).default(2_000),
});
export type SparkplugConfig = z.infer<typeof SparkplugConfig>;

/** What an address has in place of a topic; all but `metric` and `sparkplug` may be left out. */
export const sparkplugKeys = {
  /** group/node or group/node/device */
  sparkplug: z
    .string()
    .regex(/^[^/+#\0]+(\/[^/+#\0]+){1,2}$/, 'must be group/node or group/node/device')
    .optional(),
  /** The name in the birth; a member of a template by its path: Motor 1/Speed. */
  metric: z.string().min(1).max(1024).optional(),
  /** One of its properties in place of the value, such as engUnit. */
  property: z.string().min(1).max(256).optional(),
  /** The place in an array, from 0. */
  index: z.number().int().min(0).max(1_000_000).optional(),
};
type Keys = z.infer<z.ZodObject<typeof sparkplugKeys>>;

export interface SparkplugAddress {
  readonly sparkplug: string;
  readonly metric: string;
  readonly property?: string | undefined;
  readonly index?: number | undefined;
}

/** What is wrong with these keys, by key. */
export function sparkplugFaults({ sparkplug, metric, property, index }: Keys): [keyof Keys, string][] {
  if (sparkplug === undefined) {
    const stray = Object.entries({ metric, property, index }).find(([, value]) => value !== undefined);
    return stray === undefined ? [] : [[stray[0] as keyof Keys, 'belongs to `sparkplug: group/node/device`']];
  }
  if (metric === undefined) return [['metric', 'is needed with `sparkplug`']];
  return property !== undefined && index !== undefined
    ? [['index', 'is of the value: leave it out with a property']]
    : [];
}

/** Undefined: no address of Sparkplug. */
export const sparkplugAddress = ({ sparkplug, metric, ...rest }: Keys): SparkplugAddress | undefined =>
  sparkplug === undefined || metric === undefined
    ? undefined
    : { sparkplug, metric, property: rest.property, index: rest.index };
