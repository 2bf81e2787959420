import { useState } from 'preact/hooks';
import type { Invitation, SiteView } from '../../sync/central/api/fleet.ts';
import { all, call } from '../api.ts';
import { now } from '../clock.ts';
import { Condition, type Kind } from '../components/Condition.tsx';
import { Field } from '../components/Field.tsx';
import { Form } from '../components/Form.tsx';
import { hindered } from '../components/hindered.ts';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime, duration, integer, offset } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';

const REFRESH_MS = 5000;

export const siteKinds: Record<SiteView['state'], Kind> = {
  connected: 'calm',
  invited: 'idle',
  silent: 'attention',
  revoked: 'fault',
};

/** The fleet: which sites are heard, and up to when their data is complete. */
export function Sites() {
  const sites = useResource('sites', (signal) => all<SiteView>('/api/v1/sites', signal), {
    room: 'sites',
    everyMs: REFRESH_MS,
  });
  return (
    <>
      <PageHead title={t('sites.title')} />
      <Loaded of={sites}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty>{t('sites.empty')}</Empty>
          ) : (
            <Table caption={t('sites.title')} columns={columns()} rows={rows} id={({ id }) => id} />
          )
        }
      </Loaded>
      <Invite done={sites.reload} />
    </>
  );
}

const columns = (): Column<SiteView>[] => [
  {
    key: 'state',
    head: t('sites.state'),
    cell: ({ state }) => <Condition kind={siteKinds[state]}>{t(`site.state.${state}`)}</Condition>,
  },
  {
    key: 'name',
    head: t('sites.name'),
    cell: ({ id, name }) => (
      <a class="in-row" href={`/sites/${encodeURIComponent(id)}`}>
        <strong>{name}</strong>
      </a>
    ),
  },
  {
    key: 'contact',
    head: t('sites.lastContact'),
    tight: true,
    cell: ({ lastContact }) =>
      lastContact === null
        ? t('value.never')
        : t('value.ago', { age: duration(now.value - Date.parse(lastContact)) }),
  },
  {
    key: 'complete',
    head: t('sites.completeTo'),
    tight: true,
    cell: ({ completeTo }) => (completeTo === null ? t('value.notYet') : dateTime(completeTo)),
  },
  { key: 'readings', head: t('sites.readings'), align: 'right', cell: ({ readings }) => integer(readings) },
  { key: 'tags', head: t('sites.tags'), align: 'right', cell: ({ tags }) => integer(tags) },
  {
    key: 'alarms',
    head: t('sites.openAlarms'),
    align: 'right',
    cell: ({ openAlarms }) => integer(openAlarms),
  },
];

/** Only here and only now can the token be read: the server keeps its digest alone. */
function Invite({ done }: { done: () => void }) {
  const [invitation, setInvitation] = useState<Invitation | null>(null);
  const invite = async ({ name = '' }: Record<string, string>) => {
    setInvitation(await call<Invitation>('/api/v1/sites', { method: 'POST', body: { name: name.trim() } }));
    done();
  };
  return (
    <section class="panel order" aria-labelledby="invite">
      <h2 id="invite">{t('sites.invite')}</h2>
      {invitation === null ? (
        <Form action={t('sites.makeToken')} send={invite} blocked={hindered('administrator')}>
          <Field label={t('sites.newName')} name="name" hint={t('sites.inviteHint')} />
        </Form>
      ) : (
        <Token invitation={invitation} done={() => setInvitation(null)} />
      )}
    </section>
  );
}

function Token({ invitation, done }: { invitation: Invitation; done: () => void }) {
  return (
    <div class="token" role="status">
      <p>{t('sites.tokenOnce', { site: invitation.site.name })}</p>
      <p>
        <code>{invitation.token}</code>
      </p>
      <p class="note">
        {t('sites.tokenUntil', { at: `${dateTime(invitation.expiresAt)} ${offset(invitation.expiresAt)}` })}
      </p>
      <div class="choices">
        <button type="button" onClick={() => void navigator.clipboard.writeText(invitation.token)}>
          {t('action.copy')}
        </button>
        <button type="button" onClick={done}>
          {t('sites.tokenNoted')}
        </button>
      </div>
    </div>
  );
}
