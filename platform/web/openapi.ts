import { z } from 'zod';
import { ProblemBody } from '../api/problem.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** The description of the interface (OpenAPI 3.1), made from the routes alone. */
function openapi(routes: readonly Route[], title: string, version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title, version },
    paths,
    components: {
      schemas: { Problem: schemaOf(ProblemBody, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'penstock session' },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

function operation({ summary, role, schemas, status, raw, method, path }: Route): Json {
  const success = String(status ?? (schemas.answer === undefined ? 204 : 200));
  const body = raw
    ? { content: { 'application/octet-stream': {} } }
    : schemas.body && { content: { 'application/json': { schema: schemaOf(schemas.body, 'input') } } };
  return {
    summary,
    operationId: `${method.toLowerCase()}${path.replace(/[^a-z0-9]+/gi, '_')}`,
    'x-role': role,
    security: role === 'public' ? [] : [{ session: [] }, { token: [] }],
    parameters: [...parametersOf(schemas.params, 'path'), ...parametersOf(schemas.query, 'query')],
    ...(body === undefined ? {} : { requestBody: { required: true, ...body } }),
    responses: {
      [success]: {
        description: 'Success.',
        ...(schemas.answer === undefined
          ? {}
          : { content: { 'application/json': { schema: schemaOf(schemas.answer, 'output') } } }),
      },
      default: {
        description: 'Anything else.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  // One dialect for all of the document: the default of OpenAPI 3.1 is the one that zod writes.
  return $schema === 'https://json-schema.org/draft/2020-12/schema' ? rest : { $schema, ...rest };
}

/** Serves the description of the routes given, and of itself. */
export function openapiRoute(routes: readonly Route[], about: { title: string; version: string }): Route {
  const own: Route = route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    role: 'public',
    summary: 'This description.',
    answer: z.record(z.string(), z.unknown()),
    handle: () => Promise.resolve(description),
  });
  const description = openapi([...routes, own], about.title, about.version);
  return own;
}
