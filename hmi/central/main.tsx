import { lazy, Route } from 'preact-iso';
import { NotFound } from '../components/NotFound.tsx';
import { type Destination, Shell } from '../components/Shell.tsx';
import { start } from '../components/start.tsx';
import { t } from '../locale.ts';
import { user } from '../session.ts';
import { Sites } from './Sites.tsx';
import '../style/main.css';

const Site = lazy(async () => (await import('./Site.tsx')).Site);
const Trainings = lazy(async () => (await import('./Trainings.tsx')).Trainings);
const Training = lazy(async () => (await import('./Training.tsx')).Training);
const Jobs = lazy(async () => (await import('../components/Jobs.tsx')).Jobs);
const JobRuns = lazy(async () => (await import('../components/Jobs.tsx')).JobRuns);
const HealthPage = lazy(async () => (await import('../components/HealthPage.tsx')).HealthPage);
const Users = lazy(async () => (await import('../components/Users.tsx')).Users);

const destinations = (): Destination[] => [
  { path: '/', name: t('sites.title') },
  { path: '/trainings', name: t('trainings.title') },
  { path: '/jobs', name: t('jobs.title') },
  { path: '/health-checks', name: t('health.title') },
  ...(user.value?.role === 'administrator' ? [{ path: '/users', name: t('users.title') }] : []),
];

function Central() {
  return (
    <Shell destinations={destinations()}>
      {[
        <Route path="/" component={Sites} />,
        <Route path="/sites/:id" component={Site} />,
        <Route path="/trainings" component={Trainings} />,
        <Route path="/trainings/:id" component={Training} />,
        <Route path="/jobs" component={Jobs} />,
        <Route path="/jobs/:name" component={JobRuns} />,
        <Route path="/health-checks" component={HealthPage} />,
        <Route path="/users" component={Users} />,
        <Route default component={NotFound} />,
      ]}
    </Shell>
  );
}

void start(<Central />);
