import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readIfThere, writeWhole } from './whole-file.ts';

/** The private Ed25519 key kept in this file. It is made at the first call, and never leaves the machine. */
export async function keyIn(path: string): Promise<KeyObject> {
  const pem = await readIfThere(path);
  if (pem !== null) return createPrivateKey(pem);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeWhole(path, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return privateKey;
}
