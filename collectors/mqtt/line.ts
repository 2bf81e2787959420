import type { Report } from '../collector.ts';
import type { Inlet } from './inlet.ts';
import type { Message, Outgoing, Publish } from './message.ts';

/** Where broker and client hand over what they hear. */
export interface Line {
  readonly receive: Inlet;
  /** Says that the other side is there, though it may have nothing to tell. */
  readonly alive: () => void;
  /** Called when the link is up; ends when `signal` aborts, after a farewell. */
  readonly attend: (publish: Publish, signal: AbortSignal) => Promise<void>;
  /** A message that is only looked at. */
  readonly overhear: (message: Message) => void;
  /** For a foreign broker. */
  readonly will: Outgoing | undefined;
  readonly report: Report;
}
