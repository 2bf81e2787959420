import { expect, test } from 'vitest';
import { createPasswords, DEFAULT_COST, refuseWeak } from '../../../platform/access/password.ts';
import { cheap } from '../../support/access.ts';

test('a password is recognised, another one is not, and nobody has one', async () => {
  const passwords = createPasswords(cheap);
  const stored = await passwords.hash('correct horse battery');
  expect(await passwords.verify('correct horse battery', stored)).toBe(true);
  expect(await passwords.verify('correct horse batterz', stored)).toBe(false);
  expect(await passwords.verify('correct horse battery', null)).toBe(false);
});

test('the hash tells its cost, and two hashes of one password differ', async () => {
  const passwords = createPasswords(cheap);
  const [one, other] = await Promise.all([
    passwords.hash('the same words'),
    passwords.hash('the same words'),
  ]);
  expect(one).toMatch(/^scrypt\$1024\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(one).not.toBe(other);
});

test('a hash of another cost is still verified, and known to be outdated', async () => {
  const stored = await createPasswords({ ...cheap, N: 512 }).hash('correct horse battery');
  const today = createPasswords(cheap);
  expect(await today.verify('correct horse battery', stored)).toBe(true);
  expect([today.isOutdated(stored), today.isOutdated(await today.hash('x'))]).toEqual([true, false]);
});

test('the default cost is within what a small machine can give', async () => {
  const passwords = createPasswords();
  expect(await passwords.hash('correct horse battery')).toContain(
    `scrypt$${DEFAULT_COST.N}$${DEFAULT_COST.r}$${DEFAULT_COST.p}$`,
  );
});

test('characters that look the same are the same', async () => {
  const passwords = createPasswords(cheap);
  expect(await passwords.verify('caf\u00e9 caf\u00e9', await passwords.hash('cafe\u0301 cafe\u0301'))).toBe(
    true,
  );
});

test('a flood of sign-ins is sent away instead of queueing for ever', async () => {
  const passwords = createPasswords(cheap);
  const all = await Promise.allSettled(Array.from({ length: 40 }, () => passwords.verify('guess', null)));
  const refused = all.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBe(18);
  expect(await passwords.verify('guess', null)).toBe(false);
});

test.for([
  ['aaaaaaaaaaaa', 'anna'],
  ['anna-the-great', 'Anna'],
  ['abcdefabcdef', 'anna'],
  ['123123123123', 'anna'],
])('%s is refused for %s', ([password, name]) => {
  expect(() => refuseWeak(password!, name!)).toThrow('too easy to guess');
});

test('a sentence is fine', () => {
  expect(() => refuseWeak('the reactor hums at noon', 'anna')).not.toThrow();
});
