// The table "who may import whom". A folder may import itself and what stands on its line; nothing else of ours.
const all = ['platform', 'history', 'collectors', 'forecasting', 'sync', 'gateway', 'hmi', 'deploy'];
const mayImport = {
  platform: [],
  history: ['platform'],
  collectors: ['history/reading\\.ts', 'platform/(log|thread|time-limit|clock|crash/point)\\.ts'],
  forecasting: [],
  sync: ['platform', 'history', 'forecasting/(artefact|kinds)\\.ts'],
  gateway: ['platform', 'history', 'collectors', 'forecasting', 'sync'],
  hmi: ['[a-z/]+/api/', 'history/frame\\.ts'],
  deploy: ['platform/(cli|config|time-limit)\\.ts'],
};
const house = Object.entries(mayImport).map(([from, to]) => ({
  name: `${from}-imports`,
  severity: 'error',
  comment: `${from}/ may import only: ${to.join(', ') || 'nothing of ours'}`,
  from: { path: `^${from}/` },
  to: {
    path: `^(${all.join('|')})/`,
    pathNot: `^(${[`${from}/`, ...to.map((path) => (path.includes('\\') || path.endsWith('/') ? path : `${path}/`))].join('|')})`,
  },
}));
const protocols = ['opcua', 'modbus', 'mqtt', 'http', 'files'];
module.exports = {
  forbidden: [
    ...house,
    ...protocols.map((name) => ({
      name: `${name}-is-a-stranger`,
      severity: 'error',
      from: { path: `^collectors/${name}/` },
      to: { path: `^collectors/(${protocols.filter((other) => other !== name).join('|')})/` },
    })),
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: `^(${all.join('|')})/`,
        pathNot: '(\\.d\\.ts|\\.mjs|public/sw\\.js|main\\.tsx?|config\\.ts)$',
      },
      to: {},
    },
    {
      name: 'types-only',
      comment:
        'collectors and hmi take types from their neighbours, never code (frame.ts and reading.ts are pure).',
      severity: 'error',
      from: { path: '^hmi/' },
      to: { path: '^(platform|gateway|sync)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-folders',
      severity: 'error',
      from: { path: '^(gateway/(cleaning|alarms)/|forecasting/(?!job/))' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(url|fs)$' },
    },
    {
      name: 'pg-in-platform-database',
      severity: 'error',
      from: { pathNot: '^(platform/database/|test/)' },
      to: { path: 'node_modules/(pg|pg-copy-streams|pg-pool)/' },
    },
    {
      name: 'uws-in-one-file',
      severity: 'error',
      from: { pathNot: '^(platform/web/uws\\.ts|test/)' },
      to: { path: 'node_modules/@trufflesuite/uws' },
    },
    {
      name: 'pglite-in-embedded',
      severity: 'error',
      from: { pathNot: '^(platform/database/embedded/|test/)' },
      to: { path: 'node_modules/@unni-craftsman/' },
    },
    {
      name: 'simulator-in-deploy',
      severity: 'error',
      from: { pathNot: '^(deploy/simulate/|test/)' },
      to: { path: 'node_modules/node-opcua-server/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|data)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
