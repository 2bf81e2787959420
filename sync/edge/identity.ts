import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { keyIn } from '../key-file.ts';
import { readIfThere, writeWhole } from '../whole-file.ts';
import { EnrolmentAnswer } from '../wire.ts';

/** What the centre said when it took this site in. */
const Enrolment = EnrolmentAnswer.extend({
  /** SHA-256 of the token that was used: another one in the configuration asks for another enrolment. */
  tokenHash: z.string(),
});
export type Enrolment = z.infer<typeof Enrolment>;

const SITE_FILE = 'site.json';
export const SITE_KEY = 'site.key';

/** The site's private key, made here. */
export const siteKey = (folder: string): Promise<KeyObject> => keyIn(join(folder, SITE_KEY));

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
