import { createHash } from 'node:crypto';
import type { Series } from '../series.ts';
import { seriesBytes } from '../series.ts';

/** SHA-256 in hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What a model says it was trained on. */
export const dataHashOf = (series: Series): string => sha256(seriesBytes(series));
