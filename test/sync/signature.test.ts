import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  contentDigest,
  isSignedBy,
  parseClaim,
  checkContent,
  readSignature,
  signatureBase,
  SignatureRefused,
  signRequest,
} from '../../sync/signature.ts';
import type { Message } from '../../sync/signature.ts';

// RFC 9421, B.1.4 and B.2.6.
const RFC_KEY = createPrivateKey(
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n',
);
const RFC_PARAMS =
  '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
const RFC_SIGNATURE =
  'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';
const rfcHeaders: Record<string, string> = {
  date: 'Tue, 20 Apr 2021 02:07:55 GMT',
  'content-type': 'application/json',
  'content-length': '18',
};
const rfcMessage: Message = {
  method: 'POST',
  authority: 'example.com',
  path: '/foo',
  query: '?param=Value&Pet=dog',
  header: (name) => rfcHeaders[name],
};

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const body = Buffer.from('a payload');
const request = { method: 'POST', authority: 'centre:8090', path: '/sync/v1/x', query: '?n=1', body };
const fresh = { created: 1_700_000_000, nonce: 'abcdefghijklmnopqrst' };
const headers = signRequest(request, { keyId: 'site', key: privateKey }, fresh);

const received = (changed: Partial<Message> & { headers?: Record<string, string> } = {}): Message => {
  const all: Record<string, string> = { ...headers, ...changed.headers };
  return { ...request, header: (name) => all[name], ...changed };
};

test('the example of RFC 9421 B.2.6 has the base and the signature that the RFC prints', () => {
  const claim = parseClaim(`sig-b26=${RFC_PARAMS}`, `sig-b26=:${RFC_SIGNATURE}:`);
  const base = signatureBase(rfcMessage, claim.components, claim.params);
  expect(base.split('\n').slice(0, 4)).toEqual([
    '"date": Tue, 20 Apr 2021 02:07:55 GMT',
    '"@method": POST',
    '"@path": /foo',
    '"@authority": example.com',
  ]);
  expect(sign(null, Buffer.from(base), RFC_KEY).toString('base64')).toBe(RFC_SIGNATURE);
  expect(isSignedBy(rfcMessage, claim, createPublicKey(RFC_KEY))).toBe(true);
});

test('a signed request is accepted as it was sent', () => {
  const { claim, ...by } = readSignature(received());
  expect(by).toEqual({ keyId: 'site', created: fresh.created, nonce: fresh.nonce });
  expect(isSignedBy(received(), claim, publicKey)).toBe(true);
});

test.each<[string, Partial<Message>]>([
  ['method', { method: 'GET' }],
  ['host', { authority: 'elsewhere:8090' }],
  ['path', { path: '/sync/v1/y' }],
  ['query', { query: '?n=2' }],
])('a request whose %s was changed on the way is not the one that was signed', (_, changed) => {
  expect(isSignedBy(received(changed), readSignature(received(changed)).claim, publicKey)).toBe(false);
});

test('a request whose content was changed on the way is refused', () => {
  expect(() => checkContent(received(), Buffer.from('b payload'))).toThrow(/Content-Digest/);
});

test('changing the digest along with the content breaks the signature', () => {
  const forged = Buffer.from('b payload');
  const message = received({ headers: { 'content-digest': contentDigest(forged) } });
  expect(isSignedBy(message, readSignature(message).claim, publicKey)).toBe(false);
});

test("another key's signature is not accepted", () => {
  const other = generateKeyPairSync('ed25519').publicKey;
  expect(isSignedBy(received(), readSignature(received()).claim, other)).toBe(false);
});

test.each([
  [
    'does not cover the query',
    '("@method" "@authority" "@path" "content-digest");created=1;nonce="0123456789abcdef";keyid="s"',
    /@query/,
  ],
  ['covers a component twice', '("@method" "@method");created=1', /twice/],
  ['names another algorithm', '("@method");alg="rsa-pss-sha512"', /Ed25519/],
  ['gives a parameter twice', '("@method");created=1;created=2', /twice/],
  ['expires, which we would have to honour', '("@method");expires=1', /malformed/],
  ['has no nonce', '("@method" "@authority" "@path" "@query" "content-digest");created=1;keyid="s"', /nonce/],
])('a signature that %s is refused', (_, params, reason) => {
  const message = received({ headers: { 'signature-input': `sig=${params}` } });
  expect(() => readSignature(message)).toThrow(reason);
});

test('whatever stands in the two headers, reading them refuses or returns, and soon', () => {
  const piece = fc.constantFrom(
    'sig=',
    '("@method"',
    ' "@path"',
    ')',
    ';created=1',
    ';keyid="a"',
    ';;',
    '"',
    ':AAAA:',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, text, (input, signature) => {
      try {
        const claim = parseClaim(input, signature);
        expect(claim.params.startsWith('(')).toBe(true);
      } catch (err) {
        expect(err).toBeInstanceOf(SignatureRefused);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('each request that is signed reads back as signed by its key, whatever it holds', () => {
  const token = fc.stringMatching(/^[A-Za-z0-9_-]{16,40}$/);
  const part = fc.webPath();
  fc.assert(
    fc.property(part, token, fc.uint8Array(), fc.nat(), (path, nonce, content, created) => {
      const any = { method: 'POST', authority: 'h', path: `/${path}`, query: '?', body: content };
      const signed: Record<string, string> = signRequest(
        any,
        { keyId: nonce, key: privateKey },
        { created, nonce },
      );
      const message: Message = { ...any, header: (name) => signed[name] };
      const by = readSignature(message);
      expect([by.keyId, by.created, isSignedBy(message, by.claim, publicKey)]).toEqual([
        nonce,
        created,
        true,
      ]);
    }),
    { numRuns: 100 },
  );
});
