/** The device answered, but with an exception (Modbus Application Protocol V1.1b3, section 7). */
export class Exception extends Error {
  override name = 'Exception';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
/** Nothing came within the time-out. */
export class Silence extends Error {
  override name = 'Silence';
}
/** What came is no answer to what was asked. */
export class Garbled extends Error {
  override name = 'Garbled';
}
/** The connection is gone, or of no use any more. */
export class Closed extends Error {
  override name = 'Closed';
}

/** Exception codes by what they mean for the one who asked. */
export const ILLEGAL_FUNCTION = 1;
export const ACKNOWLEDGED = 5;
export const BUSY = 6;
/** Illegal function, address or value: the request itself is at fault, not the moment. */
export const REFUSALS: readonly number[] = [ILLEGAL_FUNCTION, 2, 3];
/** A gateway says that the unit behind it is away. */
export const UNIT_AWAY: readonly number[] = [10, 11];

export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
