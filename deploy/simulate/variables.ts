/** Which of the plant's three devices a variable lives in. */
export type Device = 'opcua' | 'modbus' | 'mqtt';

/** One signal of the plant. The names, units and order are those of Downs and Vogel (1993). */
export interface Variable {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly decimals: number;
  /** The instrument's span: [low, high]. */
  readonly range: readonly [number, number];
  readonly area: string;
  readonly device: Device;
}

type Row = readonly [name: string, description: string, unit: string, decimals: number, ...range: number[]];

const at = (area: string, device: Device, rows: readonly Row[]): Variable[] =>
  rows.map(([name, description, unit, decimals, low = 0, high = 100]) => ({
    name,
    description,
    unit,
    decimals,
    range: [low, high],
    area,
    device,
  }));

const unordered: readonly Variable[] = [
  ...at('Feed', 'opcua', [
    ['XMEAS_01', 'A feed (stream 1)', 'kscmh', 3, 0, 1.2],
    ['XMEAS_02', 'D feed (stream 2)', 'kg/h', 0, 0, 6000],
    ['XMEAS_03', 'E feed (stream 3)', 'kg/h', 0, 0, 8000],
    ['XMEAS_04', 'A and C feed (stream 4)', 'kscmh', 3, 0, 15],
    ['XMV_01', 'D feed valve (stream 2)', '%', 1, 0, 105],
    ['XMV_02', 'E feed valve (stream 3)', '%', 1, 0, 105],
    ['XMV_03', 'A feed valve (stream 1)', '%', 1, 0, 105],
    ['XMV_04', 'A and C feed valve (stream 4)', '%', 1, 0, 105],
  ]),
  ...at('Reactor', 'opcua', [
    ['XMEAS_05', 'Recycle flow (stream 8)', 'kscmh', 2, 0, 50],
    ['XMEAS_06', 'Reactor feed rate (stream 6)', 'kscmh', 2, 0, 80],
    ['XMEAS_07', 'Reactor pressure', 'kPa', 0, 0, 3000],
    ['XMEAS_08', 'Reactor level', '%', 1, 0, 100],
    ['XMEAS_09', 'Reactor temperature', '°C', 2, 0, 200],
    ['XMEAS_21', 'Reactor cooling water outlet temperature', '°C', 2, 0, 150],
    ['XMV_10', 'Reactor cooling water valve', '%', 1, 0, 105],
  ]),
  ...at('Separator', 'modbus', [
    ['XMEAS_11', 'Product separator temperature', '°C', 2, 0, 150],
    ['XMEAS_12', 'Product separator level', '%', 1, 0, 100],
    ['XMEAS_13', 'Product separator pressure', 'kPa', 0, 0, 3000],
    ['XMEAS_14', 'Product separator underflow (stream 10)', 'm³/h', 2, 0, 50],
    ['XMEAS_22', 'Separator cooling water outlet temperature', '°C', 2, 0, 150],
    ['XMV_07', 'Separator pot liquid valve (stream 10)', '%', 1, 0, 105],
    ['XMV_11', 'Condenser cooling water valve', '%', 1, 0, 105],
  ]),
  ...at('Stripper', 'modbus', [
    ['XMEAS_15', 'Stripper level', '%', 1, 0, 100],
    ['XMEAS_16', 'Stripper pressure', 'kPa', 0, 0, 3500],
    ['XMEAS_17', 'Stripper underflow (stream 11)', 'm³/h', 2, 0, 50],
    ['XMEAS_18', 'Stripper temperature', '°C', 2, 0, 150],
    ['XMEAS_19', 'Stripper steam flow', 'kg/h', 1, 0, 500],
    ['XMV_08', 'Stripper liquid product valve (stream 11)', '%', 1, 0, 105],
    ['XMV_09', 'Stripper steam valve', '%', 1, 0, 105],
  ]),
  ...at('Compressor and purge', 'modbus', [
    ['XMEAS_10', 'Purge rate (stream 9)', 'kscmh', 3, 0, 1],
    ['XMEAS_20', 'Compressor work', 'kW', 1, 0, 500],
    ['XMV_05', 'Compressor recycle valve', '%', 1, 0, 105],
    ['XMV_06', 'Purge valve (stream 9)', '%', 1, 0, 105],
  ]),
  ...at('Analysis', 'mqtt', [
    ['XMEAS_23', 'Reactor feed, component A', 'mol%', 2, 0, 60],
    ['XMEAS_24', 'Reactor feed, component B', 'mol%', 2, 0, 30],
    ['XMEAS_25', 'Reactor feed, component C', 'mol%', 2, 0, 60],
    ['XMEAS_26', 'Reactor feed, component D', 'mol%', 2, 0, 20],
    ['XMEAS_27', 'Reactor feed, component E', 'mol%', 2, 0, 40],
    ['XMEAS_28', 'Reactor feed, component F', 'mol%', 3, 0, 5],
    ['XMEAS_29', 'Purge gas, component A', 'mol%', 2, 0, 60],
    ['XMEAS_30', 'Purge gas, component B', 'mol%', 2, 0, 30],
    ['XMEAS_31', 'Purge gas, component C', 'mol%', 2, 0, 60],
    ['XMEAS_32', 'Purge gas, component D', 'mol%', 3, 0, 5],
    ['XMEAS_33', 'Purge gas, component E', 'mol%', 2, 0, 40],
    ['XMEAS_34', 'Purge gas, component F', 'mol%', 3, 0, 5],
    ['XMEAS_35', 'Purge gas, component G', 'mol%', 3, 0, 10],
    ['XMEAS_36', 'Purge gas, component H', 'mol%', 3, 0, 5],
    ['XMEAS_37', 'Product, component D', 'mol%', 3, -0.1, 1],
    ['XMEAS_38', 'Product, component E', 'mol%', 3, 0, 5],
    ['XMEAS_39', 'Product, component F', 'mol%', 3, 0, 1],
    ['XMEAS_40', 'Product, component G', 'mol%', 2, 0, 100],
    ['XMEAS_41', 'Product, component H', 'mol%', 2, 0, 100],
  ]),
];

