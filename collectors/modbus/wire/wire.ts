/** What carries bytes to a device: a socket, or a serial port. Never opened twice. */
export interface Wire extends AsyncDisposable {
  send(bytes: Uint8Array): void;
}

/** What a wire tells. After `ended` it says nothing more. */
export interface Ears {
  heard(bytes: Uint8Array): void;
  ended(why: string): void;
}
