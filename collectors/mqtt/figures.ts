/** What a broker counts, for `$SYS`. */
export interface Figures {
  readonly startedAt: number;
  received: number;
  bytes: number;
  refused: number;
  dropped: number;
}

export const someFigures = (startedAt: number): Figures => ({
  ...{ startedAt, received: 0, bytes: 0 },
  ...{ refused: 0, dropped: 0 },
});

export interface Kept {
  readonly connected: number;
  readonly sessions: number;
  readonly retained: number;
}

/** The topics by which brokers tell of themselves, and what they say at `now`. */
export const told = (figures: Figures, kept: Kept, now: number): readonly (readonly [string, string])[] => [
  ['$SYS/broker/version', 'penstock'],
  ['$SYS/broker/uptime', `${Math.floor((now - figures.startedAt) / 1000)} seconds`],
  ['$SYS/broker/clients/connected', String(kept.connected)],
  ['$SYS/broker/clients/sessions', String(kept.sessions)],
  ['$SYS/broker/clients/refused', String(figures.refused)],
  ['$SYS/broker/messages/received', String(figures.received)],
  ['$SYS/broker/bytes/received', String(figures.bytes)],
  ['$SYS/broker/publish/messages/dropped', String(figures.dropped)],
  ['$SYS/broker/retained messages/count', String(kept.retained)],
];
