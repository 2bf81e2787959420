import type { TagId } from '../../history/reading.ts';
import type { WriteSettings } from '../api/commands.ts';
import type { ForecastSettings } from '../api/plant.ts';
import type { ThinSettings } from '../api/tags.ts';

/** A signal of the plant, as the walk of a reading needs it. Limits are in the tag's unit, after scaling. */
export interface Tag {
  readonly id: TagId;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: 'number' | 'text';
  readonly decimals: number;
  readonly area: string;
  readonly source: number;
  readonly address: unknown;
  /** value = factor × what the device reports + offset */
  readonly scale: { readonly factor: number; readonly offset: number } | null;
  /** How often a reading is due. A tag that reports by exception lives on its link's keep-alive. */
  readonly expectedMs: number;
  readonly range: readonly [number, number] | null;
  readonly normal: readonly [number, number] | null;
  /** The cleaned value is kept within it. */
  readonly clamp: readonly [number, number] | null;
  /** How long the value may hold still before the sensor is doubted; null: for ever. */
  readonly stuckMs: number | null;
  /** Off for set-points and states, whose steps are real. */
  readonly spike: boolean;
  /** The class of the configuration's `retention.classes` that says how long readings are kept; null: as all others. */
  readonly retention?: string | null | undefined;
  /** Which readings need not be stored; null: all are. */
  readonly thin: ThinSettings | null;
  /** Null: read only. */
  readonly write: WriteSettings | null;
  readonly forecast: ForecastSettings | null;
}

/** A connection to a device. `config` may name secrets; it never holds them. */
export interface Source {
  readonly id: number;
  readonly name: string;
  readonly protocol: string;
  readonly config: unknown;
  readonly enabled: boolean;
}

/** OPC UA servers and Sparkplug nodes speak only of what changes, and so does what is computed; other devices are heard of tag by tag. */
export const reportsByException = ({ protocol }: Source, { address }: Pick<Tag, 'address'>): boolean =>
  protocol === 'opcua' || protocol === 'calculated' || isOfSparkplug(address);

const isOfSparkplug = (address: unknown): boolean =>
  typeof address === 'object' && address !== null && 'sparkplug' in address;
