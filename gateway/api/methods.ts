import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

/** POST /api/v1/sources/{name}/calls (engineer): prepares the call of a method of a device. Nothing is called yet. */
export const MethodOrder = z.strictObject({
  object: z
    .string()
    .min(1)
    .max(2000)
    .describe('The object that has the method, as in an address: `ns=2;s=Mixer`.'),
  method: z.string().min(1).max(2000).describe('The method itself: `ns=2;s=Mixer.Start`.'),
  inputs: z
    .array(z.unknown())
    .max(100)
    .default([])
    .describe('In the order in which the device declares them.'),
});
export type MethodOrder = z.infer<typeof MethodOrder>;

export const PreparedCall = z.strictObject({
  call: MethodOrder,
  token: z.string().describe('Shown to nobody else, good once and until `expiresAt`.'),
  expiresAt: instant,
});
export type PreparedCall = z.infer<typeof PreparedCall>;

/** The answer to POST /api/v1/sources/{name}/calls/confirm {token}: what the method gave back. */
export const CallResult = z.strictObject({ outputs: z.array(z.unknown()) });
