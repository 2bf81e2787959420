import type { Protocol } from '../collector.ts';
import { ticks } from '../ticks.ts';
import { connect } from './client.ts';
import { ModbusAddress, ModbusConfig } from './config.ts';
import { planRequests } from './plan.ts';
import { poller } from './poll.ts';

export const modbus: Protocol<ModbusConfig, ModbusAddress> = {
  name: 'modbus',
  config: ModbusConfig,
  address: ModbusAddress,
  open({ config, points }, report) {
    const requests = planRequests(points, config);

    return {
      async run(emit, signal) {
        await using device = await connect(config, signal);
        report.log.info(
          { requests: requests.length, tags: points.length },
          'Connected to the Modbus device.',
        );
        const poll = poller(device, requests, report);

        for await (const at of ticks(config.pollMs, signal)) {
          const { readings, lost } = await poll(at);
          if (readings.length > 0) await emit(readings);
          if (lost !== undefined) throw lost;
        }
      },
    };
  },
};
