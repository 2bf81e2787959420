import type { Registry } from 'prom-client';
import { z } from 'zod';
import { HealthCheck, HealthReport } from '../api/health.ts';
import type { Health } from '../health.ts';
import { notFound } from '../web/problem.ts';
import { jsonAnswer, Reply, route, textReply } from '../web/route.ts';

const Live = z.strictObject({ status: z.literal('ok') });

/** For people, load balancers and Prometheus. `/health/db` is the check named `database`. */
export const healthRoutes = (health: Health, registry: Registry) => {
  const answer = (report: HealthReport | HealthCheck) =>
    new Reply(jsonAnswer(report, report.status === 'failing' ? 503 : 200));

  const whole = (path: string, summary: string) =>
    route({
      ...{ method: 'GET', path, role: 'public', summary, answer: HealthReport },
      handle: () => Promise.resolve(answer(health.report())),
    });

  return [
    whole('/health', 'How this daemon is, check by check; 503 when failing.'),
    whole('/health/ready', 'The same, for load balancers: 503 while requests should go elsewhere.'),
    route({
      method: 'GET',
      path: '/health/live',
      role: 'public',
      summary: 'Answers as long as the process does.',
      answer: Live,
      handle: () => Promise.resolve({ status: 'ok' as const }),
    }),
    route({
      method: 'GET',
      path: '/health/db',
      role: 'public',
      summary: 'How the database is.',
      answer: HealthCheck,
      handle() {
        const check = health.report().checks['database'];
        return check === undefined
          ? Promise.reject(notFound('No database is checked.'))
          : Promise.resolve(answer(check));
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      role: 'public',
      summary: 'Metrics for Prometheus.',
      handle: async () => textReply(await registry.metrics(), registry.contentType),
    }),
  ];
};
