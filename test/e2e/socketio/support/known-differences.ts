import { RawPolling, RawSocket } from './raw-client.ts';
import { tracePolling, traceWebSocket } from './traces.ts';

/** A behaviour in which the fixture differs from an official server, and why that is right. */
export interface KnownDifference {
  name: string;
  reason: string;
  /** What a client sees of a session at `url`. */
  session: (url: string) => Promise<unknown>;
  ours: unknown;
  official: unknown;
}

const POLLING = '/socket.io/?EIO=4&transport=polling';
const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';
const PLACE = '{"_placeholder":true,"num":0}';

export const KNOWN_DIFFERENCES: KnownDifference[] = [
  {
    name: 'a close packet over a WebSocket',
    reason:
      'By the protocol it closes the session. The official server ignores it until the heartbeat ends the session.',
    session: async (url) => (await traceWebSocket(url, ['40', '1'])).end,
    ours: 'closed 1005',
    official: 'open',
  },
  {
    name: 'the answer to a POST that is not Engine.IO',
    reason: 'Both end the session; the published suite asks for 400.',
    session: async (url) => (await opened(url)).post('x'),
    ours: { status: 400, body: '' },
    official: { status: 200, body: 'ok' },
  },
  {
    name: 'two CONNECT for one namespace before the first is answered',
    reason:
      'The second one breaks the protocol: ours reads it once the first is answered. The official server accepts both.',
    session: async (url) => (await tracePolling(url, ['40\x1e40'])).end,
    ours: 'over',
    official: 'open',
  },
  {
    name: 'an event before the answer to CONNECT',
    reason:
      'The event waits for the answer. The official server closes the session, unless the event comes late enough.',
    session: async (url) =>
      packetsIn((await tracePolling(url, ['40\x1e42["message",1]'])).got).filter((packet) =>
        packet.startsWith('42["message-back",1'),
      ),
    ours: ['42["message-back",1]'],
    official: [],
  },
  {
    name: 'CONNECT after DISCONNECT in one payload',
    reason:
      'The client leaves and joins again. The official server has not handled the leave yet and closes.',
    session: async (url) => (await tracePolling(url, ['40', '41\x1e40'])).end,
    ours: 'open',
    official: 'over',
  },
  {
    name: 'an event before a malformed one in one payload',
    reason: 'It comes first and is answered. The official server defers it and then drops it.',
    session: async (url) =>
      packetsIn((await tracePolling(url, ['40', '42["message",1]\x1e4x'])).got.slice(2, -1)),
    ours: ['200', '200', '42["message-back",1]', '6', '1'],
    official: ['200', '200', '6', '1'],
  },
  {
    name: 'a method other than GET and POST',
    reason: 'It is an error of the client: 400, where the official server answers 500.',
    session: async (url) => (await (await opened(url)).put()).status,
    ours: 400,
    official: 500,
  },
  {
    name: 'a WebSocket that asks for polling',
    reason: 'Refused. The official server accepts the WebSocket, then closes it.',
    session: (url) => new RawSocket(url + POLLING).closed,
    ours: 1006,
    official: 1005,
  },
  {
    name: 'polling a session that ended after its upgrade',
    reason:
      'Both refuse. The object that held the session does not know that it has ended and answers as for every upgraded one.',
    session: async (url) => {
      const session = await opened(url);
      const socket = new RawSocket(`${url}${WEBSOCKET}&sid=${session.sid}`);
      await socket.opened();
      socket.send('2probe', '5', '4x');
      await socket.closed;
      return (await session.poll()).body;
    },
    ours: '{"code":3,"message":"Bad request"}',
    official: '{"code":1,"message":"Session ID unknown"}',
  },
  {
    name: 'JSONP',
    reason: 'Not supported: it is for browsers without WebSocket, of which none is left.',
    session: async (url) => (await new RawPolling(`${url}${POLLING}&j=0`).poll()).body[0],
    ours: '0',
    official: '_',
  },
  {
    name: 'a WebSocket that asks for base64',
    reason: 'Not supported: every client of version 4 accepts bytes over a WebSocket.',
    session: async (url) => {
      const socket = new RawSocket(`${url}${WEBSOCKET}&b64=1`);
      await socket.next();
      socket.send('40');
      await socket.next();
      await socket.next();
      socket.send(`451-["message",${PLACE}]`, Uint8Array.from([1]));
      await socket.next();
      const part = await socket.next();
      socket.close();
      return typeof part;
    },
    ours: 'object',
    official: 'string',
  },
  {
    name: 'invalid base64',
    reason: 'Each runtime decodes what it can; it concerns the sender alone.',
    session: async (url) => {
      const { got } = await traceWebSocket(url, ['40', `451-["message",${PLACE}]`, 'b!!!!']);
      return got.at(-2);
    },
    ours: 'bAAAA',
    official: 'b',
  },
];

async function opened(url: string): Promise<RawPolling> {
  const session = new RawPolling(url + POLLING);
  await session.open();
  return session;
}

/** The packets in a list of answers, however they are spread over them. */
function packetsIn(answers: readonly string[]): string[] {
  return answers.flatMap((answer) => answer.replace(/^200 /, '').split('\x1e'));
}
