import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { plantOptions } from '../../../deploy/simulate/config.ts';
import { simulate } from '../../../deploy/simulate/main.ts';
import { runCommand } from '../../../platform/cli.ts';

const PENSTOCK = fileURLToPath(new URL('../../../deploy/penstock.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-simulate-'));
  writeFileSync(join(folder, 'password'), 'a-good-password\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const passwords = () => ({
  'opcua-password-file': join(folder, 'password'),
  'mqtt-password-file': join(folder, 'password'),
});
const flag = (values: Record<string, string>) =>
  Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);

/** Free ports, and no broker. */
const words = (over: Record<string, string> = {}) =>
  flag({
    data: folder,
    'opcua-port': '0',
    'modbus-port': '0',
    'mqtt-url': 'mqtt://127.0.0.1:1',
    ...passwords(),
    ...over,
  });

test(
  'the plant says when its servers are ready, and SIGTERM ends it within two seconds',
  { timeout: 60_000 },
  async () => {
    const child = spawn(process.execPath, [PENSTOCK, 'simulate', ...words()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    await expect.poll(() => output, { timeout: 50_000 }).toContain('MQTT: analysers publish to');
    const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    const asked = Date.now();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(Date.now() - asked).toBeLessThan(2000);
  },
);

test.each(['opcua', 'modbus'] as const)(
  'where the %s port is taken, the port and the remedy are named',
  async (server) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await runCommand(simulate, words({ [`${server}-port`]: String(port) }))).toBe(1);
    expect(said.mock.calls.flat()).toContain(
      `penstock simulate: Port ${port} is in use: end the program that holds it, or choose another with --${server}-port.\n`,
    );
    said.mockRestore();
    await new Promise((resolve) => other.close(resolve));
  },
);

test('without options the plant has the ports of the demo', () => {
  const defaults = Object.fromEntries(
    Object.entries(simulate.options).map(([name, option]) => [name, option.default]),
  );
  expect(plantOptions({ ...defaults, ...passwords() })).toMatchObject({
    host: '127.0.0.1',
    opcuaPort: 4840,
    modbusPort: 5020,
    opcua: { user: 'penstock', password: 'a-good-password' },
    broker: { url: 'mqtt://127.0.0.1:1883', user: 'field', password: 'a-good-password' },
    backlogHours: 6,
    backlogStepS: 10,
  });
});

test.each([
  [{ 'opcua-port': '70000' }, 64],
  [{ 'modbus-port': 'x' }, 64],
  [{ 'mqtt-url': 'http://broker' }, 64],
  [{ 'backlog-step-s': '0' }, 64],
  [{ 'opcua-password-file': '/nowhere/at/all' }, 1],
])('%o is refused before anything starts', async (wrong: Record<string, string>, code) => {
  expect(await runCommand(simulate, flag({ ...passwords(), ...wrong }))).toBe(code);
});
