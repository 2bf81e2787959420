import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Answer, WebRequest } from './server.ts';

/** The files of a built folder, in memory. */
export interface Static {
  /** What the screens call their build: a newer one makes them offer a reload. */
  readonly build: string;
  answer(segments: readonly string[], request: Pick<WebRequest, 'method' | 'headers'>): Answer | undefined;
}

interface File {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly plain: Uint8Array;
  readonly brotli: Uint8Array | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
/** `/assets/main-B3x_9aZk.js`: the name changes with the content. */
const HASHED = /^assets\/.+-[\w-]{8,}\.\w+$/;
const NOT_BUILT = 'The screens are not built. Run npm run build, then start again.';

/** Reads a folder once. A path without a file extension is a page of the app: it gets index.html. */
export async function loadStatic(folder: string): Promise<Static> {
  const files = new Map<string, File>();
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of names) {
    const full = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, full).split(path.sep).join('/');
    if (entry.isFile() && !name.endsWith('.br')) files.set(name, await readStatic(full, name));
  }
  const index = files.get('index.html');
  const build = /<meta name="build" content="([\w-]+)"/.exec(Buffer.from(index?.plain ?? []).toString())?.[1];

  return {
    build: build ?? 'unknown',
    answer(segments, request) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
      const name = segments.join('/');
      const file = files.get(name) ?? (path.extname(name) === '' ? index : undefined);
      if (file !== undefined) return answerFile(file, request);
      if (index !== undefined || path.extname(name) !== '') return undefined;
      return { status: 503, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: NOT_BUILT };
    },
  };
}

async function readStatic(full: string, name: string): Promise<File> {
  const plain = await readFile(full);
  const brotli = await readFile(`${full}.br`).catch(() => undefined);
  return {
    plain,
    brotli,
    etag: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
    headers: {
      'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      'cache-control': HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(brotli === undefined ? {} : { vary: 'accept-encoding' }),
    },
  };
}

function answerFile({ plain, brotli, etag, headers }: File, request: Pick<WebRequest, 'headers'>): Answer {
  const packed = takesBrotli(request.headers.get('accept-encoding') ?? '') ? brotli : undefined;
  const tagged = { ...headers, etag: packed === undefined ? `"${etag}"` : `"${etag}-br"` };
  const known = request.headers.get('if-none-match')?.split(/\s*,\s*/) ?? [];
  if (known.includes(tagged.etag)) return { status: 304, headers: tagged };
  return packed === undefined
    ? { status: 200, headers: tagged, body: plain }
    : { status: 200, headers: { ...tagged, 'content-encoding': 'br' }, body: packed };
}

const takesBrotli = (accepted: string): boolean =>
  accepted.split(',').some((coding) => /^\s*br\s*(;\s*q=(?!0(\.0*)?\s*$)[\d.]+\s*)?$/i.test(coding));
