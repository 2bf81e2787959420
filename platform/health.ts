import type { HealthCheck, HealthReport } from './api/health.ts';

/** Asked at each request, so it must be cheap and never wait. */
export type Check = () => HealthCheck;

export interface Health {
  add(name: string, check: Check): void;
  report(): HealthReport;
}

const SEVERITY: readonly HealthReport['status'][] = ['ok', 'degraded', 'failing'];

/** The daemon's own view of itself: as bad as its worst check. */
export function createHealth(version: string): Health {
  const checks = new Map<string, Check>();
  const startedAt = new Date().toISOString();

  return {
    add(name, check) {
      checks.set(name, check);
    },
    report() {
      const results = [...checks].map(([name, check]) => [name, ask(check)] as const);
      const worst = Math.max(0, ...results.map(([, { status }]) => SEVERITY.indexOf(status)));
      return {
        status: SEVERITY[worst] ?? 'failing',
        version,
        startedAt,
        checks: Object.fromEntries(results),
      };
    },
  };
}

function ask(check: Check): HealthCheck {
  try {
    return check();
  } catch (err) {
    return {
      status: 'failing',
      message: `The check itself failed: ${err instanceof Error ? err.message : String(err)}`,
    };
  }
}
