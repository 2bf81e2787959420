/** True where the content breaks a limit or a constraint: SQLSTATE classes 22, 23, 54. All else may pass later. */
export function isRefusal(err: unknown): boolean {
  const code = err instanceof Error && 'code' in err ? err.code : undefined;
  return typeof code === 'string' && /^(22|23|54)...$/.test(code);
}
