import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { freePort, program, server } from './foreign.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };
const inSystem = (file: string) => fileURLToPath(new URL(`../system/${file}`, import.meta.url));

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'penstock-modbus-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A serial line: two ends of a pair of pseudo terminals. `cut` is as if the adapter were unplugged. */
export async function serialPair() {
  const path = folder();
  const [near, far] = [join(path, 'near'), join(path, 'far')];
  const pty = (link: string) => `pty,raw,echo=0,link=${link}`;
  const running = program('socat', [pty(near), pty(far)]);
  await vi.waitUntil(() => existsSync(near) && existsSync(far), PATIENCE);
  return { near, far, cut: running.kill };
}

/** A server on pymodbus. */
export async function pymodbus(transport: 'tcp' | 'udp' | 'rtu' | 'ascii', place: string) {
  const words = [inSystem('modbus-server.py'), transport, place];
  return transport === 'tcp'
    ? server(Number(place), '/usr/bin/python3', words)
    : program('/usr/bin/python3', words);
}

/** A server on libmodbus, built here: at a port, or on a serial line as unit 1. */
export async function libmodbus(place?: string) {
  const command = join(folder(), 'server');
  execFileSync('gcc', ['-o', command, inSystem('modbus-libmodbus.c'), '-lmodbus'], { stdio: 'pipe' });
  const port = place === undefined ? await freePort() : 502;
  const running = place === undefined ? server(port, command, [String(port)]) : program(command, [place]);
  return { ...(await running), port };
}
