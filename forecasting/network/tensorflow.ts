import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { getBackend, setBackend } from '@tensorflow/tfjs-core';
import { webAssemblyOf } from '../packages.ts';

const FILES = ['', '-simd', '-threaded-simd'].map((which) => `tfjs-backend-wasm${which}.wasm`);

/** Makes TensorFlow.js compute in WebAssembly. It may be called more than once. */
export async function loadTensorFlow(): Promise<void> {
  if (getBackend() === 'wasm') return;
  // It reads files or addresses only; as an address that holds its content it needs neither disk nor network.
  const content = Buffer.from(webAssemblyOf('tensorflow')).toString('base64');
  const address = `data:application/wasm;base64,${content}`;
  setWasmPaths(Object.fromEntries(FILES.map((file) => [file, address])), true);
  await setBackend('wasm');
  // Where WebAssembly fails, TensorFlow.js falls back to plain JavaScript without a word, a hundred times slower.
  if (getBackend() !== 'wasm')
    throw new Error(`TensorFlow.js computes with '${getBackend()}' instead of WebAssembly.`);
}
