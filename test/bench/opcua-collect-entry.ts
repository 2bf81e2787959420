// The collecting part of the OPC UA benchmark: a source in its thread, as the gateway runs it, and nothing behind it.
import { schemas } from '../../collectors/protocols.ts';
import { createHosts } from '../../gateway/runtime/hosts.ts';
import { startSource } from '../../gateway/runtime/source.ts';
import type { TagId } from '../../history/reading.ts';
import { createLog } from '../../platform/log.ts';
import { counting } from './counting.ts';

const [count = '0', endpoint = '', folder = ''] = process.argv.slice(2);

const arrived = counting();
const config = schemas.opcua.config.parse({ endpoint });
const points = Array.from({ length: Number(count) }, (_, i) => ({
  ...{ tag: (i + 1) as TagId, name: `tag-${i}`, kind: 'number' as const },
  address: schemas.opcua.address.parse({ node: `ns=2;i=${i + 1}` }),
}));
const log = createLog('bench', 'error');
const plan = { config, points, pkiFolder: folder, dataFolder: folder };
const emit = (batch: readonly unknown[]) => {
  arrived(batch.length);
  return Promise.resolve();
};
const ears = { emit, late: emit, observe: () => undefined };
startSource(
  { id: 0, name: 'bench', protocol: 'opcua', plan },
  ears,
  { hosts: createHosts(log), log },
  new AbortController().signal,
);
