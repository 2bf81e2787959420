import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Logger } from '../../platform/log.ts';

/** Keeps what can be neither stored nor passed on, for a person to look at. */
export interface Quarantine {
  /** How many pieces were put aside since the start. */
  readonly count: number;
  /** Settles when they are on the disk. */
  add(pieces: readonly Aside[]): Promise<void>;
}

export interface Aside {
  readonly what: 'reading' | 'alarm change' | 'damaged bytes';
  readonly content: unknown;
  readonly cause: unknown;
}

/** Numbers that JSON would make null stay visible. */
const visible = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

function lineOf({ what, content, cause }: Aside): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const shown = content instanceof Uint8Array ? Buffer.from(content).toString('base64') : content;
  return `${JSON.stringify({ at: new Date().toISOString(), what, cause: reason, content: shown }, visible)}\n`;
}

/** `quarantine.jsonl` in a folder: a line a piece. */
export function openQuarantine(folder: string, log: Logger): Quarantine {
  const file = join(folder, 'quarantine.jsonl');
  let count = 0;
  return {
    get count() {
      return count;
    },
    async add(pieces) {
      if (pieces.length === 0) return;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await using handle = await open(file, 'a', 0o600);
      await handle.appendFile(pieces.map(lineOf).join(''));
      await handle.datasync();
      crashPoint('quarantine.added');
      count += pieces.length;
      const what = Object.fromEntries(
        pieces.map((piece) => [piece.what, pieces.filter((each) => each.what === piece.what).length]),
      );
      log.error(
        { file, ...what, err: pieces[0]?.cause },
        'Data that cannot be stored was put aside. Look at the file, and report it.',
      );
    },
  };
}
