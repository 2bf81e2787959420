/**
 * Aborts when one of `signals` does, or after `ms` with a `TimeoutError`. Not `AbortSignal.timeout` in an
 * `AbortSignal.any`: Node 20 collects that pair as garbage while somebody listens to it, and it never aborts.
 */
export function timeLimit(ms: number, ...signals: readonly AbortSignal[]): AbortSignal {
  const late = new AbortController();
  const abort = () => late.abort(new DOMException(`It took longer than ${ms} ms.`, 'TimeoutError'));
  setTimeout(abort, ms).unref();
  return AbortSignal.any([late.signal, ...signals]);
}
