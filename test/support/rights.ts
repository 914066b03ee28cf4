import type { Role } from '../../src/protocol/objects.ts';
import { HttpVisitor } from './http-visitor.ts';
import { newRoom, type OpenTransport } from './for-each-transport.ts';
import { say } from './talk.ts';
import { type Claims, tokenFor } from './tokens.ts';
import { ok, type Visitor } from './visitor.ts';

/** A client of the HTTP transport of the same host. */
export async function overHttp(
  transport: OpenTransport,
  userId: string,
  claims?: Claims,
): Promise<HttpVisitor> {
  return new HttpVisitor(transport.host.url, await tokenFor(userId, claims));
}

/** Waits until a room disconnects a visitor. @returns the close code, of the socket or of the room */
export async function floodBans(
  transport: OpenTransport,
  visitor: Visitor,
  roomId: string,
): Promise<number | string> {
  if (transport.socketHolds === 'one room') return visitor.ended();
  const closed = await visitor.hears('roomClosed', (event) => event.roomId === roomId);
  return closed.closeCode;
}

/** Makes a room with an owner, whose message has seq 1, and other joined users with these roles. */
export async function founded<const N extends string>(
  transport: OpenTransport,
  roles: Partial<Record<N, Role>> = {},
): Promise<{ roomId: string; owner: Visitor } & Record<N, Visitor>> {
  const roomId = newRoom();
  const { visitor: owner } = await transport.enter('olga', roomId);
  await say(owner, roomId, 'the first words');
  const others: Record<string, Visitor> = {};
  for (const [userId, role] of Object.entries(roles)) {
    ok(await owner.command('setRole', { roomId, userId, role }));
    others[userId] = (await transport.enter(userId, roomId)).visitor;
  }
  return { roomId, owner, ...(others as Record<N, Visitor>) };
}
