import { mismatch, MOST_ADU } from './framing.ts';
import type { Arrival, Framing } from './framing.ts';

/** Modbus over Serial Line V1.02, 2.5.2.1: a colon, two characters for each byte and the check sum, CR LF. */
const LONGEST = 1 + 2 * (MOST_ADU + 1) + 2;
const LINE_END = '\r\n';

/** Modbus over Serial Line V1.02, 6.2.1. */
const lrc = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

export function asciiFrame(adu: Uint8Array): Uint8Array {
  const bytes = Buffer.concat([adu, Uint8Array.of(lrc(adu))]);
  return Buffer.from(`:${bytes.toString('hex').toUpperCase()}${LINE_END}`, 'latin1');
}

/** Unit and PDU of the newest frame in a line; undefined: there is none. */
function aduIn(line: string): Uint8Array | undefined {
  const digits = line.slice(line.lastIndexOf(':') + 1);
  if (!line.includes(':') || !/^([0-9A-Fa-f]{2}){3,255}$/.test(digits)) return undefined;
  const bytes = Buffer.from(digits, 'hex');
  const adu = bytes.subarray(0, -1);
  return lrc(adu) === bytes.at(-1) ? adu : undefined;
}

export function ascii(): Framing {
  let asked: Uint8Array | undefined;
  let kept = '';

  const arrival = (line: string): Arrival => {
    const adu = aduIn(line);
    if (adu === undefined)
      return { type: 'stray', what: `a line of ${line.length} characters that is no frame` };
    const why = asked === undefined ? 'nothing was asked' : mismatch(asked, adu);
    if (why !== undefined || isEcho(asked, adu)) {
      return { type: 'stray', what: `a frame that is no reply: ${why ?? 'the request came back'}` };
    }
    asked = undefined;
    return { type: 'reply', adu };
  };

  return {
    send(adu) {
      asked = Uint8Array.from(adu);
      kept = '';
      return asciiFrame(adu);
    },
    torn: false,
    take(bytes) {
      kept += Buffer.from(bytes).toString('latin1');
      const lines = kept.split(LINE_END);
      kept = lines.pop() ?? '';
      const arrivals = lines.map(arrival);
      if (kept.length > LONGEST) {
        arrivals.push({ type: 'stray', what: `${kept.length} characters without an end of line` });
        kept = kept.slice(-LONGEST);
      }
      return arrivals;
    },
  };
}

const isEcho = (request: Uint8Array | undefined, adu: Uint8Array): boolean =>
  request !== undefined && (request[1] ?? 0) <= 4 && Buffer.compare(request, adu) === 0;
