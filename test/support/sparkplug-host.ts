import { EdgeNode } from '../../collectors/mqtt/sparkplug/node.ts';
import type { Event } from '../../collectors/mqtt/sparkplug/node.ts';
import type { Metric, Payload } from '../../collectors/mqtt/sparkplug/schema.ts';

const NOW = 1_700_000_000_000;
export const bdSeq = (value: number): Metric => ({
  name: 'bdSeq',
  datatype: 4,
  value: { in: 'long', value },
});
export const double = (name: string | undefined, value: number, more: Metric = {}): Metric => ({
  ...(name === undefined ? {} : { name }),
  datatype: 10,
  ...{ value: { in: 'double', value }, ...more },
});
/** By alias alone, as data has to be. */
export const byAlias = (alias: number, value: number): Metric => ({ alias, value: { in: 'double', value } });
export const payload = (seq: number | undefined, ...metrics: Metric[]): Payload => ({
  ...{ timestamp: NOW, metrics },
  ...(seq === undefined ? {} : { seq }),
});

/** A node, with a short way to send and to see what followed. */
export function aHost(reorderMs = 1000) {
  const node = new EdgeNode(reorderMs);
  let now = NOW;
  const said = (events: readonly Event[]) =>
    events.map((event) => {
      if (event.type === 'value') {
        const { device, told, late } = event;
        return `${device === undefined ? '' : `${device}:`}${told.name}=${String(told.value)}${late ? ' late' : ''}`;
      }
      return event.type === 'death' ? `death ${event.device ?? 'node'}` : event.type;
    });
  const send = (type: 'NBIRTH' | 'NDATA' | 'NDEATH', of: Payload) =>
    said(node.receive({ type, device: undefined, payload: of }, now));
  const device = (type: 'DBIRTH' | 'DDATA' | 'DDEATH', name: string, of: Payload) =>
    said(node.receive({ type, device: name, payload: of }, now));
  return {
    send,
    device,
    tick: () => said(node.tick(now)),
    wait: (ms: number) => void (now += ms),
    birth: (seq = 0, session = 0, ...metrics: Metric[]) =>
      send('NBIRTH', payload(seq, bdSeq(session), double('flow', 1, { alias: 1 }), ...metrics)),
  };
}
