import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Never half a file, after a power cut too: written beside, synced, and renamed. Readable by its owner alone. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const part = `${path}.part`;
  {
    await using file = await open(part, 'w', 0o600);
    await file.chmod(0o600);
    await file.writeFile(content);
    await file.sync();
  }
  await rename(part, path);
  await using directory = await open(folder, 'r');
  await directory.sync();
}

/** Null where there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw err;
  }
}
