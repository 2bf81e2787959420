import { open, rename } from 'node:fs/promises';

/** Old or new, never half, also when the power fails: written beside, flushed, then renamed. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const beside = `${path}.draft`;
  {
    await using file = await open(beside, 'w', 0o600);
    await file.writeFile(content);
    await file.sync();
  }
  await rename(beside, path);
}
