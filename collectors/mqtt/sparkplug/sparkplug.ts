import type { Plan, Point, Report, WriteOutcome } from '../../collector.ts';
import type { MqttAddress, MqttConfig } from '../config.ts';
import type { Taker } from '../taker.ts';
import { browseHost } from './catalogue.ts';
import { sparkplugAddress } from './config.ts';
import type { SparkplugAddress } from './config.ts';
import { presence } from './presence.ts';
import { sparkplugReadings } from './readings.ts';
import { Session } from './session.ts';
import type { Parts } from './session.ts';
import { NAMESPACE } from './topic.ts';
import { writing } from './writing.ts';

/** A primary host of Sparkplug B in this plan, if it has one. */
export function sparkplug(plan: Plan<MqttConfig, MqttAddress>, report: Report): Taker | undefined {
  const points = plan.points.flatMap((point): Point<SparkplugAddress>[] => {
    const address = sparkplugAddress(point.address);
    return address === undefined ? [] : [{ ...point, address }];
  });
  const config = plan.config.sparkplug;
  if (config !== undefined) {
    const readings = sparkplugReadings(points, report);
    return host({ config, points, report, readings, self: presence(config.host), writes: writing(points) });
  }
  if (points.length > 0) {
    report.fault(
      'refused address',
      `${points.length} tags have Sparkplug addresses, but the source is no Sparkplug host.`,
      'Add `sparkplug: { host: a-name }` to the configuration of the source.',
    );
  }
  return undefined;
}

function host(parts: Parts): Taker {
  const { config, self, points, writes } = parts;
  let session = new Session(parts);
  return {
    topics:
      config.groups === undefined
        ? [`${NAMESPACE}/#`]
        : [self.topic, ...config.groups.map((group) => `${NAMESPACE}/${group}/#`)],
    cleanSession: true,
    takes: (topic) => topic.startsWith(`${NAMESPACE}/`),
    will() {
      session = new Session(parts);
      return self.will(Date.now());
    },
    decode: (message) => session.decode(message),
    attend: (link, signal) => session.attend(link, signal),
    browse: (request) => Promise.resolve(browseHost(session.host, request)),
    owns: (tag) => points.some((point) => point.tag === tag),
    async write(orders, signal) {
      const outcomes: WriteOutcome[] = [];
      for (const order of orders) outcomes.push(await writes.write(order, session, signal));
      return outcomes;
    },
  };
}
