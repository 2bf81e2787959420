import type { TagId } from '../../history/reading.ts';
import type { Db } from '../../platform/database/db.ts';
import type { AlarmRule } from '../alarms/rule.ts';
import type { PlantModel } from '../plant/model.ts';
import type { Source, Tag } from '../plant/tag.ts';
import { closeAlarmsWithoutRule } from './alarms.ts';
import type { Closed } from './alarms.ts';

/** The plant as the gateway runs it. Plain JSON: a copy on disk serves while the database is away. */
export interface Plant {
  readonly site: { readonly name: string; readonly timeZone: string };
  readonly areas: readonly { readonly id: number; readonly name: string }[];
  readonly sources: readonly Source[];
  readonly tags: readonly Tag[];
  readonly rules: readonly AlarmRule[];
}

/** The whole plant; null while no model has been imported. */
export async function selectPlant(db: Db): Promise<Plant | null> {
  const [site] = await db.query<Plant['site']>(`select name, time_zone as "timeZone" from site`);
  if (site === undefined) return null;
  return {
    site,
    areas: await db.query(`select id, name from areas order by id`),
    sources: await db.query<Source>(`select id, name, protocol, config, enabled from sources order by id`),
    tags: await db.query<Tag>(
      `select t.id, t.name, t.description, t.unit, t.kind, t.decimals, a.name as area, t.source_id as source, t.address,
              t.scale, t.expected_ms as "expectedMs", t.range, t.normal, t.stuck_ms as "stuckMs", t.spike, t.forecast,
              t.clamp, t.thin, t.write, t.retention
       from tags t join areas a on a.id = t.area_id
       order by t.id`,
    ),
    rules: await db.query<AlarmRule>(
      `select id, tag_id as tag, kind, "limit", deadband, hold_ms as "holdMs", priority, consequence, action
       from alarm_rules order by id`,
    ),
  };
}

export interface ForecastTag {
  readonly id: TagId;
  readonly name: string;
  readonly settings: NonNullable<Tag['forecast']>;
}

export const selectForecastTags = (db: Db): Promise<ForecastTag[]> =>
  db.query<ForecastTag>(
    `select id, name, forecast as settings from tags where forecast is not null order by id`,
  );

/** Tags that are kept for another time than most, and by which class. */
export const selectClassedTags = (db: Db): Promise<{ id: TagId; retention: string }[]> =>
  db.query(`select id, retention from tags where retention is not null order by id`);

/**
 * Adds what is new and changes what has the same name. What the model does not name stays: a tag with a history is
 * never deleted by a file. The alarm rules of a named tag become exactly those of the model. Settles with the alarms that
 * ended because their rule is gone.
 */
export const upsertPlant = (db: Db, model: PlantModel): Promise<readonly Closed[]> =>
  db.transaction(async (tx) => {
    await tx.query(
      `insert into site (name, time_zone) values ($1, $2)
       on conflict (only_one) do update set name = excluded.name, time_zone = excluded.time_zone`,
      [model.site.name, model.site.timeZone],
    );
    await tx.query(
      `insert into areas (name)
       select a.item ->> 'name' from jsonb_array_elements($1) with ordinality as a (item, place) order by a.place
       on conflict (name) do nothing`,
      [JSON.stringify(model.areas)],
    );
    await tx.query(
      `insert into sources (name, protocol, config, enabled)
       select s.name, s.protocol, s.config, s.enabled
       from jsonb_array_elements($1) with ordinality as e (item, place),
            jsonb_to_record(e.item) as s (name text, protocol text, config jsonb, enabled boolean)
       order by e.place
       on conflict (name) do update
       set protocol = excluded.protocol, config = excluded.config, enabled = excluded.enabled`,
      [JSON.stringify(model.sources)],
    );
    await upsertTags(tx, model);
    await replaceRules(tx, model);
    return closeAlarmsWithoutRule(tx);
  });

async function upsertTags(tx: Db, model: PlantModel): Promise<void> {
  const rows = model.tags.map((tag) => ({ ...tag, stuckMs: tag.stuckMs === 0 ? null : tag.stuckMs }));
  await tx.query(
    `insert into tags (name, description, unit, kind, decimals, area_id, source_id, address, scale, expected_ms,
                       range, normal, stuck_ms, spike, forecast, clamp, thin, write, retention)
     select t.name, t.description, t.unit, t.kind, t.decimals, a.id, s.id, t.address, t.scale, t."expectedMs",
            t.range, t.normal, t."stuckMs", t.spike, t.forecast, t.clamp, t.thin, t.write, t.retention
     from jsonb_array_elements($1) with ordinality as e (item, place)
     cross join lateral jsonb_to_record(e.item) as t (
            name text, description text, unit text, kind text, decimals int, area text, source text, address jsonb,
            scale jsonb, "expectedMs" int, range jsonb, normal jsonb, "stuckMs" int, spike boolean, forecast jsonb,
            clamp jsonb, thin jsonb, write jsonb, retention text)
     join areas a on a.name = t.area
     join sources s on s.name = t.source
     order by e.place
     on conflict (name) do update set
       description = excluded.description, unit = excluded.unit, kind = excluded.kind, decimals = excluded.decimals,
       area_id = excluded.area_id, source_id = excluded.source_id, address = excluded.address, scale = excluded.scale,
       expected_ms = excluded.expected_ms, range = excluded.range, normal = excluded.normal,
       stuck_ms = excluded.stuck_ms, spike = excluded.spike, forecast = excluded.forecast,
       clamp = excluded.clamp, thin = excluded.thin, write = excluded.write, retention = excluded.retention`,
    [JSON.stringify(rows)],
  );
}

/** A rule keeps its number while tag, kind and priority stay, so that an open alarm finds it again. */
async function replaceRules(tx: Db, model: PlantModel): Promise<void> {
  const rules = JSON.stringify(
    model.tags.flatMap(({ name, alarms }) => alarms.map((rule) => ({ ...rule, tag: name }))),
  );
  const named = JSON.stringify(model.tags.map(({ name }) => name));
  await tx.query(
    `delete from alarm_rules r using tags t
     where t.id = r.tag_id and t.name in (select jsonb_array_elements_text($2))
       and not exists (
         select from jsonb_to_recordset($1) as n (tag text, kind text, priority int)
         where n.tag = t.name and n.kind = r.kind and n.priority = r.priority)`,
    [rules, named],
  );
  await tx.query(
    `insert into alarm_rules (tag_id, kind, "limit", deadband, hold_ms, priority, consequence, action)
     select t.id, n.kind, n."limit", n.deadband, n."holdMs", n.priority, n.consequence, n.action
     from jsonb_to_recordset($1) as n (
            tag text, kind text, "limit" float8, deadband float8, "holdMs" int, priority int, consequence text, action text)
     join tags t on t.name = n.tag
     on conflict (tag_id, kind, priority) do update set
       "limit" = excluded."limit", deadband = excluded.deadband, hold_ms = excluded.hold_ms,
       consequence = excluded.consequence, action = excluded.action`,
    [rules],
  );
}
