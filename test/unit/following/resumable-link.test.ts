import { expect, it } from 'vitest';
import {
  type ConnectLink,
  type LinkTransport,
  type LinkTransportListener,
  ResumableLink,
} from '../../../src/following/resumable-link.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import { ackLine, eventLine, type Result } from '../../../src/protocol/frames.ts';

it('a resumable link sends a newer identity that arrived while it reconnected', async () => {
  const [old, newer] = [1, 2].map((expiresAt): Identity => ({ userId: 'alice', expiresAt }));
  const dialled: { identity: Identity; listener: LinkTransportListener }[] = [];
  const renewed: Identity[] = [];
  const raw: LinkTransport = {
    send: () => undefined,
    renew: (identity) => renewed.push(identity),
    close: () => undefined,
  };
  const again = Promise.withResolvers<LinkTransport>();
  const dial: ConnectLink = (identity, _, listener) => {
    dialled.push({ identity, listener });
    return dialled.length === 1 ? Promise.resolve(raw) : again.promise;
  };
  const listener = { lines: () => undefined, closed: () => undefined, buffered: () => 0 };
  const link = await ResumableLink.open(dial, old!, {}, listener, false);
  const joined = { ok: true, position: '0:0', room: {}, you: {} };
  dialled[0]!.listener.lines([eventLine('joined', joined)], undefined);
  dialled[0]!.listener.broken();
  expect(dialled[1]?.identity).toBe(old);
  link.renew(newer!);
  again.resolve(raw);
  await expect.poll(() => renewed).toEqual([newer]);
  link.close('left');
});

it('a message stored just before a link broke is answered in its place among the missed ones', async () => {
  const sent: string[] = [];
  const dialled: LinkTransportListener[] = [];
  const raw: LinkTransport = {
    send: (line) => sent.push(line),
    renew: () => undefined,
    close: () => undefined,
  };
  const dial: ConnectLink = (_, __, listener) => {
    dialled.push(listener);
    return Promise.resolve(raw);
  };
  const heard: string[] = [];
  const listener = {
    lines: (lines: readonly string[]) => heard.push(...lines),
    closed: () => undefined,
    buffered: () => 0,
  };
  const link = await ResumableLink.open(dial, { userId: 'alice' }, {}, listener, false);
  const room = { roomId: 'general' };
  const joined = { ok: true, position: 'e:1', room, you: {}, onlineCount: 2 };
  dialled[0]!.lines([eventLine('joined', joined)], undefined);
  link.send({ name: 'message', payload: { message: 'mine', id: 'a' }, ref: 7 });
  link.send({ name: 'message', payload: { message: 'lost', id: 'b' }, ref: 8 });
  dialled[0]!.broken();
  await expect.poll(() => dialled.length).toBe(2);
  const mine = { seq: 2, rev: 2, id: 'a', senderId: 'alice', message: 'mine' };
  const theirs = { seq: 3, rev: 3, id: 'a', senderId: 'bob', message: 'theirs' };
  sent.length = heard.length = 0;
  const again = { ...joined, position: 'e:3', missed: [mine, theirs], complete: true };
  dialled[1]!.lines([eventLine('joined', again)], undefined);
  expect(heard.slice(-2)).toEqual([
    ackLine(7, { ok: true, message: mine } as object as Result),
    eventLine('message', theirs),
  ]);
  expect(sent.map((line) => (JSON.parse(line) as unknown[])[2])).toEqual([8]);
  link.close('left');
});
