/** A plant of so many tags, each with a range, every tenth with an alarm that stays quiet. */
export const plantOf = (tags: number, endpoint: string) => ({
  site: { name: 'Bench', timeZone: 'UTC' },
  areas: [{ name: 'Line' }],
  sources: [{ name: 'plc', protocol: 'opcua', config: { endpoint } }],
  tags: Array.from({ length: tags }, (_, i) => ({
    ...{ name: `tag-${i}`, unit: 'kPa', area: 'Line', source: 'plc', range: [-1000, 1000], spike: true },
    address: { node: `ns=2;i=${i + 1}` },
    ...(i % 10 === 0 ? { alarms: [alarm()] } : {}),
  })),
});
const alarm = () => ({ kind: 'high', limit: 900, deadband: 1, priority: 3, action: 'Look.' });

/** What the gateway says of its one source. */
export interface Figures {
  readonly stored: number;
  /** Whether all that was collected is somewhere. */
  readonly balanced: boolean;
  readonly lost: number;
  readonly stalenessP99Ms: number;
  readonly stalls: number;
}

export async function figuresOf(url: string): Promise<Figures> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
  const value = (start: string): number =>
    Number(
      lines
        .find((line) => line.startsWith(start))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  const place = (name: string) => value(`penstock_ledger_readings{source="plc",place="${name}"}`);
  const places = ['stored', 'thinned', 'duplicate', 'quarantined', 'spooled', 'pending'].map(place);
  return {
    stored: place('stored'),
    balanced: place('collected') === places.reduce((sum, one) => sum + one, 0),
    lost: place('lost'),
    stalenessP99Ms: 1000 * value('penstock_reading_staleness_p99_seconds{source="plc"}'),
    stalls: value('penstock_event_loop_stalls_total'),
  };
}
