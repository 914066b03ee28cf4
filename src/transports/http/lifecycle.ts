import { type Context, Hono } from 'hono';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Identity } from '../../protocol/identity.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { storeOf } from './files.ts';
import type { HttpTransport } from './http-transport.ts';
import { drain, partTooBig } from './line-batches.ts';
import { NDJSON, NDJSON_HEADERS, stepper, textStream } from './ndjson.ts';
import {
  assertReadable,
  credentialsOf,
  flag,
  pathFields,
  queryFields,
  roomIdOf,
  text,
} from './request-parts.ts';
import { type AskRoom, exportTexts, importLines, type Transfer } from './transfer.ts';

/** The media types in use for lines of JSON; none is registered. */
const LINES_TYPE = /^application\/(x-ndjson|ndjson|jsonl)\s*(;|$)/i;

/** Steps of an erasure that one request waits for; the room does the rest by itself. */
const STEPS_AWAITED = 40;

type Lifecycle = Pick<
  HttpTransport,
  'directory' | 'authenticate' | 'onAuthenticated' | 'log' | 'files'
>;

/** `?files=1` */
const EXPORT_QUERY = {
  files: { field: 'files', read: (given: string) => given === '1' || flag(given) },
};

/** The routes for a room as a whole: deleting, reopening, erasing a person, exporting, importing. */
export function lifecycleRoutes(transport: Lifecycle): Hono {
  const routes = new Hono();

  routes.delete('/', async (c) => c.json(await (await asker(c, transport))('deleteRoom', {})));

  routes.put('/', async (c) => c.json(await (await asker(c, transport))('reopenRoom', {})));

  routes.delete('/users/:userId', (c) =>
    erase(c, transport, () => pathFields(c, '/rooms/:roomId/users/:userId', { userId: text })),
  );
  // Rooms may hold user ids of only dots, from before those were refused, and no path can contain them.
  routes.delete('/users', (c) =>
    erase(c, transport, () =>
      queryFields(c, 'eraseUser', { userId: { field: 'userId', read: text } }),
    ),
  );

  routes.post('/tell', async (c) => c.json(await (await asker(c, transport))('tellRoom', {})));

  routes.get('/export', async (c) => {
    const ask = await asker(c, transport);
    const payload = queryFields(c, 'exportRoom', EXPORT_QUERY);
    if (payload['files'] === true) storeOf(transport.files);
    const first = await ask('exportRoom', payload);
    const texts = exportTexts(transferOf(c, transport, ask), first);
    return c.body(textStream(texts), 200, NDJSON_HEADERS);
  });

  routes.post('/import', async (c) => {
    const ask = await asker(c, transport);
    const { body } = c.req.raw;
    try {
      assertImportable(c);
      return c.json(await importLines(transferOf(c, transport, ask), body));
    } catch (error) {
      if (body !== null) await drain(body);
      throw error;
    }
  });

  return routes;
}

function transferOf(c: Context, { files, log }: Lifecycle, ask: AskRoom): Transfer {
  return { roomId: roomIdOf(c), ask, store: () => storeOf(files), log };
}

async function erase(c: Context, transport: Lifecycle, named: () => object): Promise<Response> {
  const ask = await asker(c, transport);
  const payload = named();
  let done = false;
  for (let step = 0; step < STEPS_AWAITED && !done; step++) {
    ({ done } = await ask('eraseUser', payload));
  }
  return c.json({ done }, done ? 200 : 202);
}

/** Authenticates the user, before the body is read. @returns how to ask the request's room as this user */
async function asker(
  c: Context,
  { directory, authenticate, onAuthenticated }: Lifecycle,
): Promise<AskRoom> {
  const roomId = roomIdOf(c);
  const identity: Identity = await authenticate(credentialsOf(c));
  onAuthenticated?.(c);
  const step = stepper();
  return (name, payload) => step(() => directory.execute(roomId, identity, name, payload));
}

/** Lines need their content type: a page of another origin cannot send it without a preflight (CORS). */
function assertImportable(c: Context): void {
  assertReadable(c);
  if (!LINES_TYPE.test(c.req.header('content-type') ?? '')) {
    throw new Refusal(
      'invalid_payload',
      `Send the lines of an export, with Content-Type: ${NDJSON}.`,
    );
  }
  if (Number(c.req.header('content-length') ?? 0) > fixed.importPartBytes) throw partTooBig();
}
