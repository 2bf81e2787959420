import type { TagId } from '../../history/reading.ts';
import { insertAudit } from '../../platform/access/store/audit.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Page, PageQuery } from '../../platform/api/page.ts';
import type { AlarmChange } from '../alarms/change.ts';
import type { OpenAlarm, OpenDeviceAlarm, OpenLimitAlarm } from '../alarms/open.ts';
import type { AlarmView } from '../api/alarms.ts';

/** The occurrences that are not over, to go on with after a restart. */
export async function selectOpenAlarms(db: Db): Promise<OpenAlarm[]> {
  const limits = await db.query<OpenLimitAlarm>(
    `select id, rule_id as rule, state from alarms where state <> 'normal' and device is null`,
  );
  const devices = await db.query<OpenDeviceAlarm>(
    `select m.id, m.state, m.device,
            (select extract(epoch from max(j.at)) * 1000 from alarm_journal j where j.alarm_id = m.id)::float8 as at
     from alarms m where m.state <> 'normal' and m.device is not null`,
  );
  return [...limits, ...devices];
}

/** Stores each change as the occurrence's new state and a line of the journal. Doing it twice changes nothing. */
export async function insertAlarmChanges(tx: Db, changes: readonly AlarmChange[]): Promise<void> {
  for (const change of changes) await insertAlarmChange(tx, change);
}

async function insertAlarmChange(tx: Db, change: AlarmChange): Promise<void> {
  const { id, event, at, by, comment } = change;
  const [value, message] = 'device' in change ? [null, change.device.message] : [change.value, null];
  const time = new Date(at);
  if (event === 'raised') await insertAlarm(tx, change, time);
  const lines = await tx.query(
    `insert into alarm_journal (alarm_id, event, at, value, by, comment, message)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (alarm_id, event, at) do nothing returning line`,
    [id, event, time, value, by, comment, message],
  );
  if (lines.length === 0 || event === 'raised') return;
  if (event === 'acknowledged' && isOurs(change)) await auditAcknowledgement(tx, change);
  await updateAlarm(tx, change, time);
}

async function updateAlarm(tx: Db, change: AlarmChange, time: Date): Promise<void> {
  const { id, event, state, by, comment } = change;
  const [priority, device] =
    'device' in change ? [change.device.priority, JSON.stringify(change.device)] : [null, null];
  await tx.query(
    `update alarms set
       state = $2,
       cleared_at = case $3 when 'cleared' then $4 when 'raised again' then null else cleared_at end,
       acknowledged_at = case when $3 = 'acknowledged' then $4 else acknowledged_at end,
       acknowledged_by = case when $3 = 'acknowledged' then $5 else acknowledged_by end,
       comment = coalesce($6, comment),
       priority = coalesce($7, priority),
       device = coalesce($8, device)
     where id = $1`,
    [id, state, event, time, by, comment, priority, device],
  );
}

async function insertAlarm(tx: Db, change: AlarmChange, raisedAt: Date): Promise<void> {
  const { id, state } = change;
  if ('device' in change) {
    const { device } = change;
    await tx.query(
      `insert into alarms (id, tag_id, kind, priority, state, raised_at, device)
       values ($1, $2, 'device', $3, $4, $5, $6) on conflict (id) do nothing`,
      [id, device.tag, device.priority, state, raisedAt, JSON.stringify(device)],
    );
    return;
  }
  const { rule, tag, limit, value } = change;
  await tx.query(
    `insert into alarms (id, rule_id, tag_id, kind, priority, state, "limit", value_at_raise, raised_at)
     select $1, $2, $3, coalesce(r.kind, 'high'), coalesce(r.priority, 4), $4, $5, $6, $7
     from (select $2::int as id) as named left join alarm_rules r on r.id = named.id
     on conflict (id) do nothing`,
    [id, rule, tag, state, limit, value ?? limit, raisedAt],
  );
}

/** What was done at a device is in that device's own trail. */
const isOurs = (change: AlarmChange): boolean => !('device' in change) || change.isOurs;

/** An act that was spooled comes here late: its own time is told. */
async function auditAcknowledgement(tx: Db, change: AlarmChange): Promise<void> {
  const { id, at, by, comment } = change;
  await insertAudit(
    tx,
    { who: by, address: null, correlationId: null },
    {
      action: 'acknowledge an alarm',
      subject: await subjectOf(tx, change),
      new: { alarm: id, at: new Date(at).toISOString(), comment },
    },
  );
}

