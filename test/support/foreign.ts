import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** A foreign program; `ended` tells its exit code and what it said. It is killed with the test. */
export function program(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const ended = new Promise<{ code: number | null; said: string }>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, said }));
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return { ended, kill, said: () => said, signal: (name: NodeJS.Signals) => child.kill(name) };
}

/** A foreign server, once it answers at its port. */
export async function server(port: number, command: string, args: readonly string[]) {
  const running = program(command, args);
  const died = running.ended.then(({ said }) => {
    throw new Error(`${command} ended: ${said}`);
  });
  died.catch(() => undefined);
  await Promise.race([vi.waitUntil(() => answers(port), { timeout: 20_000, interval: 100 }), died]);
  return running;
}
