import type { ComponentChildren, VNode } from 'preact';
import { ErrorBoundary, LocationProvider, Router, useLocation } from 'preact-iso';
import { useEffect, useRef, useState } from 'preact/hooks';
import { now } from '../clock.ts';
import { offset, time } from '../format.ts';
import { link } from '../live.ts';
import { t } from '../locale.ts';
import { session, signOut, user } from '../session.ts';
import { Boundary } from './Boundary.tsx';
import { LinkBar } from './LinkBar.tsx';
import { Preferences } from './Preferences.tsx';

export interface Destination {
  path: string;
  name: string;
  note?: ComponentChildren;
}

interface Props {
  destinations: readonly Destination[];
  /** Stays in sight on every page, above the page itself. */
  banner?: ComponentChildren;
  children: VNode[];
}

/** The frame of all pages: where one is, what time it is there, whether it is live. */
export function Shell(props: Props) {
  return (
    <LocationProvider>
      <Frame {...props} />
    </LocationProvider>
  );
}

function Frame({ destinations, banner, children }: Props) {
  const [isOpen, setOpen] = useState(false);
  const { path } = useLocation();
  const page = useRef<HTMLElement>(null);
  useEffect(() => {
    setOpen(false);
    page.current?.scrollTo(0, 0);
  }, [path]);

  return (
    <div class="shell" data-linked={link.value.state !== 'lost'} data-menu={isOpen ? 'open' : 'closed'}>
      <a class="skip" href="#page">
        {t('shell.skip')}
      </a>
      <div class="top">
        <LinkBar />
        <header class="head">
          <button
            type="button"
            class="menu"
            aria-expanded={isOpen}
            aria-controls="menu"
            onClick={() => setOpen(!isOpen)}
          >
            {t('shell.menu')}
          </button>
          <a class="site" href="/">
            {session.value?.title}
          </a>
          <Clock />
        </header>
        {banner}
      </div>
      <nav id="menu" class="rail" aria-label={t('shell.pages')}>
        <Destinations all={destinations} />
        <div class="rail-foot">
          <Account />
          <Preferences />
        </div>
      </nav>
      <main ref={page} id="page" class="page" tabIndex={0}>
        <Boundary key={path}>
          <ErrorBoundary>
            <Router>{children}</Router>
          </ErrorBoundary>
        </Boundary>
      </main>
    </div>
  );
}

function Destinations({ all }: { all: readonly Destination[] }) {
  const { path } = useLocation();
  return (
    <ul>
      {all.map((destination) => {
        const isHere = destination.path === '/' ? path === '/' : path.startsWith(destination.path);
        return (
          <li key={destination.path}>
            <a href={destination.path} aria-current={isHere ? 'page' : undefined}>
              <span>{destination.name}</span>
              {destination.note}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

function Clock() {
  const at = now.value;
  return (
    <p class="clock">
      <time>{time(at)}</time> <small>{offset(at)}</small>
    </p>
  );
}

function Account() {
  const me = user.value;
  if (me === null) return null;
  return (
    <div class="account">
      <p>
        {me.name}
        <small>{t(`role.${me.role}`)}</small>
      </p>
      <button type="button" onClick={() => void signOut()}>
        {t('entrance.signOut')}
      </button>
    </div>
  );
}
