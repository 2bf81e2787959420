import { useState } from 'preact/hooks';
import type {
  CommandState,
  CommandView,
  PreparedCommand,
  WriteSettings,
} from '../../gateway/api/commands.ts';
import type { Page } from '../../platform/api/page.ts';
import { call, type Problem } from '../api.ts';
import { Condition, type Kind } from '../components/Condition.tsx';
import { Confirm } from '../components/Confirm.tsx';
import { Form } from '../components/Form.tsx';
import { hindered } from '../components/hindered.ts';
import { Failure } from '../components/States.tsx';
import { dateTime } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';
import type { TagView } from './tags.ts';
import { value } from './value.ts';

const SHOWN = 5;
const REFRESH_MS = 5000;

const kinds: Record<CommandState, Kind> = {
  prepared: 'busy',
  sent: 'busy',
  verified: 'calm',
  unverified: 'attention',
  refused: 'fault',
  failed: 'fault',
  expired: 'idle',
  withdrawn: 'idle',
};

/** A write to the device in two steps; its result is what the device shows afterwards (rules C2 and C3). */
export function SetPoint({ tag, settings }: { tag: TagView; settings: WriteSettings }) {
  const path = `/api/v1/commands?tag=${tag.id}&limit=${SHOWN}&offset=0`;
  const last = useResource(path, (signal) => call<Page<CommandView>>(path, { signal }), {
    everyMs: REFRESH_MS,
  });
  const [asked, ask] = useState<PreparedCommand | null>(null);
  const [failure, fail] = useState<Problem | null>(null);

  const prepare = async ({ value: text = '', comment = '' }: Record<string, string>) => {
    fail(null);
    const body = { tag: tag.id, value: tag.kind === 'text' ? text : Number(text), comment };
    ask(await call<PreparedCommand>('/api/v1/commands', { method: 'POST', body }));
  };
  const settle = async (method: 'POST' | 'DELETE') => {
    if (asked === null) return;
    ask(null);
    const base = `/api/v1/commands/${asked.command.id}`;
    try {
      if (method === 'POST') await call(`${base}/confirm`, { method, body: { token: asked.token } });
      else await call(base, { method });
    } catch (err) {
      fail(err as Problem);
    }
    last.reload();
  };

  return (
    <section class="panel order" aria-labelledby="set-point">
      <h2 id="set-point">{t('command.title')}</h2>
      <Form action={t('command.prepare')} send={prepare} blocked={hindered(settings.role)}>
        <Amount tag={tag} settings={settings} />
        <label class="field">
          <span>{t('alarms.comment')}</span>
          <input name="comment" maxLength={500} autocomplete="off" />
        </label>
      </Form>
      {failure === null ? null : <Failure problem={failure} />}
      {asked === null ? null : (
        <Confirm
          title={`${tag.name} ${tag.description}`}
          text={t('command.question', {
            before: value(asked.command.before, tag.decimals, tag.unit),
            after: value(asked.command.value, tag.decimals, tag.unit),
          })}
          action={t('command.send')}
          onConfirm={() => void settle('POST')}
          onCancel={() => void settle('DELETE')}
        />
      )}
      <ol class="commands">
        {(last.value?.items ?? []).map((command) => (
          <Past key={command.id} command={command} tag={tag} />
        ))}
      </ol>
    </section>
  );
}

function Amount({ tag, settings: { range } }: { tag: TagView; settings: WriteSettings }) {
  const [low, high] = range;
  if (tag.kind === 'text') {
    return (
      <label class="field">
        <span>{t('command.value')}</span>
        <input name="value" required autocomplete="off" />
      </label>
    );
  }
  const bounds = `${value(low, tag.decimals, '')} … ${value(high, tag.decimals, tag.unit)}`;
  return (
    <label class="field">
      <span>{t('command.between', { bounds })}</span>
      <input name="value" type="number" step="any" min={low} max={high} required autocomplete="off" />
    </label>
  );
}

function Past({ command, tag }: { command: CommandView; tag: TagView }) {
  const show = (amount: number | string | null) => value(amount, tag.decimals, tag.unit);
  return (
    <li>
      <Condition kind={kinds[command.state]}>{t(`command.state.${command.state}`)}</Condition>{' '}
      <span>
        {show(command.before)} → {show(command.value)}
      </span>{' '}
      <small>
        {command.by}, {dateTime(command.preparedAt)}
        {command.comment === '' ? '' : ` · ${command.comment}`}
      </small>
      {command.why === null ? null : <p class="wrap">{command.why}</p>}
    </li>
  );
}
