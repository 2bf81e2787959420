import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** An Ed25519 public key as it travels: SubjectPublicKeyInfo (RFC 8410) in base64. */
export const publicKeyText = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'spki' }).toString('base64');

/** The inverse of `publicKeyText`. Throws on anything but an Ed25519 key. */
export function publicKeyOf(text: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`The key is ${key.asymmetricKeyType ?? 'unknown'}; it must be Ed25519.`);
  return key;
}

export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

/** The centre's word that this artefact came out of that training. Bound to both: neither can be exchanged. */
export interface Seal {
  readonly sha256: string;
  readonly signature: string;
}

const sealed = (training: string, digest: string): Buffer =>
  Buffer.from(`penstock model 1\n${training}\n${digest}`);

export function sealModel(training: string, artefact: string, key: KeyObject): Seal {
  const digest = sha256(artefact);
  return { sha256: digest, signature: sign(null, sealed(training, digest), key).toString('base64') };
}

/** Why the seal does not hold, or null if it does. */
export function sealFault(training: string, artefact: string, seal: Seal, key: KeyObject): string | null {
  const digest = sha256(artefact);
  if (digest !== seal.sha256) return `The artefact's digest is ${digest}; ${seal.sha256} was announced.`;
  return verify(null, sealed(training, digest), key, Buffer.from(seal.signature, 'base64'))
    ? null
    : 'The signature is not the one of the centre that this site is enrolled at.';
}

const announced = (site: string, publicKey: string): Buffer =>
  Buffer.from(`penstock key 1\n${site}\n${publicKey}`);

/** A site's word, by the key itself, that it has the key which it announces. */
export const proveKey = (site: string, publicKey: string, key: KeyObject): string =>
  sign(null, announced(site, publicKey), key).toString('base64');

export function provesKey(site: string, publicKey: string, proof: string): boolean {
  try {
    return verify(null, announced(site, publicKey), publicKeyOf(publicKey), Buffer.from(proof, 'base64'));
  } catch {
    return false;
  }
}
