import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { aFolder } from '../../support/folder.ts';
import { aWeb, raw, transports } from '../../support/web.ts';

describe.each(transports)('screens over %s', (transport) => {
  const built = async () => {
    const folder = await aFolder();
    await mkdir(path.join(folder.path, 'assets'));
    await writeFile(path.join(folder.path, 'index.html'), '<meta name="build" content="b1"><p>Penstock');
    await writeFile(path.join(folder.path, 'assets/main-B3x_9aZk.js'), 'plain');
    await writeFile(path.join(folder.path, 'assets/main-B3x_9aZk.js.br'), 'packed');
    return folder;
  };

  test('any page of the app is index.html, never cached, with the security headers', async () => {
    await using folder = await built();
    await using web = await aWeb({ transport, staticFolder: folder.path });
    for (const page of ['/', '/alarms', '/tags/Reactor%20pressure']) {
      const answer = await fetch(web.address + page);
      expect(await answer.text()).toContain('Penstock');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('an asset is cached for ever, and comes packed to whoever takes that', async () => {
    await using folder = await built();
    await using web = await aWeb({ transport, staticFolder: folder.path });
    const get = (headers: Record<string, string>) =>
      fetch(`${web.address}/assets/main-B3x_9aZk.js`, { headers });
    const plainly = await get({ 'accept-encoding': 'gzip, br;q=0' });
    expect(plainly.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await plainly.text()).toBe('plain');
    const asked = `GET /assets/main-B3x_9aZk.js HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\n\r\n`;
    const { text } = await raw(web.port, [asked], (got) => got.endsWith('packed'));
    expect(text.toLowerCase()).toContain('content-encoding: br');
    const again = await get({
      'accept-encoding': 'identity',
      'if-none-match': plainly.headers.get('etag') ?? '',
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test('a file that is not there is 404, not the app', async () => {
    await using folder = await built();
    await using web = await aWeb({ transport, staticFolder: folder.path });
    expect((await fetch(`${web.address}/assets/other.js`)).status).toBe(404);
    expect((await fetch(`${web.address}/assets/main-B3x_9aZk.js`, { method: 'POST' })).status).toBe(404);
  });

  test('screens that were never built are said to be missing, with the remedy', async () => {
    await using folder = await aFolder();
    await using web = await aWeb({ transport, staticFolder: folder.path });
    const answer = await fetch(web.address);
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('npm run build')]);
  });
});
