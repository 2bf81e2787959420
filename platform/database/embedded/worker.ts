// The entry of the embedded database's thread.
import { startBackend } from './backend.ts';
import { serveDatabase } from './serve.ts';

serveDatabase((folder, broke) => startBackend(folder, { broke }));
