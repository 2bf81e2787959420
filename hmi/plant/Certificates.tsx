import type { CertificatesView, CertificateView } from '../../gateway/api/certificates.ts';
import { call } from '../api.ts';
import { Command } from '../components/Command.tsx';
import { Condition, type Kind } from '../components/Condition.tsx';
import { PageHead } from '../components/PageHead.tsx';
import { Empty, Loaded } from '../components/States.tsx';
import { type Column, Table } from '../components/Table.tsx';
import { dateTime } from '../format.ts';
import { t } from '../locale.ts';
import { useResource } from '../resource.ts';

const REFRESH_MS = 5000;
const kinds: Record<CertificateView['state'], Kind> = {
  ...{ own: 'calm', trusted: 'calm', issuer: 'calm', rejected: 'attention' },
};
const order: readonly CertificateView['state'][] = ['rejected', 'own', 'trusted', 'issuer'];

/** Whom the gateway trusts among OPC UA servers, and who it is itself. */
export function Certificates() {
  const certificates = useResource(
    'certificates',
    (signal) => call<CertificatesView>('/api/v1/certificates', { signal }),
    { everyMs: REFRESH_MS },
  );
  const act = (method: 'POST' | 'DELETE', path: string) => async () => {
    await call(`/api/v1/certificates/${path}`, { method });
    certificates.reload();
  };
  return (
    <>
      <PageHead title={t('certificates.title')} trail={[{ name: t('sources.title'), path: '/sources' }]} />
      <Loaded of={certificates}>
        {({ certificates: found }) =>
          found.length === 0 ? (
            <Empty>{t('certificates.empty')}</Empty>
          ) : (
            <Table
              caption={t('certificates.title')}
              columns={columns(act)}
              rows={found.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))}
              id={({ state, thumbprint }) => `${state} ${thumbprint}`}
            />
          )
        }
      </Loaded>
    </>
  );
}

type Act = (method: 'POST' | 'DELETE', path: string) => () => Promise<void>;

const columns = (act: Act): Column<CertificateView>[] => [
  {
    key: 'state',
    head: t('sources.state'),
    cell: ({ state, doubt }) => (
      <span class="stack">
        <Condition kind={doubt === null ? kinds[state] : 'attention'}>
          {t(`certificate.state.${state}`)}
        </Condition>
        {doubt === null ? null : <small class="wrap">{doubt}</small>}
      </span>
    ),
  },
  {
    key: 'subject',
    head: t('certificates.subject'),
    cell: ({ subject, applicationUri, thumbprint }) => (
      <span class="stack">
        <strong class="wrap">{subject}</strong>
        <small class="wrap">{applicationUri}</small>
        <small class="wrap">{thumbprint}</small>
      </span>
    ),
  },
  { key: 'issuer', head: t('certificates.issuer'), cell: ({ issuer }) => <span class="wrap">{issuer}</span> },
  { key: 'until', head: t('certificates.until'), tight: true, cell: ({ validTo }) => dateTime(validTo) },
  {
    key: 'act',
    head: <span class="unseen">{t('certificates.act')}</span>,
    cell: (certificate) => <Actions certificate={certificate} act={act} />,
  },
];

function Actions({
  certificate: { state, thumbprint, subject },
  act,
}: {
  certificate: CertificateView;
  act: Act;
}) {
  const ask = (question: 'trustQuestion' | 'renewQuestion' | 'removeQuestion', action: string) => ({
    title: action,
    text: t(`certificates.${question}`, { subject, thumbprint }),
    action,
  });
  if (state === 'own') {
    return (
      <span class="choices">
        <a class="button" href="/api/v1/certificates/own" download>
          {t('certificates.download')}
        </a>
        <Command
          role="administrator"
          run={act('POST', 'own/renew')}
          confirm={ask('renewQuestion', t('certificates.renew'))}
        >
          {t('certificates.renew')}
        </Command>
      </span>
    );
  }
  return (
    <span class="choices">
      {state === 'rejected' ? (
        <Command
          role="administrator"
          run={act('POST', `${thumbprint}/trust`)}
          confirm={ask('trustQuestion', t('certificates.trust'))}
        >
          {t('certificates.trust')}
        </Command>
      ) : (
        <Command role="administrator" run={act('POST', `${thumbprint}/reject`)}>
          {t('certificates.reject')}
        </Command>
      )}
      <Command
        role="administrator"
        run={act('DELETE', thumbprint)}
        confirm={ask('removeQuestion', t('certificates.remove'))}
      >
        {t('certificates.remove')}
      </Command>
    </span>
  );
}
