import type { Context, Hono } from 'hono';
import type { HookDirectory } from '../../hooks/hook-directory.ts';
import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { parsePosition } from '../../protocol/position.ts';
import type { HttpTransport, Identify } from './http-transport.ts';
import { bodyFields, limitBody, roomIdOf } from './request-parts.ts';

const PATH = '/rooms/:roomId/hook';

/** Adds the routes by which an admin reads the state of a room's outgoing webhook, and replays changes. */
export function addHookRoutes(app: Hono, transport: HttpTransport, identify: Identify): void {
  const { limits } = transport;

  app.get(PATH, async (c) => {
    const roomId = roomIdOf(c);
    return c.json(await (await hooksFor(c, roomId, transport, identify)).status(roomId));
  });

  app.post(PATH, limitBody(limits), async (c) => {
    const roomId = roomIdOf(c);
    const hooks = await hooksFor(c, roomId, transport, identify);
    const { from } = (await bodyFields(c, limits, false)) as { from?: unknown };
    if (typeof from !== 'string' || parsePosition(from) === undefined) {
      throw invalidField('from', 'must be a position');
    }
    await hooks.replay(roomId, from);
    return c.json({}, 202);
  });
}

/** @throws Refusal `forbidden` unless an admin asks; `unavailable` if no changes of the room are sent */
async function hooksFor(
  c: Context,
  roomId: string,
  { hooks }: HttpTransport,
  identify: Identify,
): Promise<HookDirectory> {
  assertAdmin((await identify(c)).admin);
  if (hooks === undefined) {
    throw new Refusal('unavailable', 'This service sends no webhooks: set WEBHOOK_URL.');
  }
  if (!hooks.eventsOf(roomId).has('room.changed')) {
    const why = 'No changes of this room are sent: see WEBHOOK_ROOMS and WEBHOOK_EVENTS.';
    throw new Refusal('unavailable', why);
  }
  return hooks;
}

/** @throws Refusal `forbidden` */
export function assertAdmin(admin: true | undefined): void {
  if (admin !== true) throw new Refusal('forbidden', 'This is for admins.');
}
