import type { Point } from '../collector.ts';
import { exact } from '../value.ts';
import { isBitTable, registersOf } from './config.ts';
import type { ModbusAddress, RegisterType } from './config.ts';
import type { Request } from './plan.ts';

/** The values of a request's points, in their order, from the data bytes of its reply. Null: not a number. */
export const decode = (request: Request, bytes: Uint8Array): (number | string | null)[] =>
  request.points.map((point) =>
    isBitTable(request.table)
      ? bitAt(bytes, point.address.register - request.start)
      : decoders[point.address.type](registers(point, request.start, bytes), point.address.bit),
  );

const bitAt = (bytes: Uint8Array, index: number): number => ((bytes[index >> 3] ?? 0) >> (index & 7)) & 1;

/** A copy of the point's bytes, most significant first. */
function registers({ address }: Point<ModbusAddress>, start: number, bytes: Uint8Array): DataView {
  const from = (address.register - start) * 2;
  const own = bytes.slice(from, from + registersOf(address.type) * 2);
  const reversed = address.words === 'little';
  if (reversed) own.reverse(); // turns the words around, and the bytes in each
  if (reversed !== (address.bytes === 'little')) {
    for (let i = 0; i < own.length; i += 2) own.subarray(i, i + 2).reverse();
  }
  return new DataView(own.buffer, own.byteOffset, own.byteLength);
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

type Decoder = (view: DataView, bit: number | undefined) => number | string | null;
const decoders: Readonly<Record<RegisterType, Decoder>> = {
  bool: (view, bit) => (bit === undefined ? Math.sign(view.getUint16(0)) : (view.getUint16(0) >> bit) & 1),
  int16: (view) => view.getInt16(0),
  uint16: (view) => view.getUint16(0),
  int32: (view) => view.getInt32(0),
  uint32: (view) => view.getUint32(0),
  int64: (view) => exact(view.getBigInt64(0)),
  uint64: (view) => exact(view.getBigUint64(0)),
  float32: (view) => finite(view.getFloat32(0)),
  float64: (view) => finite(view.getFloat64(0)),
};
