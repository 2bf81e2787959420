/** What a failure says. Of several at once, as for each address of a host, the first. */
export function messageOf(err: unknown): string {
  if (err instanceof AggregateError && err.message === '') return messageOf(err.errors[0]);
  return err instanceof Error ? err.message : String(err);
}
