import { lazy, Route } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { NotFound } from '../components/NotFound.tsx';
import { type Destination, Shell } from '../components/Shell.tsx';
import { start } from '../components/start.tsx';
import { t } from '../locale.ts';
import { user } from '../session.ts';
import { AlarmBanner } from './AlarmBanner.tsx';
import { followAlarms } from './alarms.ts';
import { Overview } from './Overview.tsx';
import '../style/main.css';

const Alarms = lazy(async () => (await import('./Alarms.tsx')).Alarms);
const AlarmHistory = lazy(async () => (await import('./AlarmHistory.tsx')).AlarmHistory);
const TagPage = lazy(async () => (await import('./TagPage.tsx')).TagPage);
const Sources = lazy(async () => (await import('./Sources.tsx')).Sources);
const SourcePage = lazy(async () => (await import('./SourcePage.tsx')).SourcePage);
const NewSource = lazy(async () => (await import('./SourceEditor.tsx')).NewSource);
const EditSource = lazy(async () => (await import('./SourceEditor.tsx')).EditSource);
const Browse = lazy(async () => (await import('./Browse.tsx')).Browse);
const Certificates = lazy(async () => (await import('./Certificates.tsx')).Certificates);
const TagEditor = lazy(async () => (await import('./TagEditor.tsx')).TagEditor);
const Tags = lazy(async () => (await import('./Tags.tsx')).Tags);
const Jobs = lazy(async () => (await import('../components/Jobs.tsx')).Jobs);
const JobRuns = lazy(async () => (await import('../components/Jobs.tsx')).JobRuns);
const Backups = lazy(async () => (await import('./Backups.tsx')).Backups);
const Models = lazy(async () => (await import('./Models.tsx')).Models);
const Trainings = lazy(async () => (await import('./Trainings.tsx')).Trainings);
const Storage = lazy(async () => (await import('./Storage.tsx')).Storage);
const System = lazy(async () => (await import('./System.tsx')).System);
const Users = lazy(async () => (await import('../components/Users.tsx')).Users);

const destinations = (): Destination[] => [
  { path: '/', name: t('overview.title') },
  { path: '/alarms', name: t('alarms.title') },
  { path: '/tags', name: t('tags.title') },
  { path: '/sources', name: t('sources.title') },
  { path: '/models', name: t('models.title') },
  { path: '/trainings', name: t('trainings.title') },
  { path: '/jobs', name: t('jobs.title') },
  { path: '/storage', name: t('storage.title') },
  { path: '/backups', name: t('backups.title') },
  { path: '/system', name: t('system.title') },
  ...(user.value?.role === 'administrator' ? [{ path: '/users', name: t('users.title') }] : []),
];

function Plant() {
  useEffect(followAlarms, []);
  return (
    <Shell destinations={destinations()} banner={<AlarmBanner />}>
      {[
        <Route path="/" component={Overview} />,
        <Route path="/alarms" component={Alarms} />,
        <Route path="/alarms/history" component={AlarmHistory} />,
        <Route path="/tags/:id" component={TagPage} />,
        <Route path="/tags/:id/settings" component={TagEditor} />,
        <Route path="/tags" component={Tags} />,
        <Route path="/sources" component={Sources} />,
        <Route path="/sources/new" component={NewSource} />,
        <Route path="/sources/:name" component={SourcePage} />,
        <Route path="/sources/:name/settings" component={EditSource} />,
        <Route path="/sources/:name/browse" component={Browse} />,
        <Route path="/certificates" component={Certificates} />,
        <Route path="/jobs" component={Jobs} />,
        <Route path="/jobs/:name" component={JobRuns} />,
        <Route path="/models" component={Models} />,
        <Route path="/trainings" component={Trainings} />,
        <Route path="/storage" component={Storage} />,
        <Route path="/backups" component={Backups} />,
        <Route path="/system" component={System} />,
        <Route path="/users" component={Users} />,
        <Route default component={NotFound} />,
      ]}
    </Shell>
  );
}

void start(<Plant />);
