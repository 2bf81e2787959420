import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes a secret to `<data>/secrets/name`, mode 600: old or new, never half. */
export async function keepSecret(dataFolder: string, name: string, value: string): Promise<void> {
  const folder = join(dataFolder, 'secrets');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = join(folder, `.${randomUUID()}`);
  try {
    await using file = await open(beside, 'wx', 0o600);
    await file.writeFile(value);
    await file.sync();
  } catch (err) {
    await rm(beside, { force: true });
    throw err;
  }
  await rename(beside, join(folder, name));
}
