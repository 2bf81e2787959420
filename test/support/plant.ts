interface PlantFile {
  site: { name: string; timeZone: string };
  areas: { name: string }[];
  sources: { name: string; protocol: string; config: object }[];
  tags: ({ name: string; address: object } & Record<string, unknown>)[];
}

/** A small plant.yaml as parsed: one Modbus source with two tags, one of them with an alarm. */
export const aPlantFile = (): PlantFile => ({
  site: { name: 'Test works', timeZone: 'Europe/Berlin' },
  areas: [{ name: 'Reactor' }],
  sources: [{ name: 'plc', protocol: 'modbus', config: { host: '127.0.0.1', port: 5020 } }],
  tags: [
    {
      name: 'TI-1',
      unit: '°C',
      area: 'Reactor',
      source: 'plc',
      address: { register: 0, type: 'int16' },
      range: [0, 200],
      alarms: [{ kind: 'high', limit: 80, deadband: 2, priority: 1, action: 'Cool.' }],
      forecast: { stepMs: 10_000, season: 96, horizon: 90 },
    },
    { name: 'PI-2', unit: 'kPa', area: 'Reactor', source: 'plc', address: { register: 2, type: 'float32' } },
  ],
});
