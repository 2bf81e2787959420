import type { Report } from '../../collector.ts';

/** Each is told once a link. */
export function complaints(report: Pick<Report, 'fault'>) {
  const said = new Set<string>();
  const once = (key: string, what: string, remedy: string) => {
    if (said.has(key)) return;
    said.add(key);
    report.fault('refused address', what, remedy);
  };
  return {
    refused: (notifier: string, why: string) =>
      once(
        notifier,
        `The server tells no events of ${notifier} (${why}).`,
        'Name nodes in alarms.notifiers that have events at this server and may be read by this user, or take out alarms: it may have none.',
      ),
    noRefresh: (why: string) =>
      once(
        'refresh',
        `The server does not tell which of its alarms are open now (ConditionRefresh: ${why}); changes are taken over as they happen.`,
        'Alarms that were open before stay uncertain until they change. Have alarms and conditions switched on at the server, or take out alarms.',
      ),
  };
}
