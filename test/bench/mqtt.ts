import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { schemas } from '../../collectors/protocols.ts';
import type { Walk } from '../../gateway/ingest.ts';
import { createHosts } from '../../gateway/runtime/hosts.ts';
import { startSource } from '../../gateway/runtime/source.ts';
import type { Writer } from '../../gateway/store/writer.ts';
import type { TagId } from '../../history/reading.ts';
import { createLog } from '../../platform/log.ts';
import { freePort } from '../support/foreign.ts';

const publisher = fileURLToPath(new URL('../support/publisher-entry.ts', import.meta.url));
const DEVICES = 20;
const VALUES = 5;
const LOOK_MS = 20;
const WARM_UP_MS = 1_000;
const USER = { name: 'field', password: 'field-password' };

/** The same walk, from devices that publish at QoS 1 as fast as they are acknowledged, in a process of their own. */
export async function measureMqtt(
  walk: Walk,
  writer: Writer,
  tagOf: (source: number, i: number) => TagId,
  ms: number,
) {
  const port = await freePort();
  const config = schemas.mqtt.config.parse({ broker: { port, users: [USER] } });
  const points = Array.from({ length: DEVICES * VALUES }, (_, i) => {
    const address = { topic: `device/${Math.floor(i / VALUES)}`, value: `$.v${i % VALUES}`, time: '$.at' };
    return {
      ...{ tag: tagOf(0, i), name: `tag-${i}`, kind: 'number' as const },
      address: schemas.mqtt.address.parse(address),
    };
  });
  const stop = new AbortController();
  const ears = { emit: walk.emit(0), late: walk.backfill(0), observe: () => undefined };
  const log = createLog('bench', 'error');
  await using hosts = createHosts(log);
  const source = { id: 0, name: 'mqtt', protocol: 'mqtt' as const, plan: { config, points, pkiFolder: '' } };
  const running = startSource(source, ears, { hosts, log }, stop.signal);
  const words = [String(port), USER.name, USER.password, String(DEVICES), String(VALUES)];
  const publishing = spawn(process.execPath, ['--import', 'tsx', publisher, ...words], { stdio: 'ignore' });
  const stored = () => writer.figures().stored;
  try {
    const before = stored();
    while (stored() === before) await timers.setTimeout(LOOK_MS);
    await timers.setTimeout(WARM_UP_MS);
    const [first, begun] = [stored(), performance.now()];
    await timers.setTimeout(ms);
    const readingsPerSecond = Math.round(((stored() - first) / (performance.now() - begun)) * 1000);
    return { readingsPerSecond, devices: DEVICES, valuesPerMessage: VALUES, qos: 1 };
  } finally {
    publishing.kill();
    stop.abort();
    await Promise.all([running.done, once(publishing, 'exit')]);
  }
}
