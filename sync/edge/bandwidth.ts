import { offsetOf } from '../../platform/zone.ts';

/** What the link may use, by the hour of the day. */
export interface Bandwidth {
  /** Bytes a second; undefined: whatever the line carries. */
  readonly bytesPerSecond?: number | undefined;
  readonly windows: readonly Window[];
}
interface Window {
  /** From this hour of the day on, to before `toHour`; over midnight where that is the smaller one. */
  readonly fromHour: number;
  readonly toHour: number;
  readonly bytesPerSecond?: number | undefined;
  /** False: what waited while the centre was away waits on; events and new readings go. */
  readonly backlog: boolean;
}

/** What holds at an instant. */
export interface Allowance {
  /** Null: no limit. */
  readonly bytesPerSecond: number | null;
  readonly backlog: boolean;
}

const UNLIMITED: Allowance = { bytesPerSecond: null, backlog: true };

const holds = ({ fromHour, toHour }: Window, hour: number): boolean =>
  fromHour < toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;

/** The allowance by the clocks of a time zone. Of several windows that hold the first one counts. */
export function allowances(bandwidth: Bandwidth | undefined, zone: () => string): (at: number) => Allowance {
  if (bandwidth === undefined) return () => UNLIMITED;
  const { bytesPerSecond = null, windows } = bandwidth;
  let known = { zone: 'UTC', offset: offsetOf('UTC') };
  return (at) => {
    if (zone() !== known.zone) known = { zone: zone(), offset: offsetOf(zone()) };
    const hour = Math.floor((at + known.offset(at)) / 3_600_000) % 24;
    const window = windows.find((each) => holds(each, hour));
    if (window === undefined) return { bytesPerSecond, backlog: true };
    return { bytesPerSecond: window.bytesPerSecond ?? bytesPerSecond, backlog: window.backlog };
  };
}
