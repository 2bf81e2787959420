import type { ModbusAddress } from './address.ts';

type Order = Pick<ModbusAddress, 'words' | 'bytes'>;

/** Whether the bytes lie in the order of the value already: most significant first. */
export const isPlain = ({ words, bytes }: Order, registers: number): boolean =>
  bytes === 'big' && (words === 'big' || registers === 1);

/** A copy with the most significant byte first; the same once more gives the bytes as they lay. */
export function arranged(own: Uint8Array, { words, bytes }: Order): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(own);
  const reversed = words === 'little';
  if (reversed) copy.reverse(); // turns the words around, and the bytes in each
  if (reversed !== (bytes === 'little')) {
    for (let i = 0; i + 1 < copy.length; i += 2) copy.subarray(i, i + 2).reverse();
  }
  return copy;
}
