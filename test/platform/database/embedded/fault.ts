/** While this file stands in a database's folder, `failing-worker.ts` cannot sync. */
export const FAULT = 'fault';
