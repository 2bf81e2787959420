import { t } from '../locale.ts';
import { type SessionState, setUp, signIn } from '../session.ts';
import { Field } from './Field.tsx';
import { Form } from './Form.tsx';
import { Preferences } from './Preferences.tsx';

/** Before anyone is signed in: the first administrator's set-up, or the sign-in. */
export function Entrance({ state }: { state: SessionState }) {
  return (
    <main class="entrance">
      <div class="card">
        <p class="product">Penstock</p>
        <h1>{state.title}</h1>
        <p class="note">{t(`entrance.${state.daemon}`)}</p>
        {state.setUpNeeded ? <SetUp /> : <SignIn />}
      </div>
      <Preferences />
    </main>
  );
}

function SignIn() {
  return (
    <Form action={t('entrance.signIn')} send={({ name = '', password = '' }) => signIn({ name, password })}>
      <Field label={t('entrance.name')} name="name" autocomplete="username" autofocus />
      <Field label={t('entrance.password')} name="password" type="password" autocomplete="current-password" />
    </Form>
  );
}

function SetUp() {
  return (
    <>
      <p>{t('entrance.setUpIntroduction')}</p>
      <Form
        action={t('entrance.setUp')}
        send={({ code = '', name = '', password = '' }) => setUp({ code: code.trim(), name, password })}
      >
        <Field
          label={t('entrance.code')}
          name="code"
          hint={t('entrance.codeHint')}
          autocomplete="one-time-code"
          autofocus
        />
        <Field label={t('entrance.name')} name="name" autocomplete="username" />
        <Field
          label={t('entrance.password')}
          name="password"
          type="password"
          hint={t('entrance.passwordHint')}
          autocomplete="new-password"
          minLength={12}
        />
      </Form>
    </>
  );
}
