import { createPublicKey } from 'node:crypto';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { keyIn } from '../key-file.ts';
import { proveKey, publicKeyText } from '../seal.ts';
import type { Signer } from '../signature.ts';
import type { Centre } from './centre.ts';
import { SITE_KEY } from './identity.ts';

const NEXT_KEY = 'site.next.key';
const DAY_MS = 86_400_000;

/**
 * Gives the site another key where its own is older than `days`: announced under the old one, which holds until the
 * first request that the new one signs. Ended at any point, it begins anew with the same new key. True: from now on the
 * site signs with another key than this session does.
 */
export async function rotateKey(
  centre: Centre,
  { folder, site, days, now }: { folder: string; site: string; days: number; now: number },
  signal: AbortSignal,
): Promise<boolean> {
  const { mtimeMs } = await stat(join(folder, SITE_KEY));
  if (now - mtimeMs < days * DAY_MS) return false;
  const next = await keyIn(join(folder, NEXT_KEY));
  const publicKey = publicKeyText(createPublicKey(next));
  const proof = proveKey(site, publicKey, next);
  await centre.ask('POST', '/sync/v1/keys', signal, {
    body: Buffer.from(JSON.stringify({ publicKey, proof })),
    type: 'application/json',
  });
  await rename(join(folder, NEXT_KEY), join(folder, SITE_KEY));
  // The old key must not come back with the power: the centre forgets it with the next request.
  await using directory = await open(folder, 'r');
  await directory.sync();
  return true;
}

/** The site's signer once more, with the key that it has by now. */
export const signerWith = async (folder: string, { keyId }: Signer): Promise<Signer> => ({
  keyId,
  key: await keyIn(join(folder, SITE_KEY)),
});
