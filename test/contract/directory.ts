import { expect, it } from 'vitest';
import type { RoomDirectory } from '../../src/host/room-directory.ts';

const alice = { userId: 'alice', name: 'Alice' };
const bob = { userId: 'bob', name: 'Bob' };

/** The contract of `RoomDirectory.execute`, by which transports reach rooms without joining. */
export function directoryContract(
  open: () => Pick<RoomDirectory, 'execute'>,
  newRoom = () => `room ${crypto.randomUUID()}`,
): void {
  it('are empty before their first message', async () => {
    const roomId = newRoom();
    expect(await open().execute(roomId, alice, 'getRoom', {})).toEqual({
      ok: true,
      room: {
        roomId,
        createdAt: 0,
        private: false,
        readOnly: false,
        slowModeSeconds: 0,
        memberCount: 0,
        horizon: 0,
      },
      onlineCount: 0,
    });
  });

  it('store a message and return it to the next request', async () => {
    const roomId = newRoom();
    const directory = open();
    const sent = await directory.execute(roomId, alice, 'message', { message: 'hello', id: 'a1' });
    expect(sent).toMatchObject({
      ok: true,
      message: { roomId, seq: 1, rev: 1, id: 'a1', senderId: 'alice', sender: 'Alice' },
    });
    const { message } = sent as { ok: true; message: object };
    expect(await directory.execute(roomId, bob, 'getHistory', {})).toEqual({
      ok: true,
      messages: [message],
      hasMore: false,
    });
    expect(await directory.execute(roomId, alice, 'message', { message: 'x', id: 'a1' })).toEqual({
      ok: true,
      message,
      duplicate: true,
    });
  });

  it('execute commands in the order in which they arrive', async () => {
    const roomId = newRoom();
    const directory = open();
    // Not spread over time, as those of other users are at the edge host.
    const admin = { userId: 'admin', name: 'Admin', admin: true } as const;
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        directory.execute(roomId, admin, 'message', { message: `text ${at}` }),
      ),
    );
    expect(all).toMatchObject(all.map((_, at) => ({ ok: true, message: { seq: at + 1 } })));
  });

  it('do not share messages', async () => {
    const directory = open();
    const [one, other] = [newRoom(), newRoom()];
    await directory.execute(one, alice, 'message', { message: 'here' });
    expect(await directory.execute(other, alice, 'getHistory', {})).toMatchObject({ messages: [] });
  });

  it('return a refusal as a result, with its field', async () => {
    const roomId = newRoom();
    const directory = open();
    expect(await directory.execute(roomId, alice, 'message', { message: '' })).toEqual({
      ok: false,
      error: {
        code: 'invalid_payload',
        message: 'message must not be empty.',
        field: 'message',
      },
    });
    expect(
      await directory.execute(roomId, alice, 'message', { message: 'x', roomId: 'another' }),
    ).toMatchObject({ ok: false, error: { code: 'invalid_payload', field: 'roomId' } });
    expect(
      await directory.execute(roomId, alice, 'message', { message: 'x'.repeat(8_193) }),
    ).toMatchObject({ ok: false, error: { code: 'too_large', field: 'message' } });
  });

  it('refuse commands that come too fast, for their user only', async () => {
    const roomId = newRoom();
    const directory = open();
    const all = await Promise.all(
      Array.from({ length: 260 }, () => directory.execute(roomId, bob, 'getHistory', {})),
    );
    const refused = all.find(({ ok }) => !ok);
    expect(refused).toMatchObject({ ok: false, error: { code: 'rate_limited' } });
    expect(await directory.execute(roomId, alice, 'getHistory', {})).toMatchObject({ ok: true });
  });
}
