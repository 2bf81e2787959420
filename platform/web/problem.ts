import { STATUS_CODES } from 'node:http';
import type { Fault, ProblemBody } from '../api/problem.ts';
import type { Answer } from './server.ts';

export interface ProblemDetails {
  readonly status: number;
  /** A sentence for a person: what is wrong and what to do. */
  readonly detail: string;
  readonly faults?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection after the answer. */
  readonly close?: boolean;
}

/** Thrown by a route to answer something else than success. Its detail is shown to the caller. */
export class Problem extends Error {
  override name = 'Problem';
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails, options?: ErrorOptions) {
    super(details.detail, options);
    this.details = details;
  }
}

export const notFound = (detail: string) => new Problem({ status: 404, detail });

export function problemAnswer(details: ProblemDetails, correlationId?: string): Answer {
  const body: ProblemBody = {
    type: 'about:blank',
    title: STATUS_CODES[details.status] ?? 'Error',
    status: details.status,
    detail: details.detail,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(details.faults === undefined ? {} : { faults: [...details.faults] }),
  };
  return {
    status: details.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...details.headers },
    body: JSON.stringify(body),
    ...(details.close === true ? { close: true } : {}),
  };
}
