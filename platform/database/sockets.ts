import { Socket } from 'node:net';

/** Makes sockets and knows those that are open, also while they connect. */
export interface Sockets {
  readonly stream: () => Socket;
  /** Ends all that are open at once: whoever waits for an answer there waits no longer. */
  readonly cut: () => void;
}

export function countedSockets(): Sockets {
  const open = new Set<Socket>();
  return {
    stream() {
      const socket = new Socket();
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    cut() {
      for (const socket of open)
        socket.destroy(new Error('Connection terminated: the server did not answer the good-bye'));
    },
  };
}
