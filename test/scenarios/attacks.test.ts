import { CompactSign, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/auth/tokens.ts';
import type { Result } from '../../src/protocol/frames.ts';
import { BackgroundTraffic } from '../support/background-traffic.ts';
import { answersToForeignHosts, answersToOwnHosts } from '../support/foreign-hosts.ts';
import { startNodeHost } from '../support/hosts.ts';
import { rawSocket, type RawSocket } from '../support/raw-socket.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { inAnHour, SECRET, tokenFor } from '../support/tokens.ts';
import { refusal } from '../support/visitor.ts';

const hosts = useHosts();

/** Invalid tokens, with the error code and the close code that they must cause. */
async function badTokens(): Promise<[about: string, token: string, code: string, close: number][]> {
  const claims = { sub: 'mallory', name: 'Mallory', exp: inAnHour() };
  const unsigned = [{ alg: 'none', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signed = (alg: string, key: string, about: object = claims) =>
    new SignJWT({ ...about }).setProtectedHeader({ alg }).sign(keyOf(key));
  const asObject = new CompactSign(
    new TextEncoder().encode(JSON.stringify({ ...claims, sub: { id: 'mallory' } })),
  ).setProtectedHeader({ alg: 'HS256' });
  return [
    ['another secret', await signed('HS256', 'x'.repeat(40)), 'unauthorized', 4500],
    ['another algorithm', await signed('HS512', SECRET.repeat(2)), 'unauthorized', 4500],
    ['the right key, another algorithm', await signed('HS384', SECRET), 'unauthorized', 4500],
    ['no signature', `${unsigned}.`, 'unauthorized', 4500],
    ['no end', await signed('HS256', SECRET, { sub: 'mallory' }), 'unauthorized', 4500],
    ['no subject', await signed('HS256', SECRET, { exp: inAnHour() }), 'unauthorized', 4500],
    ['an object as subject', await asObject.sign(keyOf(SECRET)), 'unauthorized', 4500],
    ['an empty subject', await tokenFor(''), 'unauthorized', 4500],
    ['a guest as subject', await tokenFor('guest:mallory'), 'unauthorized', 4500],
    ['5 KiB', await tokenFor('mallory', { more: 'x'.repeat(5_000) }), 'unauthorized', 4500],
    ['no form', 'not-a-token', 'unauthorized', 4500],
    ['an end in the past', await tokenFor('mallory', { exp: 1_000 }), 'token_expired', 4003],
  ];
}

describe.each(['node', 'edge'] as const)(
  'attacks on the native transport of the %s host',
  (name) => {
    const address = (roomId: string) => `${hosts[name].url}/rooms/${encodeURIComponent(roomId)}/ws`;

    /** An attacker who has joined the room with a valid token. */
    async function intrude(roomId: string): Promise<RawSocket> {
      const raw = rawSocket(address(roomId), {
        authorization: `Bearer ${await tokenFor(`mallory ${crypto.randomUUID()}`)}`,
      });
      await raw.frame((frame) => frame.startsWith('["joined",{"ok":true'));
      return raw;
    }

    it('[AUTH1] [CONN1] refuses invalid tokens with a status and a reason', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      for (const [about, token, code] of await badTokens()) {
        const raw = rawSocket(address(traffic.roomId), { authorization: `Bearer ${token}` });
        await raw.opened;
        expect([about, raw.refused?.status]).toEqual([about, 401]);
        const { error } = JSON.parse(raw.refused?.body ?? '') as { error: unknown };
        expect(error, about).toEqual({ code, message: expect.any(String) });
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[CONN1] sends browsers the reason through the socket', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      for (const [about, token, code, close] of await badTokens()) {
        const raw = rawSocket(address(traffic.roomId), {}, ['parlor.v1', `bearer.${token}`]);
        expect([about, await raw.closed]).toEqual([about, close]);
        expect([about, raw.socket.protocol]).toEqual([about, 'parlor.v1']);
        const joined = { ok: false, error: { code, message: expect.any(String) } };
        expect(raw.frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
          ['joined', joined],
        ]);
      }
      const cases: [path: string, close: number, error: object][] = [
        ['?since=nonsense', 4504, { code: 'invalid_payload', field: 'since' }],
        ['?history=1000', 4504, { code: 'invalid_payload', field: 'history' }],
      ];
      for (const [path, close, error] of cases) {
        const offered = ['parlor.v1', `bearer.${await tokenFor('mallory')}`];
        const raw = rawSocket(`${address(traffic.roomId)}${path}`, {}, offered);
        expect([path, await raw.closed]).toEqual([path, close]);
        expect(JSON.parse(raw.frames[0]!)).toMatchObject(['joined', { ok: false, error }]);
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[CONN2] refuses pages of foreign origins', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const token = await tokenFor('mallory');
      for (const origin of ['https://evil.example', 'null', `${hosts[name].url}.evil.example`]) {
        for (const offered of [[], ['parlor.v1', `bearer.${token}`]]) {
          const headers = { origin, authorization: `Bearer ${token}` };
          const raw = rawSocket(address(traffic.roomId), headers, offered);
          await raw.opened;
          // A client that offers the subprotocol gets the reason over the socket, which then closes.
          if (offered.length > 0) await raw.closed;
          else expect([origin, raw.refused?.status]).toEqual([origin, 403]);
          const said = raw.refused?.body ?? raw.frames[0]!;
          expect(said).toContain('"code":"forbidden"');
          expect(raw.frames.length).toBe(offered.length > 0 ? 1 : 0);
        }
      }
      const own = rawSocket(address(newRoom()), {
        origin: hosts[name].url,
        authorization: `Bearer ${token}`,
      });
      await own.frame((frame) => frame.startsWith('["joined",{"ok":true'));
      expect(await traffic.goOn()).toEqual([]);
    });

    it('serves no other service', async () => {
      const authorization = `Bearer ${await tokenFor('mallory')}`;
      for (const path of [
        '/',
        '/rooms',
        '/rooms/ws',
        '/socket.io',
        '/socket.iox',
        '/rooms/a/b/ws',
      ]) {
        const raw = rawSocket(`${hosts[name].url}${path}`, { authorization });
        await raw.opened;
        expect([path, raw.refused?.status]).not.toEqual([path, undefined]);
        expect(raw.refused!.status).toBeLessThan(500);
      }
    });

    it('[AUTH5] ignores a token in the URL', async () => {
      const token = await tokenFor('mallory');
      const raw = rawSocket(`${address(newRoom())}?token=${token}&access_token=${token}`);
      await raw.opened;
      expect(raw.refused?.status).toBe(401);
    });

    it('[ERR2] closes on a frame over the limit', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const texts = {
        '1 MB': JSON.stringify(['message', { message: 'a'.repeat(1_000_000) }, 1]),
        '64 KiB and a byte': 'a'.repeat(64 * 1_024 + 1),
        'bytes, not characters': '語'.repeat(22_000),
        'JSON nested 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
      };
      for (const [about, text] of Object.entries(texts)) {
        const raw = await intrude(traffic.roomId);
        raw.socket.send(text);
        expect([about, await raw.closed]).toEqual([about, 1009]);
      }
      const pieces = await intrude(traffic.roomId);
      for (let at = 0; at < 100; at++) pieces.socket.send('a'.repeat(1_000), { fin: at === 99 });
      expect(await pieces.closed).toBe(1009);
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[ERR1] answers malformed frames, and disconnects a client that continues', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const raw = await intrude(traffic.roomId);
      for (let at = 0; at < 10_000; at++) raw.socket.send(`garbage ${at} {]`);
      expect(await raw.closed).toBe(4504);
      const errors = raw.frames.flatMap(tuplesIn).filter(([event]) => event === 'error');
      expect(errors).toHaveLength(10);
      for (const [, problem] of errors) {
        expect(problem).toMatchObject({ code: 'invalid_payload', roomId: traffic.roomId });
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('survives every kind of broken frame', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const deepest = 32_000;
      const frames: [about: string, frame: string][] = [
        ['nothing', ''],
        ['empty lines', '\n\n'],
        ['deep arrays', '['.repeat(deepest) + ']'.repeat(deepest)],
        ['deep objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
        ['depth that never ends', '["message",{"message":"a","x":' + '['.repeat(60_000)],
        ['too many commands', Array.from({ length: 65 }, () => '["typing",{},1]').join('\n')],
        ['an object', '{"message":"a"}'],
        ['no name', '[7,{}]'],
        ['too short', '["message"]'],
        ['too long', '["message",{},1,2]'],
        ['an invalid ref', '["message",{"message":"a"},-1]'],
        ['a ref that overflows to Infinity', '["message",{"message":"a"},1e400]'],
      ];
      for (const [about, frame] of frames) {
        const raw = await intrude(traffic.roomId);
        raw.socket.send(frame);
        const answer = await raw.frame((text) => text.startsWith('["error"'));
        expect(JSON.parse(answer), about).toMatchObject(['error', { code: 'invalid_payload' }]);
        raw.socket.send('["getHistory",{},5]');
        await raw.frame((text) => text.startsWith('["ack",5,{"ok":true'));
        raw.socket.close(1000);
        await raw.closed;
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[WIRE8] refuses texts that are not Unicode, and keys of prototypes', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const raw = await intrude(traffic.roomId);
      const payloads: [payload: string, field: string][] = [
        [String.raw`{"message":"\ud800"}`, 'message'],
        [String.raw`{"message":"a","id":"\udfff\ud83d"}`, 'id'],
        ['{"message":"a","__proto__":{"isAdmin":true}}', '__proto__'],
        ['{"message":"a","constructor":{"prototype":{}}}', 'constructor'],
        ['{"message":"a","meta":{"list":[{"prototype":1}]}}', 'prototype'],
        [String.raw`{"message":"a","__pr\u006fto__":1}`, '__proto__'],
      ];
      for (const [at, [payload, field]] of payloads.entries()) {
        raw.socket.send(`["message",${payload},${at}]`);
        const answer = await raw.frame((text) => text.startsWith(`["ack",${at},`));
        const [, , result] = JSON.parse(answer) as [string, number, Result];
        expect(refusal(result), payload).toMatchObject({ code: 'invalid_payload', field });
      }
      for (const command of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        raw.socket.send(`["${command}",{},99]`);
      }
      await raw.frame((text) => text.includes('unknown_command'));
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[WIRE4] closes on a binary frame, and on bytes that are not UTF-8', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const binary = await intrude(traffic.roomId);
      binary.socket.send(Buffer.from('["message",{"message":"a"}]'));
      expect(await binary.closed).toBe(4504);
      const broken = await intrude(traffic.roomId);
      broken.socket.send(Buffer.from([0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d]), { binary: false });
      const end = await Promise.race([
        broken.closed,
        broken.frame((text) => text.startsWith('["error"')),
      ]);
      // Node's `ws` closes with 1007; workerd decodes with replacement characters, which give an error.
      expect(name === 'node' ? end : typeof end).toBe(name === 'node' ? 1007 : 'string');
      expect(await traffic.goOn()).toEqual([]);
    });

    it('reassembles fragments of a frame', async () => {
      const raw = await intrude(newRoom());
      for (const piece of ['["mess', 'age",{"mess', 'age":"in pieces"},']) {
        raw.socket.send(piece, { fin: false });
      }
      raw.socket.ping();
      raw.socket.send('3]');
      const answer = await raw.frame((text) => text.startsWith('["ack",3'));
      expect(answer).toContain('"message":"in pieces"');
      raw.socket.send('ping');
      await raw.frame((text) => text === 'pong');
    });
  },
);

describe.each(['node', 'edge'] as const)(
  'attacks on the Socket.IO transport of the %s host',
  (name) => {
    const address = () => `${hosts[name].url}/socket.io/?EIO=4&transport=websocket`;

    /** An attacker who has connected with a valid token and sends bare packets. */
    async function intrude(): Promise<RawSocket> {
      const raw = rawSocket(address());
      await raw.frame((frame) => frame.startsWith('0{'));
      const token = await tokenFor(`mallory ${crypto.randomUUID()}`);
      raw.socket.send(`40${JSON.stringify({ token })}`);
      await raw.frame((frame) => frame.startsWith('40{'));
      return raw;
    }

    it('[AUTH1] [CONN1] refuses invalid tokens with a code and a reason', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const odd = [{}, [], 7, true].map((token) => ['no text', token, 'unauthorized'] as const);
      for (const [about, token, code] of [...(await badTokens()), ...odd]) {
        const mallory = new SocketIoVisitor(hosts[name].url, { token: token as string });
        const problem = await mallory.connect();
        expect(problem, about).toEqual({ code, message: expect.any(String) });
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[CONN2] refuses pages of foreign origins, by each Engine.IO transport', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      for (const origin of ['https://evil.example', 'null']) {
        const raw = rawSocket(address(), { origin });
        await raw.opened;
        expect([origin, raw.refused?.status]).toEqual([origin, 403]);
        const polling = await fetch(`${hosts[name].url}/socket.io/?EIO=4&transport=polling`, {
          headers: { origin },
        });
        expect([polling.status, polling.headers.get('access-control-allow-origin')]).toEqual([
          403,
          null,
        ]);
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('closes a connection that breaks the protocol, and affects no other', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const inRoom = JSON.stringify({ roomId: traffic.roomId, message: 'a' });
      const deep = '['.repeat(30_000);
      const attacks: [about: string, packets: (string | Buffer)[]][] = [
        ['1 MB', [`42["message",{"message":"${'a'.repeat(1_000_000)}"}]`]],
        ['garbage', Array.from({ length: 10_000 }, (_, at) => `garbage ${at}`)],
        ['garbage in packets', Array.from({ length: 10_000 }, (_, at) => `42garbage ${at}`)],
        [
          'JSON nested 100,000 deep',
          [`42["message",${'['.repeat(100_000)}${']'.repeat(100_000)}]`],
        ],
        [
          'depth with attachments',
          [
            `451-["message",${deep}{"_placeholder":true,"num":0}${']'.repeat(30_000)}]`,
            Buffer.of(1),
          ],
        ],
        ['attachments that never come', ['4599999999-["message"]', `42["message",${inRoom}]`]],
        ['unannounced binary', [Buffer.of(1, 2, 3)]],
        ['a reserved name', ['42["disconnect",1]']],
        ['no name', ['42[]', '42{}', '42']],
        ['a name that is an object', ['42[{"a":1}]']],
      ];
      for (const [about, packets] of attacks) {
        const raw = await intrude();
        for (const packet of packets) raw.socket.send(packet);
        expect([about, typeof (await raw.closed)]).toEqual([about, 'number']);
      }
      expect(await traffic.goOn()).toEqual([]);
    });

    it('answers invalid commands, and continues', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const raw = await intrude();
      const { roomId } = traffic;
      raw.socket.send(`420["joinRoom",${JSON.stringify({ roomId })}]`);
      await raw.frame((frame) => frame.startsWith('430[{"ok":true'));
      const nested = '['.repeat(30_000) + ']'.repeat(30_000);
      const payloads: [event: string, payload: string, code: string][] = [
        ['message', `{"roomId":"${roomId}","message":"a","x":${nested}}`, 'invalid_payload'],
        ['message', String.raw`{"roomId":"${roomId}","message":"\ud800"}`, 'invalid_payload'],
        ['message', `{"roomId":"${roomId}","message":"a","__proto__":{"a":1}}`, 'invalid_payload'],
        ['message', `{"roomId":"${roomId}","message":"a","constructor":1}`, 'invalid_payload'],
        ['message', '{"__proto__":{"roomId":"x"}}', 'invalid_payload'],
        ['message', 'null', 'invalid_payload'],
        ['message', '"text"', 'invalid_payload'],
        ['error', `{"roomId":"${roomId}"}`, 'unknown_command'],
        ['__proto__', `{"roomId":"${roomId}"}`, 'unknown_command'],
        ['constructor', `{"roomId":"${roomId}"}`, 'unknown_command'],
        ['events', `{"roomId":"${roomId}"}`, 'unknown_command'],
      ];
      for (const [at, [event, payload, code]] of payloads.entries()) {
        raw.socket.send(`42${at + 1}["${event}",${payload}]`);
        const answer = await raw.frame((frame) => frame.startsWith(`43${at + 1}[`));
        const [result] = JSON.parse(answer.slice(answer.indexOf('['))) as [Result];
        expect(refusal(result).code, `${event} ${payload.slice(0, 80)}`).toBe(code);
      }
      raw.socket.send('42["message"]');
      raw.socket.send('42["message",null,null,null]');
      raw.socket.send(`4250["getHistory",${JSON.stringify({ roomId })}]`);
      await raw.frame((frame) => frame.startsWith('4350[{"ok":true'));
      raw.socket.close();
      await raw.closed;
      expect(await traffic.goOn()).toEqual([]);
    });

    it('refuses an event whose name is a number, and continues', async () => {
      const traffic = await BackgroundTraffic.enter(hosts[name].url);
      const raw = await intrude();
      raw.socket.send('42[5,{"roomId":"x"}]');
      await raw.frame((frame) => frame.startsWith('42["error",{'));
      raw.socket.send('427[5]');
      const answer = await raw.frame((frame) => frame.startsWith('437['));
      expect(answer).toMatch(/"code":"(unknown_command|invalid_payload)"/);
      expect(await traffic.goOn()).toEqual([]);
    });

    it('[SIO2] refuses bytes within a payload', async () => {
      const raw = await intrude();
      const roomId = newRoom();
      raw.socket.send(`420["joinRoom",${JSON.stringify({ roomId })}]`);
      await raw.frame((frame) => frame.startsWith('430[{"ok":true'));
      raw.socket.send(
        `451-7["message",{"roomId":"${roomId}","message":{"_placeholder":true,"num":0}}]`,
      );
      raw.socket.send(Buffer.from('bytes'));
      const answer = await raw.frame((frame) => frame.startsWith('437['));
      expect(answer).toContain('invalid_payload');
    });
  },
);

it('answers only this machine in development mode', async () => {
  const host = await startNodeHost({}, { development: true });
  for (const answer of await answersToForeignHosts(host.url)) expect(answer).toMatch(/^421 /);
  expect(await answersToOwnHosts(host.url)).toEqual([200, 200, 200, 200]);
  await host.close();
});

function tuplesIn(frame: string): [string, unknown][] {
  return frame.split('\n').map((line) => JSON.parse(line) as [string, unknown]);
}
