import { z } from 'zod';
import { isName } from './topic.ts';

const name = z.string().max(256).refine(isName, { message: 'must be a name without / + and #' });

/** This gateway as a primary host: it follows births and deaths, and asks for births where messages are missing. */
export const SparkplugConfig = z.strictObject({
  host: name.describe("The host id, under which nodes wait for us. Must be this gateway's alone."),
  groups: z.array(name).min(1).optional().describe('The groups to listen to; absent: all.'),
  reorderMs: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(2_000)
    .describe('How long messages may overtake each other before one counts as lost.'),
});
export type SparkplugConfig = z.infer<typeof SparkplugConfig>;

/** What an address has in place of a topic; all but `metric` and `sparkplug` may be left out. */
export const sparkplugKeys = {
  sparkplug: z
    .string()
    .regex(/^[^/+#\0]+(\/[^/+#\0]+){1,2}$/, 'must be group/node or group/node/device')
    .optional()
    .describe('group/node or group/node/device'),
  metric: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('The name in the birth; a member of a template by its path: Motor 1/Speed.'),
  property: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('One of its properties in place of the value, such as engUnit.'),
  index: z.number().int().min(0).max(1_000_000).optional().describe('The place in an array, from 0.'),
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
