import { GOOD, quality } from '../../history/reading.ts';
import { isClockSet } from '../../platform/clock.ts';
import type { Stage } from './stage.ts';

/** Doubts readings whose times are those of this machine's clock, while that is not set. Their times stay as they are. */
export const unsetClock: Stage = (readings) =>
  readings.map((reading) =>
    reading.quality === GOOD && !isClockSet(reading.at)
      ? { ...reading, quality: quality('uncertain', 'clock not set') }
      : reading,
  );
