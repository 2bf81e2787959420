import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fault, ok, reasonOf } from './finding.ts';
import type { Finding } from './finding.ts';

const LISTENING = '0A';

/** The sockets that listen on a port, by their inodes: /proc/net/tcp and tcp6, see proc(5). */
async function listeners(port: number): Promise<string[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`) === true && fields[3] === LISTENING)
    .flatMap((fields) => fields[9] ?? []);
}

async function hasSocket(pid: string, names: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const files = await readdir(folder).catch(() => []);
  for (const file of files) if (names.has(await readlink(`${folder}/${file}`).catch(() => ''))) return true;
  return false;
}

/** `node (process 123)`; undefined where it cannot be seen, as with other users' processes. */
export async function holderOf(port: number): Promise<string | undefined> {
  const names = new Set((await listeners(port)).map((inode) => `socket:[${inode}]`));
  if (names.size === 0) return undefined;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (!(await hasSocket(pid, names))) continue;
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')).trim();
    return `${name} (process ${pid})`;
  }
  return undefined;
}

/** Whether the daemon could listen here. While it runs, it does: then `running` says so. */
export async function checkPort(
  name: string,
  { host, port }: { readonly host: string; readonly port: number },
  running: boolean,
): Promise<Finding> {
  const check = `port ${port}`;
  if (port === 0) return ok(check, `${name} takes any port that is free.`);
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return running
      ? fault(check, `${name} runs, but does not listen on ${host}:${port}.`, 'Look into its log.')
      : ok(check, `${host}:${port} is free for ${name}.`);
  } catch (err) {
    return refused(check, `${host}:${port}`, err, running ? name : undefined);
  }
}

async function refused(
  check: string,
  place: string,
  err: unknown,
  runs: string | undefined,
): Promise<Finding> {
  const { code, port } = err as { code?: string; port?: number };
  if (code === 'EADDRINUSE') {
    const holder = (await holderOf(port ?? 0)) ?? 'a program of another user';
    if (runs !== undefined) return ok(check, `${runs} runs and has ${place}: ${holder}.`);
    return fault(
      check,
      `${place} is in use by ${holder}.`,
      "End it, or set another 'port' in the configuration.",
    );
  }
  if (code === 'EACCES')
    return fault(
      check,
      `${place} needs a right that this user does not have.`,
      'Take a port from 1024 on, with a reverse proxy or a socket unit before it.',
    );
  return fault(
    check,
    `${place} cannot be listened on: ${reasonOf(err)}.`,
    "Set 'host' to an address of this machine.",
  );
}
