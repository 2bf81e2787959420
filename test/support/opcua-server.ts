import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface OpcuaServer extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  /** Gives a Double node another value; creates the node if it is not there. */
  readonly set: (node: string, value: number, more?: { status?: string; at?: number }) => Promise<void>;
  readonly setServiceLevel: (level: number) => Promise<void>;
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly kill: () => Promise<void>;
}

export const scratchFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'penstock-opcua-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
};

/** Starts the server of opcua-server-entry.ts in a process of its own. */
export async function opcuaServer(
  settings: {
    readonly port?: number;
    readonly itemsPerCall?: number;
    readonly capabilities?: Readonly<Record<string, number>>;
    readonly limits?: Readonly<Record<string, number>>;
    readonly strangers?: number;
    readonly types?: boolean;
  } = {},
): Promise<OpcuaServer> {
  const folder = await scratchFolder();
  const argument = JSON.stringify({ port: 0, ...settings, folder: folder.path });
  const child = fork(fileURLToPath(new URL('./opcua-server-entry.ts', import.meta.url)), [argument], {
    execArgv: ['--import', 'tsx/esm'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const died = exited.then(([code]) => {
    throw new Error(`The OPC UA server ended with code ${String(code)} before it was ready.`);
  });
  died.catch(() => undefined);
  const [ready] = (await Promise.race([once(child, 'message'), died])) as [{ port: number }];
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  let orders = 0;
  const order = async (what: Record<string, unknown>) => {
    const id = ++orders;
    const done = new Promise<void>((resolve) => {
      const listen = (message: { done?: number }) => {
        if (message.done !== id) return;
        child.off('message', listen);
        resolve();
      };
      child.on('message', listen);
    });
    child.send({ id, ...what });
    await done;
  };
  return {
    port: ready.port,
    endpoint: `opc.tcp://127.0.0.1:${ready.port}`,
    set: (node, value, more = {}) => order({ node, value, ...more }),
    setServiceLevel: (serviceLevel) => order({ serviceLevel }),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}
