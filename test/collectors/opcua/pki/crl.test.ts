import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFrom, isRevoked, readRevocationList } from '../../../../collectors/opcua/pki/crl.ts';
import { element, elements } from '../../../../collectors/opcua/pki/der.ts';
import { aCertificate, aRevocationList } from '../../../support/opcua-certificates.ts';

const authority = aCertificate({ name: 'Authority', authority: true });
const lost = aCertificate({ by: authority });

test('a revocation list says whom its authority has taken back', () => {
  const list = readRevocationList(aRevocationList(authority, [lost.certificate]));
  expect(list).not.toBeNull();
  expect(isFrom(list!, authority.certificate)).toBe(true);
  expect(isRevoked(list!, lost.certificate)).toBe(true);
  expect(isRevoked(list!, authority.certificate)).toBe(false);
});

test('a list that was changed on its way is from nobody, whichever byte it was, and no bytes break the reader', () => {
  const good = aRevocationList(authority, [lost.certificate]);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bad = Buffer.from(good);
      bad[at]! ^= change;
      const list = readRevocationList(bad);
      return (
        list === null ||
        !isFrom(list, authority.certificate) ||
        list.signed.equals(readRevocationList(good)!.signed)
      );
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readRevocationList(Buffer.from(bytes));
    }),
  );
});

test('DER elements of any size are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 70_000 }), { maxLength: 4 }), (contents) => {
      const written = Buffer.concat(contents.map((content) => element(0x04, content)));
      expect(elements(written).map(({ content }) => new Uint8Array(content))).toEqual(
        contents.map((content) => new Uint8Array(content)),
      );
    }),
    { numRuns: 50 },
  );
});