/** The 52 variables in the order of the records' columns: XMEAS 1 to 41, then XMV 1 to 11. */
export const variables: readonly Variable[] = unordered.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** A value an operator sets. The replay does not follow it: it only shows what was written. */
export interface SetPoint extends Variable {
  readonly initial: number;
}

const point = (name: string, description: string, unit: string, range: readonly [number, number]) => ({
  name,
  description,
  unit,
  decimals: 1,
  range,
});
const inReactor = { area: 'Reactor', device: 'opcua' } as const;
const inSeparator = { area: 'Separator', device: 'modbus' } as const;
const inStripper = { area: 'Stripper', device: 'modbus' } as const;
const inProduct = { area: 'Analysis', device: 'mqtt' } as const;

export const setPoints: readonly SetPoint[] = [
  { ...point('SP_07', 'Reactor pressure set-point', 'kPa', [2500, 2900]), ...inReactor, initial: 2705 },
  { ...point('SP_08', 'Reactor level set-point', '%', [50, 100]), ...inReactor, initial: 75 },
  { ...point('SP_09', 'Reactor temperature set-point', '°C', [100, 150]), ...inReactor, initial: 120.4 },
  { ...point('SP_12', 'Separator level set-point', '%', [30, 100]), ...inSeparator, initial: 50 },
  { ...point('SP_17', 'Stripper underflow set-point', 'm³/h', [0, 46]), ...inStripper, initial: 22.9 },
  { ...point('SP_40', 'Product, component G set-point', 'mol%', [40, 65]), ...inProduct, initial: 53.7 },
];

/** The variables of one device, set-points included. */
export const servedBy = (device: Device): Variable[] =>
  [...variables, ...setPoints].filter((variable) => variable.device === device);
