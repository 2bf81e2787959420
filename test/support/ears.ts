import { pino } from 'pino';
import type { Raw } from '../../history/reading.ts';
import { linkView, observed, startedLink } from '../../gateway/runtime/status.ts';
import type { LinkEvent } from '../../gateway/runtime/status.ts';

/** What a source would be heard saying by the gateway. */
export function someEars(contactMs = 1000) {
  let link = startedLink(contactMs, Date.now());
  const batches: (readonly Raw[])[] = [];
  const late: (readonly Raw[])[] = [];
  const events: LinkEvent[] = [];
  const lines: Record<string, unknown>[] = [];
  return {
    batches,
    late,
    events,
    lines,
    log: pino(
      { level: 'debug' },
      { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    readings: () => batches.flat(),
    view: () => linkView(link, Date.now()),
    ears: {
      emit: (batch: readonly Raw[]) => {
        batches.push(batch);
        return Promise.resolve();
      },
      late: (batch: readonly Raw[]) => {
        late.push(batch);
        return Promise.resolve();
      },
      observe: (event: LinkEvent) => {
        events.push(event);
        link = observed(link, event, Date.now());
      },
    },
  };
}
