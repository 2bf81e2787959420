// The thread of an embedded database whose disk can be made to fail.
import fs from 'node:fs';
import { join } from 'node:path';
import { startBackend } from '../../../../platform/database/embedded/backend.ts';
import { serveDatabase } from '../../../../platform/database/embedded/serve.ts';
import { FAULT } from './fault.ts';

serveDatabase((folder, broke) => {
  const failing = (call: (fd: number) => void) => (fd: number) => {
    if (fs.existsSync(join(folder, FAULT))) throw new Error('EIO: i/o error, fsync');
    call(fd);
  };
  const calls = { fsyncSync: failing(fs.fsyncSync), fdatasyncSync: failing(fs.fdatasyncSync) };
  return startBackend(folder, { broke, calls });
});
