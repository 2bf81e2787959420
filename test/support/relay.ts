import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A line to a server that can be cut, and can fall silent, without the server's knowing. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Ends all connections and refuses new ones until `restore`. */
  cut(): Promise<void>;
  /** Accepts connections and carries nothing: as if the other host had lost its power. */
  silence(): void;
  restore(): Promise<void>;
}

export async function aRelay(host: string, port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let silent = false;

  const server = createServer((near) => {
    const far = connect(port, host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!silent) to.write(bytes);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        if (!silent) to.destroy();
      });
    }
  });
  const listen = async (on: number) => {
    server.listen(on, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const own = await listen(0);
  const cut = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port: own,
    cut,
    silence: () => {
      silent = true;
    },
    async restore() {
      silent = false;
      for (const socket of sockets) socket.destroy();
      if (!server.listening) await listen(own);
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await cut();
    },
  };
}
