import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { Plugin } from 'vite';

const compress = promisify(brotliCompress);
const compressible = /\.(js|css|html|svg|json|webmanifest)$/;

/** Writes `name.br` beside each text file of the build, so that the daemon never compresses at run time. */
export function brotli(): Plugin {
  let folder = '';
  return {
    name: 'penstock-brotli',
    apply: 'build',
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true });
      for (const file of entries.filter((entry) => compressible.test(entry))) {
        const plain = await readFile(join(folder, file));
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
        };
        await writeFile(join(folder, `${file}.br`), await compress(plain, { params }));
      }
    },
  };
}

/** Puts `<meta name="build" content="…">` into index.html: a digest of the names of all hashed assets. */
export function buildId(): Plugin {
  return {
    name: 'penstock-build-id',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const names = Object.keys(bundle ?? { development: 0 }).sort();
        const content = createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 16);
        return [{ tag: 'meta', attrs: { name: 'build', content }, injectTo: 'head-prepend' }];
      },
    },
  };
}