async function subjectOf(tx: Db, change: AlarmChange): Promise<string> {
  if ('device' in change) return `${change.device.sourceName}: ${change.device.of} ${change.device.name}`;
  const [named] = await tx.query<{ name: string }>(`select name from tags where id = $1`, [change.tag]);
  return named?.name ?? `tag ${change.tag}`;
}

/** What an occurrence's rule said when it was raised. */
export interface AlarmFacts {
  readonly kind: 'high' | 'low';
  readonly priority: number;
}

export async function selectAlarmFacts(db: Db, ids: readonly string[]): Promise<Map<string, AlarmFacts>> {
  const rows = await db.query<AlarmFacts & { id: string }>(
    `select id, kind, priority from alarms where id = any($1::uuid[]) and device is null`,
    [ids],
  );
  return new Map(rows.map(({ id, kind, priority }) => [id, { kind, priority }]));
}

/** An occurrence that ended because its rule was removed, as its line in the journal has it. */
export interface Closed extends AlarmFacts {
  readonly id: string;
  readonly rule: number;
  readonly tag: TagId;
  readonly at: number;
  readonly limit: number;
  readonly comment: string;
}

/** Ends the occurrences whose rule is no longer there: nothing could ever clear them. */
export const closeAlarmsWithoutRule = (tx: Db): Promise<Closed[]> =>
  tx.query<Closed>(
    `with closed as (
       update alarms set state = 'normal', cleared_at = coalesce(cleared_at, now())
       where state <> 'normal' and rule_id is not null and not exists (select from alarm_rules r where r.id = rule_id)
       returning id, rule_id, tag_id, kind, priority, "limit"
     ), noted as (
       insert into alarm_journal (alarm_id, event, at, comment)
       select id, 'cleared', now(), $1 from closed on conflict (alarm_id, event, at) do nothing
     )
     select id, rule_id as rule, tag_id as tag, kind, priority, "limit", $1::text as comment,
            (extract(epoch from now()) * 1000)::float8 as at
     from closed`,
    ['The rule of this alarm was removed.'],
  );

const COLUMNS = `
  m.id, m.rule_id as rule, m.tag_id as tag, coalesce(t.name, m.device ->> 'of', 'tag ' || m.tag_id) as "tagName",
  coalesce(nullif(m.device ->> 'message', ''), m.device ->> 'name', t.description, '') as description,
  coalesce(t.unit, '') as unit, m.kind, m.priority, m.state, m."limit", m.value_at_raise as "valueAtRaise",
  m.raised_at as "raisedAt", m.cleared_at as "clearedAt", m.acknowledged_at as "acknowledgedAt",
  m.acknowledged_by as "acknowledgedBy", m.comment,
  coalesce(r.consequence, '') as consequence, coalesce(r.action, '') as action,
  coalesce(a.name, m.device ->> 'area', '') as area, m.device ->> 'sourceName' as source, m.device ->> 'name' as condition,
  (m.device ->> 'severity')::int as severity`;
const FROM = `
  from alarms m left join tags t on t.id = m.tag_id left join areas a on a.id = t.area_id
  left join alarm_rules r on r.id = m.rule_id`;

type Row = Omit<AlarmView, 'raisedAt' | 'clearedAt' | 'acknowledgedAt' | 'uncertain'> & {
  raisedAt: Date;
  clearedAt: Date | null;
  acknowledgedAt: Date | null;
};

/** Unacknowledged first, then the most urgent, then the newest. `isCertain` is asked for the open ones of devices. */
export async function selectAlarms(
  db: Db,
  which: 'open' | 'all',
  { limit, offset }: PageQuery,
  isCertain: (id: string) => boolean = () => true,
): Promise<Page<AlarmView>> {
  const filter = which === 'open' ? `where m.state <> 'normal'` : '';
  const rows = await db.query<Row>(
    `select ${COLUMNS} ${FROM} ${filter}
     order by m.state in ('acknowledged', 'normal'), m.priority, m.raised_at desc limit $1 offset $2`,
    [limit, offset],
  );
  const [count] = await db.query<{ total: number }>(`select count(*)::int as total from alarms m ${filter}`);
  return { items: rows.map((row) => toView(row, isCertain)), total: count?.total ?? 0, limit, offset };
}

const toView = (row: Row, isCertain: (id: string) => boolean): AlarmView => ({
  ...row,
  raisedAt: row.raisedAt.toISOString(),
  clearedAt: row.clearedAt?.toISOString() ?? null,
  acknowledgedAt: row.acknowledgedAt?.toISOString() ?? null,
  uncertain: row.source !== null && row.state !== 'normal' && !isCertain(row.id),
});
