import { setTimeout as pass } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Reply } from '../../src/protocol/commands.ts';
import type { Result } from '../../src/protocol/frames.ts';
import { forEachTransport, barrier, newRoom } from '../support/for-each-transport.ts';
import { say } from '../support/talk.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, refusal } from '../support/visitor.ts';

// 1 instead of 50, so that even on a slow machine the refill of the bucket does not matter.
const settings = { COMMANDS_PER_SECOND: '1' };

forEachTransport((transport) => {
  it('[ADM1] [LIM1] refuses commands that come too fast, and says how long to wait', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    const results = await Promise.all(
      Array.from({ length: 400 }, (_, at) =>
        alice.command('message', { roomId, message: `line ${at}` }),
      ),
    );
    const refused = results.filter(({ ok: fine }) => !fine).map((result) => refusal(result));
    expect(refused.length).toBeGreaterThan(0);
    expect(results.length - refused.length).toBeGreaterThanOrEqual(190);
    for (const problem of refused) {
      expect(problem).toEqual({
        code: 'rate_limited',
        message: expect.any(String),
        retryAfterMs: expect.any(Number),
      });
      expect(problem.retryAfterMs).toBeGreaterThan(0);
      expect(problem.retryAfterMs).toBeLessThanOrEqual(1_000);
    }
    // Other users are not limited, and receive exactly the accepted messages.
    await say(bob, roomId, 'still here');
    let result: Result<Reply<'message'>>;
    do {
      result = await alice.command('message', { roomId, message: 'later' });
      if (!result.ok) await pass(refusal(result).retryAfterMs);
    } while (!result.ok);
    await bob.hears('message', ({ message }) => message === 'later');
    const taken = results.filter(({ ok: fine }) => fine).length;
    expect(bob.heard('message')).toHaveLength(taken + 1);
  });

  it('[ADM1] [LIM1] charges a user for all devices together, and more for pages and joins', async () => {
    const roomId = newRoom();
    const { visitor: phone } = await transport.enter('alice', roomId);
    const { visitor: laptop } = await transport.enter('alice', roomId);
    const results = await Promise.all(
      [phone, laptop].flatMap((device) =>
        Array.from({ length: 40 }, () => device.command('getHistory', { roomId })),
      ),
    );
    const taken = results.filter(({ ok: fine }) => fine).length;
    // A bucket of 200, less two joins at 10, allows 36 pages at 5 each; the refill adds to them.
    expect(taken).toBeGreaterThanOrEqual(36);
    expect(taken).toBeLessThan(80);
    const last = results.map((result) => result).findLast(({ ok: fine }) => !fine)!;
    expect(refusal(last).code).toBe('rate_limited');
    expect(refusal(last).retryAfterMs).toBeLessThanOrEqual(5_000);
  });

  it('[LIM8] accepts ten connections of a user to a room, and refuses more', async () => {
    const roomId = newRoom();
    const token = await tokenFor('alice');
    const visitors = Array.from({ length: 12 }, () => transport.visit({ token }));
    const results = await Promise.all(visitors.map((visitor) => visitor.join(roomId)));
    const inside = visitors.filter((_, at) => results[at]?.ok);
    expect(inside).toHaveLength(10);
    for (const result of results.filter(({ ok: fine }) => !fine)) {
      expect(refusal(result)).toEqual({
        code: 'too_many_connections',
        message: 'You are connected to this room 10 times already; close one first.',
      });
    }
    // The limit applies neither to other users nor to other rooms.
    await transport.enter('bob', roomId);
    await transport.enter('alice', newRoom());
    ok(await inside[0]!.command('leaveRoom', { roomId }));
    await inside[0]!.close();
    await transport.enter('alice', roomId);
  });

  it('[ERR3] accepts a message of 8,192 bytes, and refuses longer ones', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const { visitor: bob } = await transport.enter('bob', roomId);
    await say(alice, roomId, 'a'.repeat(8_192));
    await say(alice, roomId, `${'語'.repeat(2_730)}ab`);
    await say(alice, roomId, '🎉'.repeat(2_048));
    for (const message of ['a'.repeat(8_193), '語'.repeat(2_731), `${'🎉'.repeat(2_048)}!`]) {
      expect(refusal(await alice.command('message', { roomId, message }))).toEqual({
        code: 'too_large',
        message: 'Keep a message under 8192 bytes.',
        field: 'message',
      });
    }
    await barrier(roomId, alice, [bob]);
    expect(bob.heard('message')).toHaveLength(4);
  });

  it('says which field of a command is invalid, and why', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    const proto = JSON.parse('{"__proto__": {"isAdmin": true}}') as object;
    const cases: [command: string, payload: unknown, field: string | undefined, why?: string][] = [
      ['message', { roomId }, 'message', 'message must be a string.'],
      ['message', { roomId, message: '' }, 'message', 'message must not be empty.'],
      ['message', { roomId, message: ['a'] }, 'message', 'message must be a string.'],
      ['message', { roomId, message: 'a', id: '' }, 'id', 'id must not be empty.'],
      ['message', { roomId, message: 'a', id: 7 }, 'id', 'id must be a string.'],
      ['message', { roomId, message: 'a', id: 'x'.repeat(65) }, 'id'],
      ['message', { roomId, message: '\ud800' }, 'message', 'message must be well-formed Unicode.'],
      ['message', { roomId, message: 'a', id: '\udc00' }, 'id'],
      ['message', { roomId, message: 'a', '\ud800': 1 }, 'A key'],
      ['message', { roomId, message: 'a', ...nested(proto) }, '__proto__'],
      ['message', { roomId, message: 'a', meta: { constructor: 1 } }, 'constructor'],
      ['message', { roomId, message: 'a', list: [{ prototype: 1 }] }, 'prototype'],
      ['message', { roomId: 'a'.repeat(129), message: 'a' }, 'roomId'],
      ['message', { roomId: '', message: 'a' }, 'roomId', 'roomId must not be empty.'],
      ['message', { roomId: true, message: 'a' }, 'roomId', 'roomId must be a string.'],
      ['message', 7, 'payload', 'payload must be a JSON object.'],
      ['message', null, 'payload', 'payload must be a JSON object.'],
      ['message', 'hello', 'payload', 'payload must be a JSON object.'],
      ['message', ['hello'], 'payload', 'payload must be a JSON object.'],
      [
        'joinRoom',
        { roomId, history: 101 },
        'history',
        'history must be a whole number from 0 to 100.',
      ],
      ['joinRoom', { roomId, history: -1 }, 'history'],
      ['joinRoom', { roomId, since: 'yesterday' }, 'since'],
      ['joinRoom', { roomId, since: 12 }, 'since'],
      ['joinRoom', { roomId, gather: 'yes' }, 'gather'],
      ['typing', { roomId, isTyping: 'yes' }, 'isTyping'],
    ];
    for (const [command, payload, field, why] of cases) {
      const problem = refusal(await alice.command(command, payload));
      const about = `${command} ${JSON.stringify(payload)?.slice(0, 80)}`;
      expect(problem.code, about).toBe('invalid_payload');
      expect(problem.field, about).toBe(field);
      expect(problem.message, about).toMatch(/^[A-Za-z_].*\.$/);
      expect(problem.message, about).toBe(why ?? problem.message);
    }
    const { messages } = ok(await alice.command('getHistory', { roomId }));
    expect(messages).toEqual([]);
  });

  it('[LIM8] accepts JSON nested 16 levels deep, the tuple included, and refuses deeper', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    ok(await alice.command('message', { roomId, message: 'deep', nest: nest(14) }));
    // Sent without a `ref`, which a native socket would not read in such a frame: it answers with `error`.
    alice.tell('message', { roomId, message: 'deeper', nest: nest(15) });
    expect(await alice.hears('error')).toMatchObject({
      code: 'invalid_payload',
      message: 'Nest JSON at most 16 levels deep.',
    });
    const { messages } = ok(await alice.command('getHistory', { roomId }));
    expect(messages.map(({ message }) => message)).toEqual(['deep']);
  });

  it('refuses unknown commands', async () => {
    const roomId = newRoom();
    const { visitor: alice } = await transport.enter('alice', roomId);
    for (const name of ['dance', 'getRoom', 'ack', 'error', '__proto__', 'toString', 'MESSAGE']) {
      expect(refusal(await alice.command(name, { roomId })), name).toEqual({
        code: 'unknown_command',
        message: 'There is no such command; see the protocol for the list.',
      });
    }
  });
}, settings);

/** Empty arrays nested `levels` deep. */
function nest(levels: number): unknown {
  return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}

/** A payload with a key that only parsed JSON can have. */
function nested(inner: object): object {
  return { meta: { inner } };
}
