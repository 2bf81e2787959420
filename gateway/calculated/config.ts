import { z } from 'zod';
import { ExpressionFault } from './compile.ts';
import { parseExpression } from './expression.ts';

/** A source without a device: its tags are computed from others. */
export const CalculatedConfig = z.strictObject({
  everyMs: z
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .default(0)
    .describe('A tag is computed at most so often; 0: whenever one of its inputs has a reading.'),
});
export type CalculatedConfig = z.infer<typeof CalculatedConfig>;

export const CalculatedAddress = z.strictObject({
  expression: z
    .string()
    .max(2000)
    .superRefine((text, context) => {
      try {
        parseExpression(text);
      } catch (err) {
        if (!(err instanceof ExpressionFault)) throw err;
        context.addIssue({ code: 'custom', message: err.message });
      }
    })
    .describe('Over other tags: `tag("Reactor pressure") / 100`.'),
});
export type CalculatedAddress = z.infer<typeof CalculatedAddress>;

/** It is alive as long as the gateway is. */
export const CONTACT_MS = 1000;
