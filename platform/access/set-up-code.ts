import { randomInt } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hashOf, isSame } from './secret.ts';

/** No letter that is read as another. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The one-time set-up code, in a file that only the daemon's own user can read. */
export function setUpCode(folder: string) {
  const file = path.join(folder, 'setup-code');

  /** A power cut may have left the file without its content: that is no code. */
  const read = async (): Promise<string | undefined> => {
    try {
      const code = (await readFile(file, 'utf8')).trim();
      return code === '' ? undefined : code;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw err;
    }
  };
  return {
    file,
    /** A new code: 20 characters, 98 bits, in groups that a person can type. Undefined where there is one already. */
    async make(): Promise<string | undefined> {
      if ((await read()) !== undefined) return undefined;
      const letters = Array.from({ length: 20 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
      const code = letters.replace(/(.{5})(?=.)/g, '$1-');
      await mkdir(folder, { recursive: true });
      await rm(file, { force: true });
      await writeFile(file, `${code}\n`, { mode: 0o600, flag: 'wx', flush: true });
      return code;
    },
    /** However it was typed: small letters, spaces and missing hyphens do no harm. */
    async isRight(given: string): Promise<boolean> {
      const code = await read();
      return code !== undefined && isSame(hashOf(plain(code)), hashOf(plain(given)));
    },
    remove: () => rm(file, { force: true }),
  };
}

const plain = (code: string): string => code.toUpperCase().replace(/[^A-Z0-9]/g, '');
