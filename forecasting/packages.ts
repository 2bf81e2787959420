import { readFileSync } from 'node:fs';

// deploy/program.mjs bundles the training program and puts a module of its own in place of this one, which exports the
// same and carries the files in itself.

const FILES = {
  augurs: ['@bsull/augurs/mstl', 'mstl_bg.wasm'],
  tensorflow: ['@tensorflow/tfjs-backend-wasm', 'tfjs-backend-wasm-simd.wasm'],
} as const;

/** Whether this is the bundled program, one file that needs no packages. */
export const isBundled = false as boolean;

/** The WebAssembly of a package. */
export function webAssemblyOf(name: keyof typeof FILES): Uint8Array {
  const [module, file] = FILES[name];
  return readFileSync(new URL(file, import.meta.resolve(module)));
}

/** Its version. */
export function versionOf(name: keyof typeof FILES): string {
  const [module] = FILES[name];
  const folder = name === 'augurs' ? '.' : '..';
  const path = new URL(`${folder}/package.json`, import.meta.resolve(module));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
