import { createHash, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** The part of an HTTP message that is signed. `header` takes names in small letters. */
export interface Message {
  readonly method: string;
  /** The Host header. */
  readonly authority: string;
  readonly path: string;
  /** With its question mark; only that where there is none (RFC 9421, 2.2.7). */
  readonly query: string;
  header(name: string): string | undefined;
}

/** A parsed Signature-Input with its Signature (RFC 9421, 4.1 and 4.2), not yet verified. */
export interface Claim {
  readonly components: readonly string[];
  /** The value of `@signature-params`, as received. */
  readonly params: string;
  readonly keyId: string | undefined;
  /** Seconds since the epoch. */
  readonly created: number | undefined;
  readonly nonce: string | undefined;
  readonly signature: Buffer;
}

/** The request is not signed as it must be; the message says how not. */
export class SignatureRefused extends Error {
  override name = 'SignatureRefused';
}

/** RFC 9421, 2.5: one line a component, and the parameters last. */
export function signatureBase(message: Message, components: readonly string[], params: string): string {
  const lines = components.map((name) => `"${name}": ${componentValue(message, name)}`);
  return [...lines, `"@signature-params": ${params}`].join('\n');
}

/** RFC 9421, 2.1 and 2.2. */
function componentValue(message: Message, name: string): string {
  switch (name) {
    case '@method':
      return message.method;
    case '@authority':
      return message.authority.toLowerCase();
    case '@path':
      return message.path;
    case '@query':
      return message.query;
    default: {
      const value = name.startsWith('@') ? undefined : message.header(name);
      if (value === undefined) throw new SignatureRefused(`The signed component "${name}" is not there.`);
      return value.trim();
    }
  }
}

/** RFC 9530: the digest of the content, also of an empty one. */
export const contentDigest = (body: Uint8Array): string =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

const COVERED = ['@method', '@authority', '@path', '@query', 'content-digest'] as const;

export interface Signer {
  readonly keyId: string;
  readonly key: KeyObject;
}

/** The three headers that sign a request. */
export function signRequest(
  request: Omit<Message, 'header'> & { readonly body: Uint8Array },
  signer: Signer,
  freshness: { readonly created: number; readonly nonce: string },
): Record<'content-digest' | 'signature-input' | 'signature', string> {
  const digest = contentDigest(request.body);
  const message: Message = {
    ...request,
    header: (name) => (name === 'content-digest' ? digest : undefined),
  };
  const params =
    `(${COVERED.map((name) => `"${name}"`).join(' ')})` +
    `;created=${freshness.created};nonce="${freshness.nonce}";keyid="${signer.keyId}";alg="ed25519"`;
  const signature = signBytes(null, Buffer.from(signatureBase(message, COVERED, params)), signer.key);
  return {
    'content-digest': digest,
    'signature-input': `sig=${params}`,
    signature: `sig=:${signature.toString('base64')}:`,
  };
}

// RFC 8941 in the canonical form that RFC 9421 asks to sign; one signature, no component parameters,
// and none of the parameters that we would have to honour but do not know (`expires`, `tag`).
const INPUT =
  /^([a-z*][a-z0-9_.*-]{0,63})=(\((?:"[@a-z0-9-]{1,64}"(?: "[@a-z0-9-]{1,64}")*)?\)((?:;(?:created|nonce|keyid|alg)=(?:"[\x20\x21\x23-\x5b\x5d-\x7e]{0,256}"|\d{1,15}))*))$/;
const SIGNATURE = /^([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]{1,200}={0,2}):$/;

/** Reads the two signature headers. */
export function parseClaim(input: string | undefined, signature: string | undefined): Claim {
  if (input === undefined || signature === undefined)
    throw new SignatureRefused(
      'The request is not signed: it needs Signature-Input and Signature (RFC 9421).',
    );
  const { params, list, rest, base64 } = split(input, signature);
  const components = [...list.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
  if (new Set(components).size < components.length)
    throw new SignatureRefused('A component is signed twice (RFC 9421, 2.5).');
  const given = parameters(rest);
  if ((given.get('alg') ?? 'ed25519') !== 'ed25519')
    throw new SignatureRefused('The signature must be Ed25519.');
  return {
    components,
    params,
    keyId: given.get('keyid'),
    created: given.has('created') ? Number(given.get('created')) : undefined,
    nonce: given.get('nonce'),
    signature: Buffer.from(base64, 'base64'),
  };
}

const LONGEST_INPUT = 2_000;

function split(input: string, signature: string) {
  const malformed = new SignatureRefused('Signature-Input or Signature is malformed.');
  if (input.length > LONGEST_INPUT) throw malformed;
  const [, label, params, rest] = INPUT.exec(input) ?? [];
  const [, signatureLabel, base64] = SIGNATURE.exec(signature) ?? [];
  if (params === undefined || rest === undefined || base64 === undefined) throw malformed;
  if (label !== signatureLabel) throw malformed;
  return { params, rest, base64, list: params.slice(0, params.length - rest.length) };
}

function parameters(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, number] of text.matchAll(/;([a-z]+)=(?:"([^"]*)"|(\d+))/g)) {
    if (found.has(name)) throw new SignatureRefused(`The parameter '${name}' is there twice.`);
    found.set(name, quoted ?? number ?? '');
  }
  return found;
}

/** True if `key` made the claim's signature over this message. */
export const isSignedBy = (message: Message, claim: Claim, key: KeyObject): boolean =>
  verifyBytes(
    null,
    Buffer.from(signatureBase(message, claim.components, claim.params)),
    key,
    claim.signature,
  );

/** Who signed when: what is left to check is the key, the clock and that the nonce is new. */
export interface SignedBy {
  readonly claim: Claim;
  readonly keyId: string;
  readonly created: number;
  readonly nonce: string;
}

/** Checks all of a request's signature that needs neither its key nor its content. */
export function readSignature(message: Message): SignedBy {
  const claim = parseClaim(message.header('signature-input'), message.header('signature'));
  const missing = COVERED.filter((name) => !claim.components.includes(name));
  if (missing.length > 0) throw new SignatureRefused(`The signature does not cover ${missing.join(', ')}.`);
  const { keyId, created, nonce } = claim;
  if (keyId === undefined || created === undefined || nonce === undefined || nonce.length < 16)
    throw new SignatureRefused('The signature needs keyid, created, and a nonce of 16 characters or more.');
  return { claim, keyId, created, nonce };
}

/** Checks that this is the content whose digest was signed. */
export function checkContent(message: Pick<Message, 'header'>, body: Uint8Array): void {
  if (message.header('content-digest')?.trim() !== contentDigest(body))
    throw new SignatureRefused('Content-Digest is not the SHA-256 digest of the content (RFC 9530).');
}
