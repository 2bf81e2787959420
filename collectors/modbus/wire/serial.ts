import type { SerialLine } from '../config.ts';
import type { Ears, Wire } from './wire.ts';

interface Bits extends Pick<SerialLine, 'path' | 'baudRate' | 'parity'> {
  readonly dataBits: 7 | 8;
  readonly stopBits: 1 | 2;
}

/** Eleven bits a character (Modbus over Serial Line V1.02, 2.5.1.1); above 19200 baud the pause is 1.75 ms. */
export const silenceMs = (baudRate: number): number => (baudRate > 19_200 ? 1.75 : (3.5 * 11_000) / baudRate);

/** What a line has where its settings say nothing (Modbus over Serial Line V1.02, 2.5.1.1 and 2.5.2.1). */
export const bitsOf = (line: SerialLine, transport: string): Bits => ({
  path: line.path,
  baudRate: line.baudRate,
  parity: line.parity,
  dataBits: line.dataBits ?? (transport === 'ascii' ? 7 : 8),
  stopBits: line.stopBits ?? (line.parity === 'none' ? 2 : 1),
});

/** Locks the port: two sources on one line would take each other's answers. */
export async function openSerial(bits: Bits, ears: Ears, signal: AbortSignal): Promise<Wire> {
  const { SerialPort } = await import('serialport');
  signal.throwIfAborted();
  const port = new SerialPort({ ...bits, lock: true, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((err) => {
      if (err === null) resolve();
      else reject(new Error(explained(bits.path, err.message), { cause: err }));
    });
  });
  let why = `${bits.path} was closed: the adapter may have been unplugged.`;
  let open = true;
  port.on('data', (bytes: Buffer) => ears.heard(bytes));
  port.on('error', (err) => (why = `${bits.path} failed: ${err.message}.`));
  port.on('close', () => {
    open = false;
    ears.ended(why);
  });

  return {
    send: (bytes) => void port.write(bytes),
    async [Symbol.asyncDispose]() {
      if (!open) return;
      await new Promise<void>((resolve) => port.close(() => resolve()));
    },
  };
}

function explained(path: string, message: string): string {
  if (/lock|temporarily unavailable|busy/i.test(message)) {
    return `${path} is in use by another source or program. One serial line is one source with many units: give its tags to that source, each with its unit.`;
  }
  if (/permission|denied|EACCES/i.test(message)) {
    return `${path} may not be opened: add the user of the gateway to the group of the device (dialout).`;
  }
  if (/no such file|ENOENT/i.test(message)) return `${path} does not exist: is the adapter plugged in?`;
  return message;
}
