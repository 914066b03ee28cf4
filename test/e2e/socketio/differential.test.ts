// Sends the same packets to the fixture and to an official server, and compares answers and closes.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from './support/fixture.ts';
import { startOfficial } from './support/official.ts';
import { KNOWN_DIFFERENCES } from './support/known-differences.ts';
import { RawPolling, RawSocket } from './support/raw-client.ts';
import { type Step, tracePolling, traceWebSocket } from './support/traces.ts';

let ours: Fixture;
let official: Fixture;

beforeAll(async () => {
  ours = await startFixture('patient');
  official = await startOfficial();
});

afterAll(() => Promise.all([ours.stop(), official.stop()]));

/** Runs one session at both servers. @returns what a client received from ours, then from the official one */
function atBoth<T>(session: (url: string) => Promise<T>): Promise<[T, T]> {
  return Promise.all([session(ours.url), session(official.url)]);
}

async function polling(url: string): Promise<RawPolling> {
  const session = new RawPolling(`${url}/socket.io/?EIO=4&transport=polling`);
  await session.open();
  return session;
}

const PLACE = '{"_placeholder":true,"num":0}';

const SCRIPTS: Record<string, Step[]> = {
  'nothing joined': [],
  'join, echo, ack': ['40', '42["message",1,"é",null]', '4212["message-with-ack",{"a":[]}]'],
  'auth with nested values': ['40{"a":{"b":[1,2.50,"\\u00e9"]}}'],
  'auth that is not an object': ['40[]'],
  'auth that is null': ['40null'],
  'auth that is cut': ['40{"a":'],
  'a namespace with a query': ['40/custom?a=b,'],
  'a namespace without comma': ['40/custom'],
  'a namespace that does not exist': ['40/none,{"a":1}'],
  'several namespaces': ['40', '40/custom,', '42/custom,["message",1]', '41/custom', '40/custom,'],
  'joining twice': ['40', '40'],
  'leaving and joining again': ['40', '41', '40'],
  leaving: ['40', '41'],
  'leaving with a payload': ['40', '41{}'],
  'an event to a namespace that is not joined': ['40', '42/custom,["message",1]'],
  'a CONNECT_ERROR': ['40', '44{"message":"x"}'],
  'an unrequested ack': ['40', '4312["x"]', '43[]', '43'],
  'an ack that is not a list': ['40', '43{}'],
  'an event without arguments': ['40', '42', '4217'],
  'an event that is not a list of arguments': ['40', '42{}', '42["message"]'],
  'an empty list': ['40', '42[]'],
  'a reserved event': ['40', '42["disconnect"]'],
  'an event named by a number': ['40', '42[1,2]'],
  'an id of many digits': ['40', '4299999999999999999999["message-with-ack"]'],
  'an id with a space': ['40', '42 1["message-with-ack",2]'],
  'a packet of an unknown type': ['40', '47'],
  'an empty message': ['40', '4'],
  'text that is not a packet': ['40', 'x'],
  'an empty frame': ['40', ''],
  'an emoji': ['40', '😀'],
  'a ping by the client': ['40', '2'],
  'an unrequested pong': ['40', '3', '3probe'],
  'packets that a client does not send': ['40', '0', '5', '6'],
  'binary parts': ['40', `451-["message",${PLACE}]`, [1, 2, 3]],
  'binary parts with an ack': ['40', `451-3["message-with-ack",${PLACE}]`, [1, 2, 3]],
  'a binary ack': ['40', `461-3[${PLACE}]`, [1]],
  'binary parts as base64': ['40', `451-["message",${PLACE}]`, 'bAQID'],
  'a part of zero bytes': ['40', `451-["message",${PLACE}]`, []],
  'an unannounced part': ['40', [1]],
  'a part that is never sent': ['40', `451-["message",${PLACE}]`],
  'text where a part is expected': ['40', `451-["message",${PLACE}]`, '42["message",1]'],
  'a placeholder without a part': ['40', '451-["message",{"_placeholder":true,"num":7}]', [1]],
  'a part without a placeholder': ['40', '451-["message",1]', [1]],
  'ten parts': ['40', '4510-["message"]', ...Array.from({ length: 10 }, () => [1])],
  'eleven parts': ['40', '4511-["message"]'],
  'no count of parts': ['40', '45["message"]'],
  'a count of zero': ['40', '450-["message"]'],
  'a count that is cut': ['40', '451'],
  'parts before joining': [`451-["message",${PLACE}]`, [1]],
  'an event before joining': ['42["message",1]'],
  'a disconnect before joining': ['41'],
  'a key named __proto__': ['40', '42["message",{"__proto__":{"a":1},"constructor":2}]'],
  'deep nesting': ['40', `42["message",${'['.repeat(500)}${']'.repeat(500)}]`],
  'a frame that is too large': ['40', `42["message","${'x'.repeat(1_000_000)}"]`],
};

describe('a session by WebSocket equals that of the official server', () => {
  it.each(Object.entries(SCRIPTS))('%s', async (_, script) => {
    const [a, b] = await atBoth((url) => traceWebSocket(url, script));
    expect(a).toEqual(b);
  });
});

const PAYLOADS: Record<string, string[]> = {
  'several packets': ['40', '42["message",1]\x1e42["message",2]\x1e421["message-with-ack",3]'],
  'binary parts': ['40', `451-["message",${PLACE}]\x1ebAQID`, `451-["message",${PLACE}]`, 'b/w=='],
  'a malformed packet behind a good one': ['40', '42["message",1]\x1ex\x1e42["message",2]'],
  'nothing between separators': ['40', '42["message",1]\x1e\x1e42["message",2]'],
  'a close packet': ['40', '1'],
  'an event behind DISCONNECT': ['40', '41\x1e42["message",1]'],
};

