import type { TagId } from '../../history/reading.ts';
import type { Page, PageQuery } from '../../platform/api/page.ts';
import type { Db } from '../../platform/database/db.ts';
import type { CommandState, CommandView } from '../api/commands.ts';

/** A command as it is kept. Values are in the tag's unit. */
export interface Command {
  readonly id: string;
  readonly tag: TagId;
  readonly tagName: string;
  readonly before: number | string | null;
  readonly value: number | string;
  readonly readBack: number | string | null;
  readonly state: CommandState;
  readonly by: string;
  readonly userId: string;
  readonly comment: string;
  readonly token: Uint8Array | null;
  readonly preparedAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly why: string | null;
}

const COLUMNS = `c.id, c.tag_id as tag, t.name as "tagName", c.before, c.value, c.read_back as "readBack", c.state, c.by,
  c.user_id as "userId", c.comment, c.token, c.prepared_at as "preparedAt", c.expires_at as "expiresAt",
  c.ended_at as "endedAt", c.why`;

export const toView = (command: Command): CommandView => {
  const { id, tag, tagName, before, value, readBack, state, by, comment, why } = command;
  return {
    ...{ id, tag, tagName, before, value, readBack, state, by, comment, why },
    preparedAt: command.preparedAt.toISOString(),
    endedAt: command.endedAt?.toISOString() ?? null,
  };
};

type New = Pick<
  Command,
  'id' | 'tag' | 'before' | 'value' | 'by' | 'userId' | 'comment' | 'token' | 'preparedAt' | 'expiresAt'
>;

export const insertCommand = (db: Db, command: New): Promise<unknown> =>
  db.query(
    `insert into commands (id, tag_id, state, before, value, by, user_id, comment, token, prepared_at, expires_at)
     values ($1, $2, 'prepared', $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      command.id,
      command.tag,
      JSON.stringify(command.before),
      JSON.stringify(command.value),
      ...[command.by, command.userId, command.comment, command.token, command.preparedAt, command.expiresAt],
    ],
  );

/** Inside of a transaction nobody else changes it until the end. */
export async function selectCommand(db: Db, id: string): Promise<Command | undefined> {
  const [row] = await db.query<Command>(
    `select ${COLUMNS} from commands c join tags t on t.id = c.tag_id where c.id = $1 for update of c`,
    [id],
  );
  return row;
}

export async function selectCommands(
  db: Db,
  { tag, limit, offset }: PageQuery & { tag: number | null },
): Promise<Page<CommandView>> {
  const rows = await db.query<Command>(
    `select ${COLUMNS} from commands c join tags t on t.id = c.tag_id
     where $3::int is null or c.tag_id = $3 order by c.prepared_at desc, c.id limit $1 offset $2`,
    [limit, offset, tag],
  );
  const [all] = await db.query<{ count: number }>(
    'select count(*)::int as count from commands where $1::int is null or tag_id = $1',
    [tag],
  );
  return { items: rows.map(toView), total: all?.count ?? 0, limit, offset };
}

/** When something was last sent to a tag. */
export async function selectLastSent(db: Db, tag: TagId): Promise<Date | null> {
  const [row] = await db.query<{ at: Date | null }>(
    'select max(sent_at) as at from commands where tag_id = $1',
    [tag],
  );
  return row?.at ?? null;
}

/** The token is good once. */
export const useToken = (db: Db, id: string): Promise<unknown> =>
  db.query('update commands set token = null where id = $1', [id]);

export const updateSent = (db: Db, id: string, at: Date): Promise<unknown> =>
  db.query(`update commands set state = 'sent', sent_at = $2 where id = $1`, [id, at]);

export interface End {
  readonly state: CommandState;
  readonly readBack: number | string | null;
  readonly why: string | null;
}

export const updateEnded = (db: Db, id: string, { state, readBack, why }: End, at: Date): Promise<unknown> =>
  db.query(
    `update commands set state = $2, read_back = $3, why = $4, ended_at = $5, token = null where id = $1`,
    [...[id, state, JSON.stringify(readBack), why, at]],
  );

/** Those that are in a state which is not their last. */
export const selectOpen = (db: Db, state: 'prepared' | 'sent'): Promise<Command[]> =>
  db.query<Command>(
    `select ${COLUMNS} from commands c join tags t on t.id = c.tag_id where c.state = $1 for update of c`,
    [state],
  );
