import { createPrivateKey, generateKeyPair, randomUUID, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { applicationUriOf, hostsOf, makeCertificate } from './certificate.ts';
import { namesIn } from './store.ts';

/** A certificate with its private key. */
export interface Own {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}
export interface Identity {
  readonly current: Own;
  /** The one before, while it is valid: servers know it until a person has shown them the new one. */
  readonly previous: Own | null;
}

const DAY_MS = 86_400_000;
const RENEW_AHEAD_MS = 30 * DAY_MS;
const VALID_MS = 5 * 365 * DAY_MS;
/** Clocks of servers go wrong; a certificate is not to begin in their future. */
const BACKDATED_MS = DAY_MS;
const ONLY_MINE = 0o600;

/** Each certificate with its key is one file, numbered; the highest number counts. None is ever written twice. */
const privateFolder = (pki: string) => join(pki, 'own', 'private');
const fileOf = (pki: string, generation: number) =>
  join(privateFolder(pki), `identity-${String(generation).padStart(4, '0')}.pem`);
/** For people who have to show it to a server. */
export const ownCertificateFile = (pki: string): string =>
  join(pki, 'own', 'certs', 'client_certificate.pem');

/**
 * The gateway's own certificate: made once, renewed before it expires. Sources that start at the same time in several
 * threads get the same one: a generation belongs to whoever links its file first.
 */
export async function ownIdentity(pki: string, now = Date.now()): Promise<Identity> {
  const newest = await newestGeneration(pki);
  if (newest === 0) {
    await add(pki, 1, (await adopted(pki)) ?? (await make(null, now)));
    return ownIdentity(pki, now);
  }
  const current = await read(fileOf(pki, newest));
  if (until(current) - now < RENEW_AHEAD_MS) {
    await add(pki, newest + 1, await make(current.certificate, now));
    return ownIdentity(pki, now);
  }
  const previous = newest > 1 ? await read(fileOf(pki, newest - 1)) : null;
  return { current, previous: previous !== null && until(previous) > now ? previous : null };
}

/** Makes a new certificate for the same application, whatever the age of the old one, which is kept. */
export async function renewOwn(pki: string, now = Date.now()): Promise<Own> {
  const { current } = await ownIdentity(pki, now);
  await add(pki, (await newestGeneration(pki)) + 1, await make(current.certificate, now));
  return (await ownIdentity(pki, now)).current;
}

const until = ({ certificate }: Own): number => Date.parse(certificate.validTo);

async function newestGeneration(pki: string): Promise<number> {
  const names = await namesIn(privateFolder(pki));
  return Math.max(0, ...names.map((name) => Number(/^identity-(\d+)\.pem$/.exec(name)?.[1] ?? 0)));
}

async function read(file: string): Promise<Own> {
  try {
    const text = await readFile(file, 'utf8');
    const own = { certificate: new X509Certificate(text), key: createPrivateKey(text) };
    if (own.certificate.checkPrivateKey(own.key)) return own;
    throw new Error('its key does not belong to its certificate');
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    throw new Error(
      `The gateway's own certificate ${file} cannot be used (${why}). Restore it, or remove it for a new one.`,
      { cause: err },
    );
  }
}

/** A gateway that was set up with the library's own store keeps the certificate that its servers trust. */
async function adopted(pki: string): Promise<Own | null> {
  try {
    const certificate = new X509Certificate(await readFile(ownCertificateFile(pki)));
    const key = createPrivateKey(await readFile(join(privateFolder(pki), 'private_key.pem')));
    return certificate.checkPrivateKey(key) ? { certificate, key } : null;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`The certificate in ${join(pki, 'own')} cannot be read. Restore it, or remove it.`, {
      cause: err,
    });
  }
}

async function make(old: X509Certificate | null, now: number): Promise<Own> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const host = hostname();
  const oldUri = old === null ? '' : applicationUriOf(old);
  const subject = {
    name: `Penstock@${host}`,
    organization: 'Penstock',
    applicationUri: oldUri === '' ? `urn:${host}:Penstock` : oldUri,
    hosts: [...new Set([host, ...(old === null ? [] : hostsOf(old))])].filter((name) => !/[:\s]/.test(name)),
  };
  const certificate = makeCertificate({
    ...{ subject, publicKey, signer: { key: privateKey } },
    validFrom: new Date(now - BACKDATED_MS),
    validTo: new Date(now + VALID_MS),
  });
  return { certificate, key: privateKey };
}

/** Complete or not at all; a generation that is there already stays. */
async function add(pki: string, generation: number, { certificate, key }: Own): Promise<void> {
  await mkdir(privateFolder(pki), { recursive: true, mode: 0o700 });
  const text = `${String(key.export({ type: 'pkcs8', format: 'pem' }))}${certificate.toString()}`;
  const draft = join(privateFolder(pki), `.${randomUUID()}`);
  await writeFile(draft, text, { mode: ONLY_MINE, flush: true });
  try {
    await link(draft, fileOf(pki, generation));
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err;
  } finally {
    await rm(draft);
  }
  await show(pki, generation);
}

async function show(pki: string, generation: number): Promise<void> {
  const { certificate } = await read(fileOf(pki, generation));
  await mkdir(join(pki, 'own', 'certs'), { recursive: true });
  const draft = `${ownCertificateFile(pki)}.${randomUUID()}`;
  await writeFile(draft, certificate.toString(), { flush: true });
  await rename(draft, ownCertificateFile(pki));
}
