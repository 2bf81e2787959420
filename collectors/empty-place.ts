import type { Place } from './collector.ts';

/** All that a place need not have. */
export const emptyPlace: Omit<Place, 'id' | 'name'> = {
  ...{ description: '', branch: false, address: null, kind: null, type: '' },
  ...{ unit: '', range: null, value: null, writable: false },
};
