import type { Report } from '../collector.ts';
import type { Inlet } from './inlet.ts';

/** Where broker and client hand over what they hear. */
export interface Line {
  readonly receive: Inlet;
  /** Says that the other side is there, though it may have nothing to tell. */
  readonly alive: () => void;
  readonly report: Report;
}