describe('a session by polling equals that of the official server', () => {
  const texts = Object.entries(SCRIPTS).filter((entry): entry is [string, string[]] =>
    entry[1].every((frame) => typeof frame === 'string'),
  );

  it.each([...texts, ...Object.entries(PAYLOADS)])('%s', async (_, script) => {
    const [a, b] = await atBoth((url) => tracePolling(url, script));
    expect(a).toEqual(b);
  });

  it('a POST of bytes', async () => {
    const [a, b] = await atBoth(async (url) => {
      const session = await polling(url);
      return [
        await session.post('40', { 'content-type': 'application/octet-stream' }),
        await session.poll(),
      ];
    });
    expect(a).toEqual(b);
  });

  it('a POST that is too large, after which the session continues', async () => {
    const [a, b] = await atBoth(async (url) => {
      const session = await polling(url);
      return [await session.post('x'.repeat(1_000_001)), await session.post('40')];
    });
    expect(a).toEqual(b);
  });
});

/** Upgrades a polling session and sends frames. @returns what its WebSockets, polls and POSTs got */
async function upgrade(url: string, ...frames: string[]): Promise<unknown> {
  const session = await polling(url);
  const upgradeUrl = `${url}/socket.io/?EIO=4&transport=websocket&sid=${session.sid}`;
  const first = new RawSocket(upgradeUrl);
  await first.opened();
  const whileTrying = await new RawSocket(upgradeUrl).closed;
  first.send(...frames);
  const packets = (await heard(first)).map((packet) => packet.replace(/"sid":"[^"]*"/, ''));
  const post = await session.post('6');
  const afterwards = post.status === 200 ? 'polling' : await new RawSocket(upgradeUrl).closed;
  first.close();
  return { whileTrying, packets, code: first.code, post, afterwards };
}

/** All packets up to the last event of the recipe, or the close. */
async function heard(socket: RawSocket): Promise<string[]> {
  const packet = (await socket.next()) as string | undefined;
  if (packet === undefined) return [];
  return packet.startsWith('42') ? [packet] : [packet, ...(await heard(socket))];
}

describe('an upgrade equals that of the official server', () => {
  it.each([
    ['with a probe', ['2probe', '5', '40']],
    ['with two probes', ['2probe', '2probe', '5', '40']],
    ['without a probe', ['5', '40']],
    ['aborted by a message', ['2probe', '40']],
    ['aborted by another ping', ['2']],
    ['aborted by a pong', ['2probe', '3probe']],
    ['aborted by text that is not a packet', ['x']],
  ])('%s', async (_, frames) => {
    const [a, b] = await atBoth((url) => upgrade(url, ...frames));
    expect(a).toEqual(b);
  });
});

describe('known differences', () => {
  it.each(KNOWN_DIFFERENCES)('$name: $reason', async (difference) => {
    expect(await atBoth(difference.session)).toEqual([difference.ours, difference.official]);
  });
});

/** Valid packets, and valid ones that were cut or had a character changed. */
const packet = fc.oneof(
  fc.constantFrom(
    ...Object.values(SCRIPTS)
      .flat()
      .filter((step) => typeof step === 'string')
      // Large packets are covered by the scripts alone.
      .filter((step) => step.length < 1_000),
  ),
  fc.json({ maxDepth: 2 }).map((json) => `42["message",${json}]`),
  fc
    .tuple(fc.nat(99), fc.json({ maxDepth: 2 }))
    .map(([id, json]) => `42${id}["message-with-ack",${json}]`),
);
const damaged = fc
  .tuple(packet, fc.nat(60), fc.constantFrom('', '"', '[', ',', '/', '-', '7', ' ', 'é'))
  .map(([text, at, by]) => text.slice(0, at) + by + text.slice(by === '' ? text.length : at + 1));
const noise = fc.string({ maxLength: 10 });
const bytes = fc.array(fc.nat(255), { maxLength: 4 });
const step = fc.oneof(
  { weight: 6, arbitrary: packet },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: noise },
);
const joined = <T extends Step>(steps: fc.Arbitrary<T[]>): fc.Arbitrary<(T | string)[]> =>
  steps.map((rest) => ['40', ...rest.filter((frame) => !isKnown(frame))]);
const webSocketScript = joined(
  fc.array(fc.oneof({ weight: 6, arbitrary: step }, { weight: 1, arbitrary: bytes }), {
    maxLength: 6,
  }),
);
const pollingScript = joined(fc.array(step, { maxLength: 5 }));

/** Frames with a known difference: a close packet by WebSocket, and invalid base64. */
function isKnown(frame: Step): boolean {
  if (typeof frame !== 'string') return false;
  return frame.startsWith('1') || (frame.startsWith('b') && !BASE64.test(frame.slice(1)));
}

const BASE64 = /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/;

describe.each([
  ['the same every time', 20_261_122],
  // Printed in the title, so that a failure can be repeated.
  ['new every time', Date.now()],
])('generated sessions, %s (seed %i)', (_, seed) => {
  it('by WebSocket', async () => {
    const property = fc.asyncProperty(webSocketScript, async (script) => {
      const [a, b] = await atBoth((url) => traceWebSocket(url, script));
      expect(a).toEqual(b);
    });
    await fc.assert(property, { seed, numRuns: 150 });
  });

  it('by polling', async () => {
    const property = fc.asyncProperty(pollingScript, async (script) => {
      const [a, b] = await atBoth((url) => tracePolling(url, script));
      expect(a).toEqual(b);
    });
    await fc.assert(property, { seed, numRuns: 60 });
  });
});
