import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError } from './read.ts';

/** Writes a file of a result. A reader sees the old file or the whole new one, after a power cut too. */
export async function writeWhole(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const unfinished = join(directory, `.${name}.part`);
  await orNotWritten(directory, async () => {
    await mkdir(directory, { recursive: true });
    {
      await using file = await open(unfinished, 'w');
      await file.writeFile(bytes);
      await file.sync();
    }
    await rename(unfinished, join(directory, name));
    await using folder = await open(directory, 'r');
    await folder.sync();
  });
}

/** Adds to a file of a result, so that a reader elsewhere sees it now. */
export async function append(directory: string, name: string, text: string): Promise<void> {
  await orNotWritten(directory, async () => {
    await using file = await open(join(directory, name), 'a');
    await file.writeFile(text);
    await file.datasync();
  });
}

async function orNotWritten(directory: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    throw new JobError(73, `The result cannot be written to ${directory}: ${reason}.`, { cause: err });
  }
}
