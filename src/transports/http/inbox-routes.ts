import type { Context, Hono } from 'hono';
import {
  type InboxCommandName,
  inboxCommands,
  type InboxEntry,
} from '../../protocol/inbox-commands.ts';
import { Refusal, refusalOf } from '../../protocol/codes/errors.ts';
import type { Method } from '../../protocol/operation.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { bodyFields, limitBody, pathFields, text, userIdOf, whole } from './request-parts.ts';
import { userExportRoute } from './user-export.ts';

/** A route that executes one command in an inbox. */
export interface InboxRoute {
  name: InboxCommandName;
  method: Method;
  path: string;
  summary: string;
  /** Fields in the path, fields in the query, and whether the other fields are in a body. */
  inPath: readonly string[];
  inQuery: readonly string[];
  hasBody: boolean;
}

const table: Readonly<Record<InboxCommandName, InboxEntry>> = inboxCommands;

/** Made from the table of the protocol. */
export const inboxRoutes: readonly InboxRoute[] = (
  Object.keys(table) as InboxCommandName[]
).flatMap((name) => {
  const { route, summary = '', payload } = table[name];
  if (route === undefined) return [];
  const [method, path] = route.split(' ') as [Method, string];
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, field = '']) => field);
  const rest = Object.keys(payload.shape).filter((field) => !inPath.includes(field));
  const isBodiless = method === 'GET' || method === 'DELETE' || rest.length === 0;
  // The same address returns the changes since a position.
  const inQuery = name === 'getInbox' ? [...rest, 'since'] : rest;
  return [
    {
      name,
      method,
      path,
      summary,
      inPath,
      inQuery: isBodiless ? inQuery : [],
      hasBody: !isBodiless,
    },
  ];
});

/** Adds the routes of inboxes: each parses, authenticates, forwards. */
export function addInboxRoutes(app: Hono, transport: HttpTransport, identify: Identify): void {
  app.delete('/users/:userId', eraseRoute(transport, identify));
  app.get('/users/:userId/export', userExportRoute(transport, identify));
  for (const route of inboxRoutes) {
    const answer = answerOf(route, transport, identify);
    if (route.hasBody) app.on(route.method, route.path, limitBody(transport.limits), answer);
    else app.on(route.method, route.path, answer);
  }
}

const NO_PUSH =
  'This service pushes no notifications: set VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY to what "npm run push-keys" prints.';

/** `GET /push/key`: the public key with which a browser subscribes. */
export function pushKeyRoute({ pushKey: key }: HttpTransport) {
  return (c: Context): Response => {
    if (key === undefined) throw new Refusal('unavailable', NO_PUSH);
    return c.json({ key });
  };
}

/** `DELETE /users/:userId`: a step of erasing a person; 202 while something is left to do. */
function eraseRoute({ inboxes }: HttpTransport, identify: Identify) {
  return async (c: Context): Promise<Response> => {
    const identity = await identify(c);
    if (identity.admin !== true) throw new Refusal('forbidden', 'Only an admin may do this.');
    const userId = userIdOf(c, '/users/:userId');
    const result = await inboxes.execute({ userId, admin: true }, 'eraseInbox', {});
    if (!result.ok) throw refusalOf(result.error);
    const { done, left } = result;
    return c.json({ done, left }, done ? 200 : 202);
  };
}

function answerOf(route: InboxRoute, transport: HttpTransport, identify: Identify) {
  return async (c: Context): Promise<Response> => {
    const identity = await identify(c);
    const body = route.hasBody ? await bodyFields(c, transport.limits, false) : {};
    const readers = Object.fromEntries(route.inPath.map((field) => [field, text]));
    const payload: Record<string, unknown> = {
      ...body,
      ...queryOf(c, route.inQuery),
      ...pathFields(c, route.path, readers),
    };
    const name = payload['since'] === undefined ? route.name : 'openInbox';
    const result = await transport.inboxes.execute(identity, name, payload);
    if (!result.ok) throw refusalOf(result.error);
    const { ok: _, ...reply } = result;
    return c.json(reply);
  };
}

/** The fields of a query; all are optional, and an empty one counts as absent. */
function queryOf(c: Context, fields: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const field of fields) {
    const given = c.req.query(field) ?? '';
    if (given !== '') found[field] = field === 'limit' ? whole(given) : given;
  }
  return found;
}
