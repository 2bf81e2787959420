import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Loads a native file of an npm package, if it is byte for byte the one that was examined. */
export async function requireExamined(packageName: string, file: string, sha256: string): Promise<unknown> {
  const require = createRequire(import.meta.url);
  const found = path.join(path.dirname(require.resolve(`${packageName}/package.json`)), file);
  const actual = createHash('sha256')
    .update(await readFile(found))
    .digest('hex');
  if (actual !== sha256)
    throw new Error(`The file ${found} is not the one that was examined (its SHA-256 is ${actual}).`);
  return require(found);
}
