import { z } from 'zod';

/** What a host says of itself (Sparkplug 3.0, 6.4.25). */
export const HostState = z.object({ online: z.boolean(), timestamp: z.number().int().min(0) });
export type HostState = z.infer<typeof HostState>;

/** Undefined: no JSON of the right form. The texts ONLINE and OFFLINE of version 2 have no time and count for nothing. */
export function parseState(payload: Uint8Array): HostState | undefined {
  if (payload.length > 1024) return undefined;
  try {
    return HostState.safeParse(JSON.parse(Buffer.from(payload).toString())).data;
  } catch {
    return undefined;
  }
}

export const stateText = (online: boolean, timestamp: number): string =>
  JSON.stringify({ online, timestamp });
