import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { answers, freePort, program, server } from './foreign.ts';
import { aCertificate } from './opcua-certificates.ts';

/** A folder that is removed with the test. */
export function aTestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-mosquitto-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** mosquitto with persistence in a folder of its own. `lines` go on with its listener, and may add others. */
export async function aMosquitto(...lines: readonly string[]) {
  const folder = aTestFolder();
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  const always = ['allow_anonymous true', 'user root', 'persistence true', `persistence_location ${folder}/`];
  writeFileSync(file, [`listener ${port} 127.0.0.1`, ...lines, ...always, ''].join('\n'));
  const others = lines.flatMap((line) => /^listener (\d+)/.exec(line)?.[1] ?? []).map(Number);
  const start = async () => {
    const program = await server(port, 'mosquitto', ['-c', file]);
    for (const other of others) await vi.waitUntil(() => answers(other), { timeout: 10_000, interval: 20 });
    return program;
  };
  let running = await start();
  const database = join(folder, 'mosquitto.db');
  return {
    port,
    signal: (name: NodeJS.Signals) => running.signal(name),
    /** Waits until all it has is on the disk, ends it as a power cut would, and starts it again. */
    async killAndRestart() {
      const before = Date.now();
      running.signal('SIGUSR1');
      const onDisk = () => (statSync(database, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= before - 1;
      await vi.waitUntil(onDisk, { timeout: 10_000, interval: 10 });
      await running.kill();
      running = await start();
    },
  };
}

/** The program of mosquitto that publishes, with its answer. */
export const publish = (port: number, topic: string, ...more: readonly string[]) =>
  program('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), '-t', topic, ...more]);

/** One message a line, at QoS 1. */
export function publishLines(
  port: number,
  topic: string,
  lines: readonly string[],
  ...more: readonly string[]
) {
  const file = join(aTestFolder(), 'lines');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  const command = `exec mosquitto_pub -h 127.0.0.1 -p ${port} -t '${topic}' -q 1 -l ${more.join(' ')} <'${file}'`;
  return program('sh', ['-c', command]).ended;
}

/** The program of mosquitto that subscribes; it says each message on a line: topic, payload. */
export const subscribe = (port: number, topic: string, ...more: readonly string[]) =>
  program('mosquitto_sub', ['-h', '127.0.0.1', '-p', String(port), '-t', topic, '-v', ...more]);

/** The files of an authority, and of what it signed: for the host name `localhost`. */
export function someCertificates() {
  const folder = aTestFolder();
  const write = (name: string, text: string | Buffer) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const authority = (name: string) => aCertificate({ name, authority: true, bits: 2048 });
  const signed = (name: string, by: ReturnType<typeof authority>) => {
    const { certificate, key } = aCertificate({ name, by, bits: 2048, hosts: ['localhost'] });
    const secret = key.export({ type: 'pkcs8', format: 'pem' });
    return {
      certFile: write(`${name}.pem`, certificate.toString()),
      keyFile: write(`${name}.key`, secret),
    };
  };
  const [own, other] = [authority('Plant'), authority('Stranger')];
  return {
    caFile: write('plant.pem', own.certificate.toString()),
    otherCaFile: write('stranger.pem', other.certificate.toString()),
    broker: signed('broker', own),
    device: signed('device', own),
    stranger: signed('stranger-device', other),
  };
}
