import { defineConfig } from 'vitest/config';

const hmiJsx = { jsx: { runtime: 'automatic' as const, importSource: 'preact' } };

/** They measure time, take fixed ports, or restart a server that all share: nothing else runs beside them. */
const alone = [
  'test/faults/{busy,disk,isolation,memory,stop}.test.ts',
  'test/system/{database,demo,demo-engineer,foreign-modbus-plant,history,operator,start}.test.ts',
  'test/system/slurm*.test.ts',
];
const system = { testTimeout: 180_000, hookTimeout: 180_000, pool: 'forks' as const };
/** More than there are cores: most tests wait for something most of the time. */
const manyWorkers = { sequence: { groupOrder: 1 }, pool: 'forks' as const, maxWorkers: 3 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...manyWorkers,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/hmi/**', 'test/system/**', 'test/faults/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        oxc: hmiJsx,
        test: {
          ...manyWorkers,
          name: 'hmi',
          include: ['test/hmi/**/*.test.{ts,tsx}'],
          environment: 'happy-dom',
        },
      },
      {
        test: {
          ...system,
          name: 'system',
          sequence: { groupOrder: 2 },
          include: ['test/system/**/*.test.ts', 'test/faults/**/*.test.ts'],
          exclude: alone,
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...system,
          name: 'system-alone',
          sequence: { groupOrder: 3 },
          include: alone,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
});
