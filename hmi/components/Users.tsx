import type { Role } from '../../platform/api/session.ts';
import type { NewUser as NewUserBody, UserView } from '../../platform/api/users.ts';
import { all, call } from '../api.ts';
import { dateTime } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import { Field } from './Field.tsx';
import { Form } from './Form.tsx';
import { hindered } from './hindered.ts';
import { PageHead } from './PageHead.tsx';
import { Loaded } from './States.tsx';
import { type Column, Table } from './Table.tsx';

const roles: readonly Role[] = ['viewer', 'operator', 'engineer', 'administrator'];

/** Who may do what. */
export function Users() {
  const users = useResource('users', (signal) => all<UserView>('/api/v1/users', signal));
  return (
    <>
      <PageHead title={t('users.title')} />
      <Loaded of={users}>
        {(rows) => <Table caption={t('users.title')} columns={columns()} rows={rows} id={({ id }) => id} />}
      </Loaded>
      <NewUser done={users.reload} />
    </>
  );
}

const columns = (): Column<UserView>[] => [
  { key: 'name', head: t('users.name'), cell: ({ name }) => <strong>{name}</strong> },
  { key: 'role', head: t('users.role'), cell: ({ role }) => t(`role.${role}`) },
  {
    key: 'seen',
    head: t('users.signedIn'),
    tight: true,
    cell: ({ signedInAt }) => (signedInAt === null ? t('value.never') : dateTime(signedInAt)),
  },
  { key: 'created', head: t('users.created'), tight: true, cell: ({ createdAt }) => dateTime(createdAt) },
];

function NewUser({ done }: { done: () => void }) {
  const create = async ({ name = '', password = '', role = 'viewer' }: Record<string, string>) => {
    const body: NewUserBody = { name: name.trim(), password, role: role as Role };
    await call('/api/v1/users', { method: 'POST', body });
    done();
  };
  return (
    <section class="panel order" aria-labelledby="new-user">
      <h2 id="new-user">{t('users.new')}</h2>
      <Form action={t('users.create')} send={create} blocked={hindered('administrator')}>
        <Field label={t('users.name')} name="name" />
        <Field
          label={t('entrance.password')}
          name="password"
          type="password"
          hint={t('entrance.passwordHint')}
          autocomplete="new-password"
          minLength={12}
        />
        <label class="field">
          <span>{t('users.role')}</span>
          <select name="role" required>
            {roles.map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}
              </option>
            ))}
          </select>
        </label>
      </Form>
    </section>
  );
}
