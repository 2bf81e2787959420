/** Single-precision numbers as text: little-endian, in base64. */
export function textOfFloats(values: Float32Array): string {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
  return bytes.toString('base64');
}

/** The inverse of `textOfFloats`. Throws where the text does not hold whole numbers. */
export function floatsOfText(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0)
    throw new Error(`${bytes.length} bytes are no whole number of single-precision numbers.`);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
