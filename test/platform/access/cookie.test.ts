import { expect, test } from 'vitest';
import { sessionCookie } from '../../../platform/access/cookie.ts';

const [g, c] = ['g'.repeat(43), 'c'.repeat(43)];
const withCookies = (cookie: string) => ({ headers: new Map([['cookie', cookie]]) });

test('each daemon reads its own cookie and no other', () => {
  const request = withCookies(`theme=dark; penstock_central=${c}; penstock_gateway=${g}`);
  expect(sessionCookie('gateway', false, 1000).read(request)).toBe(g);
  expect(sessionCookie('central', false, 1000).read(request)).toBe(c);
  expect(sessionCookie('gateway', true, 1000).read(request)).toBeUndefined();
});

test('a cookie is out of reach of scripts and other sites, and over TLS bound to the host', () => {
  expect(sessionCookie('gateway', false, 60_000).give('s')).toBe(
    'penstock_gateway=s; Max-Age=60; Path=/; HttpOnly; SameSite=Strict',
  );
  expect(sessionCookie('central', true, 60_000).give('s')).toBe(
    '__Host-penstock_central=s; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure',
  );
});

test('a cookie that is taken back is empty and over at once', () => {
  expect(sessionCookie('gateway', false, 60_000).take()).toContain('penstock_gateway=; Max-Age=0;');
});

test.for(['', 'short', `${'x'.repeat(43)}=`, "' or 1=1 --"])(
  'a value that we never gave is no cookie: %s',
  (value) => {
    expect(
      sessionCookie('gateway', false, 1000).read(withCookies(`penstock_gateway=${value}`)),
    ).toBeUndefined();
  },
);
