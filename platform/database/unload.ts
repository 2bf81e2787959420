import { to as copyTo } from 'pg-copy-streams';
import type { Unload } from './session.ts';

/** Both engines speak the same protocol here. Who takes too slowly slows the server down. */
export const unload: Unload = async (client, sql, take) => {
  const stream: AsyncIterable<Uint8Array> = client.query(copyTo(sql));
  let failure: Error | undefined;
  for await (const text of stream) {
    // What is left on the wire is read to its end, or the connection could not be used again.
    if (failure !== undefined) continue;
    try {
      await take(text);
    } catch (err) {
      failure = err instanceof Error ? err : new Error(String(err));
    }
  }
  if (failure !== undefined) throw failure;
};
