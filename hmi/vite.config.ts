import { defineConfig } from 'vite';
import { brotli, buildId } from './artefacts.ts';

/** `vite build` makes the gateway's screens, `vite build --mode central` those of the centre. */
const config = defineConfig(({ mode }) => {
  const daemon = mode === 'central' ? 'central' : 'gateway';
  const port = daemon === 'central' ? 8090 : 8080;
  const backend = `http://127.0.0.1:${String(port)}`;

  return {
    root: new URL(daemon === 'central' ? 'central/' : 'plant/', import.meta.url).pathname,
    publicDir: new URL('public/', import.meta.url).pathname,
    mode: 'production',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    plugins: [buildId(), brotli()],
    build: {
      outDir: new URL(`../dist/hmi/${daemon}/`, import.meta.url).pathname,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
    server: {
      host: '127.0.0.1',
      proxy: { '/api': { target: backend, ws: true }, '/health': backend, '/metrics': backend },
    },
  };
});

// The tool asks for a default export.
export { config as default };
