import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { thumbprintOf } from './certificate.ts';
import { firstLength } from './der.ts';

export type Shelf = 'trusted' | 'rejected' | 'issuer';

export interface Shelved {
  readonly certificate: X509Certificate;
  readonly thumbprint: string;
  readonly shelf: Shelf;
  readonly file: string;
}

const SHELVES: readonly Shelf[] = ['trusted', 'rejected', 'issuer'];

/** Servers that nobody trusts may be many, or one that changes its mind: the newest are kept. */
const MOST_REJECTED = 100;

/** The layout that other OPC UA applications have too. */
export const shelfFolder = (pki: string, shelf: Shelf): string => {
  if (shelf === 'rejected') return join(pki, 'rejected');
  return join(pki, shelf === 'trusted' ? 'trusted' : 'issuers', 'certs');
};
const crlFolders = (pki: string) => [join(pki, 'issuers', 'crl'), join(pki, 'trusted', 'crl')];

/** All certificates of others. What is no certificate is passed over. */
export async function shelved(pki: string): Promise<Shelved[]> {
  const found = await Promise.all(
    SHELVES.map(async (shelf) =>
      (await filesIn(shelfFolder(pki, shelf))).flatMap(({ file, data }) => {
        const certificate = parsed(data);
        return certificate === null
          ? []
          : [{ certificate, thumbprint: thumbprintOf(certificate), shelf, file }];
      }),
    ),
  );
  return found.flat();
}

/** DER of the revocation lists. */
export async function revocationLists(pki: string): Promise<Buffer[]> {
  const files = await Promise.all(crlFolders(pki).map(filesIn));
  return files.flat().map(({ data }) => derOf(data));
}

/** Puts a certificate on a shelf, and takes it off the others. */
export async function shelve(pki: string, certificate: X509Certificate, shelf: Shelf): Promise<void> {
  const thumbprint = thumbprintOf(certificate);
  const folder = shelfFolder(pki, shelf);
  // All of them, for people who move files by hand.
  const folders = [...SHELVES.map((one) => shelfFolder(pki, one)), ...crlFolders(pki)];
  await Promise.all(folders.map((one) => mkdir(one, { recursive: true })));
  const draft = join(folder, `.${thumbprint}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  await writeFile(draft, certificate.toString(), { flush: true });
  await rename(draft, join(folder, `${thumbprint}.pem`));
  const kept = join(folder, `${thumbprint}.pem`);
  await Promise.all(
    (await shelved(pki))
      .filter((one) => one.thumbprint === thumbprint && one.file !== kept)
      .map(({ file }) => rm(file, { force: true })),
  );
  if (shelf === 'rejected') await forgetOldest(folder);
}

/** Whether there was one. */
export async function unshelve(pki: string, thumbprint: string): Promise<boolean> {
  const files = (await shelved(pki)).filter((one) => one.thumbprint === thumbprint);
  await Promise.all(files.map(({ file }) => rm(file, { force: true })));
  return files.length > 0;
}

async function forgetOldest(folder: string): Promise<void> {
  const files = await filesIn(folder);
  if (files.length <= MOST_REJECTED) return;
  const aged = await Promise.all(
    files.map(async ({ file }) => ({ file, at: (await stat(file).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const oldest = aged.sort((a, b) => a.at - b.at).slice(0, files.length - MOST_REJECTED);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}

async function filesIn(folder: string): Promise<{ file: string; data: Buffer }[]> {
  const read = (await namesIn(folder))
    .filter((name) => !name.startsWith('.'))
    .map(async (name) => {
      const file = join(folder, name);
      // Another thread may have moved it meanwhile.
      const data = await readFile(file).catch(() => null);
      return data === null ? [] : [{ file, data }];
    });
  return (await Promise.all(read)).flat();
}

/** A folder that is not there yet is empty. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw err;
  }
}

function parsed(data: Buffer): X509Certificate | null {
  try {
    return new X509Certificate(data);
  } catch {
    return null;
  }
}

/** PEM or DER. */
function derOf(data: Buffer): Buffer {
  const pem = /-----BEGIN [^-]+-----([^-]+)-----END/.exec(data.toString('latin1'));
  return pem === null ? data : Buffer.from(pem[1] ?? '', 'base64');
}

/** A server may send its chain: certificate after certificate, its own first (OPC 10000-6, 6.2.6). */
export function chainIn(der: Buffer): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let rest = der; rest.length > 0;) {
    const length = firstLength(rest);
    chain.push(new X509Certificate(rest.subarray(0, length)));
    rest = rest.subarray(length);
  }
  return chain;
}
