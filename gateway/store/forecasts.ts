import type { Bands } from '../../forecasting/artefact.ts';
import { radii } from '../../forecasting/conformal.ts';
import type { Forecast } from '../../forecasting/forecast.ts';
import type { TagId } from '../../history/reading.ts';
import type { Db } from '../../platform/database/db.ts';
import type { ForecastView, ModelKind } from '../api/models.ts';
import { FIGURES, SUMS } from './scores.ts';

export interface IssuedForecast {
  readonly model: string;
  readonly tag: TagId;
  readonly issuedAt: Date;
  readonly forecast: Forecast;
}

/** Stores a forecast. The same model at the same instant overwrites its own. */
export const upsertForecast = (
  db: Db,
  { model, tag, issuedAt, forecast }: IssuedForecast,
): Promise<unknown> =>
  db.query(
    `insert into forecasts (model_id, issued_at, tag_id, start_at, step_ms, mean, naive, block_steps, radius80, radius95, fallback)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (model_id, issued_at) do update
     set start_at = excluded.start_at, step_ms = excluded.step_ms, mean = excluded.mean, naive = excluded.naive,
         block_steps = excluded.block_steps, radius80 = excluded.radius80, radius95 = excluded.radius95,
         fallback = excluded.fallback`,
    [
      ...[model, issuedAt, tag, new Date(forecast.start), forecast.stepMs],
      ...[[...forecast.mean], [...forecast.naive]],
      ...[forecast.bands.blockSteps, forecast.bands.radius80, forecast.bands.radius95, forecast.fallback],
    ],
  );

interface Row {
  model: string;
  kind: ModelKind;
  version: number;
  issuedAt: Date;
  start: Date;
  stepMs: number;
  mean: number[];
  blockSteps: number;
  radius80: number[];
  radius95: number[];
  coverage95: number | null;
  skill: number | null;
  mae: number | null;
}

/** The newest forecast of the tag's active model; undefined before the first one. */
export async function selectForecast(db: Db, tag: number): Promise<ForecastView | undefined> {
  const [row] = await db.query<Row>(
    `select m.id as model, m.kind, m.version, f.issued_at as "issuedAt", f.start_at as start, f.step_ms as "stepMs", f.mean,
            f.block_steps as "blockSteps", f.radius80, f.radius95, ${FIGURES}
     from models m join forecasts f on f.model_id = m.id left join (${SUMS}) as s on s.model_id = m.id
     where m.tag_id = $1 and m.state = 'active' order by f.issued_at desc limit 1`,
    [tag],
  );
  return row === undefined ? undefined : toView(tag, row);
}

function toView(tag: number, row: Row): ForecastView {
  const { model, kind, version, stepMs, mean, coverage95, skill, mae } = row;
  const bands: Bands = { blockSteps: row.blockSteps, radius80: row.radius80, radius95: row.radius95 };
  const [r80, r95] = [radii(bands, 80, mean.length), radii(bands, 95, mean.length)];
  const shifted = (radius: Float64Array, sign: 1 | -1) => mean.map((m, i) => m + sign * (radius[i] ?? NaN));
  return {
    ...{ tag, model, kind, version, issuedAt: row.issuedAt.toISOString(), stepMs },
    at: mean.map((_, i) => row.start.getTime() + i * stepMs),
    mean,
    lower80: shifted(r80, -1),
    upper80: shifted(r80, 1),
    lower95: shifted(r95, -1),
    upper95: shifted(r95, 1),
    ...{ coverage95, skill, mae },
  };
}

/** Forgets the forecasts that began before `before`. */
export async function deleteForecastsBefore(db: Db, before: Date): Promise<number> {
  const rows = await db.query('delete from forecasts where start_at < $1 returning model_id', [before]);
  return rows.length;
}
