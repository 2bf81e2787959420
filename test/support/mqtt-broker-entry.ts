// Our broker as a process of its own: `mqtt-broker-entry.ts <config as JSON> <folder>`. It says on lines of JSON where
// it listens, and each reading.
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { mqtt } from '../../collectors/mqtt/mqtt.ts';
import { aPoint, aReport } from './collecting.ts';

const [config = '{}', folder = ''] = process.argv.slice(2);
const points = [aPoint(1, MqttAddress.parse({ topic: 'plant/flow' }))];
const { report } = aReport();
const say = (what: object) => void process.stdout.write(`${JSON.stringify(what)}\n`);

const plan = { config: MqttConfig.parse(JSON.parse(config)), points, pkiFolder: '', dataFolder: folder };
const emit = (batch: readonly object[]) => {
  for (const reading of batch) say(reading);
  return Promise.resolve();
};
await mqtt.open(plan, report).run(emit, new AbortController().signal);
