import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EnrolmentAnswer } from '../wire.ts';

/** What the centre said when it took this site in. */
const Enrolment = EnrolmentAnswer.extend({
  /** SHA-256 of the token that was used: another one in the configuration asks for another enrolment. */
  tokenHash: z.string(),
});
export type Enrolment = z.infer<typeof Enrolment>;

const KEY_FILE = 'site.key';
const SITE_FILE = 'site.json';

/** The site's private key. It is made here, at the first call, and never leaves this folder. */
export async function siteKey(folder: string): Promise<KeyObject> {
  const path = join(folder, KEY_FILE);
  const pem = await readIfThere(path);
  if (pem !== null) return createPrivateKey(pem);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeWhole(path, privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
  return privateKey;
}

/** Null before the first enrolment. */
export async function readEnrolment(folder: string): Promise<Enrolment | null> {
  const path = join(folder, SITE_FILE);
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return Enrolment.parse(JSON.parse(text));
  } catch (err) {
    throw new Error(`${path} is damaged. Remove it and enrol the site again with a new token.`, {
      cause: err,
    });
  }
}

export const writeEnrolment = (folder: string, enrolment: Enrolment): Promise<void> =>
  writeWhole(join(folder, SITE_FILE), `${JSON.stringify(enrolment, null, 2)}\n`);

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw err;
  }
}

/** Never half a file: written beside, synced, and renamed. Readable by its owner alone. */
async function writeWhole(path: string, text: string): Promise<void> {
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true });
  const part = `${path}.part`;
  {
    await using file = await open(part, 'w', 0o600);
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(part, path);
  await using directory = await open(folder, 'r');
  await directory.sync();
}
