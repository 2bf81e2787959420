// Makes the training program one file that needs Node and nothing else: `node deploy/program.mjs FILE`.
// The WebAssembly of its packages stands in it as text.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => join(root, path);

/** What forecasting/packages.ts says of each package. */
const packages = {
  augurs: ['@bsull/augurs', 'mstl_bg.wasm'],
  tensorflow: ['@tensorflow/tfjs-backend-wasm', 'dist/tfjs-backend-wasm-simd.wasm'],
};

/** forecasting/packages.ts as it is in the bundle: the same exports, with nothing to be read. */
function embedded() {
  const entries = Object.entries(packages).map(([name, [folder, file]]) => {
    const { version } = JSON.parse(readFileSync(at(`node_modules/${folder}/package.json`), 'utf8'));
    return [
      name,
      { version, content: readFileSync(at(`node_modules/${folder}/${file}`)).toString('base64') },
    ];
  });
  return `const packages = ${JSON.stringify(Object.fromEntries(entries))};
export const isBundled = true;
export const webAssemblyOf = (name) => Buffer.from(packages[name].content, 'base64');
export const versionOf = (name) => packages[name].version;`;
}

const plugin = {
  name: 'embed-packages',
  enforce: 'pre',
  load: (id) => (id === at('forecasting/packages.ts') ? embedded() : null),
};

// The same bytes, whoever asks: Vite goes by the environment otherwise.
process.env.NODE_ENV = 'production';
const [out = at('dist/training-program.mjs')] = process.argv.slice(2);
const built = await build({
  configFile: false,
  root,
  logLevel: 'warn',
  plugins: [plugin],
  // TensorFlow's WebAssembly asks where it stands, but reads nothing from there.
  define: { __dirname: '"."' },
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: at('forecasting/job/main.ts'),
    target: 'node20',
    write: false,
    minify: true,
    rolldownOptions: { output: { format: 'es', codeSplitting: false, comments: { legal: true } } },
  },
});
const { output } = Array.isArray(built) ? built[0] : built;
if (output.length !== 1)
  throw new Error(
    `The training program became ${output.length} files: ${output.map((f) => f.fileName).join(', ')}.`,
  );
const part = `${out}.${process.pid}.part`;
mkdirSync(dirname(out), { recursive: true });
writeFileSync(part, output[0].code);
renameSync(part, out);
