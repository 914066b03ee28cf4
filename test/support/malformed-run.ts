import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { errorCodes, type Problem } from '../../src/protocol/codes/errors.ts';
import type { HostName } from '../../src/settings/declarations.ts';
import { BareConnection } from './bare-connection.ts';
import { MalformedInputs } from './malformed-inputs.ts';
import { type RawSocket, rawSocket } from './raw-socket.ts';
import { seeded } from './seeded.ts';
import { tokenFor } from './tokens.ts';

export interface MalformedRun {
  host: HostName;
  url: string;
  seed: number;
  /** Whether to send a transport another batch after so many inputs. */
  goOn: (inputs: number, transport: TransportName) => boolean;
}

/** The number of inputs sent to each transport. */
export type Given = Partial<Record<TransportName, number>>;
export type TransportName = keyof typeof lanes;

/** Frames or packets sent before answers are awaited. */
const BATCH = 16;
/** An answer that takes longer counts as missing, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Codes with which a server may close such a socket. */
const CLOSES = new Set([1002, 1003, 1005, 1006, 1007, 1009, 4000, 4500, 4501, 4502, 4503, 4504]);
/** Statuses of a poll or a POST; 0 means that the connection was ended. */
const POLLED = new Set([0, 200, 400, 413]);
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';
const POLLING = '/socket.io/?EIO=4&transport=polling';

/**
 * Sends every transport malformed inputs until `goOn` is false. Each must be answered, or must end its
 * connection, as documented.
 * @throws Error with the input for which it is not so
 */
export async function sendMalformed({ host, url, seed, goOn }: MalformedRun): Promise<Given> {
  // At the edge the platform, not Parlor, answers bytes that are no HTTP.
  const names = (Object.keys(lanes) as TransportName[]).filter(
    (name) => host === 'node' || name !== 'bytes',
  );
  const given = await Promise.all(
    names.map(async (name, at) => {
      const inputs = new MalformedInputs(seeded(seed * 31 + at));
      const harness = { url, inputs, userId: `mallory ${name} ${seed}` };
      let count = 0;
      while (goOn(count, name)) count += await lanes[name](harness);
      return [name, count] as const;
    }),
  );
  return Object.fromEntries(given);
}

interface Harness {
  url: string;
  inputs: MalformedInputs;
  userId: string;
}

/** For each transport a function that sends some inputs, awaits the answers, and returns the count. */
const lanes = {
  async native({ url, inputs, userId }: Harness): Promise<number> {
    const roomId = `malformed ${inputs.below(20)}`;
    const raw = rawSocket(`${url}/rooms/${encodeURIComponent(roomId)}/ws`, {
      authorization: `Bearer ${await tokenFor(userId)}`,
    });
    await hasJoined(raw, '["joined",{"ok":true');
    let sent = 0;
    let ref = 0;
    for (let round = 0; round < 20 && raw.socket.readyState === raw.socket.OPEN; round++) {
      const due: [ref: number, tuple: string][] = [];
      let isClean = true;
      for (let at = 0; at < BATCH; at++, sent++) {
        const kind = inputs.below(20);
        const name = inputs.name();
        const tuple = `[${JSON.stringify(name)},${inputs.payload(roomId)},${++ref}]`;
        if (kind === 0) {
          isClean = false;
          raw.socket.send(inputs.noTuple());
        } else if (kind === 1) {
          isClean = false;
          raw.socket.send(inputs.broken(tuple));
        } else {
          // Verifying a token takes time, so its answer may come after the next ones.
          if (name !== 'refreshToken') due.push([ref, tuple]);
          raw.socket.send(tuple);
        }
      }
      const barrier = ++ref;
      raw.socket.send(`["getMembers",{"limit":1},${barrier}]`);
      const wanted = new Map(isClean ? due : []).set(barrier, 'the last command');
      if (!(await answeredOrClosed(raw, /\["ack",(\d+),/g, wanted))) break;
    }
    raw.socket.terminate();
    return sent;
  },

  async socketIo({ url, inputs, userId }: Harness): Promise<number> {
    const roomId = `malformed ${inputs.below(20)}`;
    const raw = rawSocket(`${url}${SOCKET_IO}`);
    await hasJoined(raw, '0{');
    raw.socket.send(`40${JSON.stringify({ token: await tokenFor(userId) })}`);
    await hasJoined(raw, '40{');
    raw.socket.send(`420["joinRoom",${JSON.stringify({ roomId })}]`);
    await hasJoined(raw, '430[{"ok":true');
    let sent = 0;
    let ack = 0;
    for (let round = 0; round < 20 && raw.socket.readyState === raw.socket.OPEN; round++) {
      const due: [ack: number, packet: string][] = [];
      for (let at = 0; at < BATCH; at++, sent++) {
        // Reserved names close the session, as at any Socket.IO server.
        const name = inputs.name();
        const packet = `42${++ack}[${JSON.stringify(name)},${inputs.payload(roomId)}]`;
        if (name !== 'refreshToken') due.push([ack, packet]);
        raw.socket.send(packet);
      }
      const isLast = inputs.below(3) === 0;
      if (isLast) {
        sent++;
        raw.socket.send(inputs.broken(`42${++ack}["message",${inputs.payload(roomId)}]`));
      }
      const barrier = ++ack;
      raw.socket.send(`42${barrier}["getMembers",${JSON.stringify({ roomId })}]`);
      const wanted = new Map(isLast ? [] : due).set(barrier, 'the last command');
      if (!(await answeredOrClosed(raw, /^43(\d+)\[/gm, wanted))) break;
    }
    raw.socket.terminate();
    return sent;
  },

  async polling({ url, inputs, userId }: Harness): Promise<number> {
    const opened = await send(url, { method: 'GET', path: POLLING });
    const { sid } = JSON.parse(opened.body.slice(1) || '{"sid":"none"}') as { sid: string };
    const path = `${POLLING}&sid=${sid}`;
    const connect = `40${JSON.stringify({ token: await tokenFor(userId) })}`;
    const packet = `421["message",${inputs.payload('malformed 1')}]`;
    const body = inputs.pick([
      () => packet,
      () => inputs.broken(packet),
      () => `${packet}\x1e${inputs.broken(packet)}`,
      () => `b${inputs.broken('AAAA')}`,
      () => '\x1e\x1e',
      () => inputs.json(3),
    ])();
    const isFirst = inputs.below(4) === 0;
    if (!isFirst) await send(url, { method: 'POST', path, body: connect });
    const posted = await send(url, { method: 'POST', path, body });
    if (!POLLED.has(posted.status)) fail(`${posted.status}`, body);
    // Closes the session if the body has not.
    await send(url, { method: 'POST', path, body: '1' });
    const query = `EIO=${inputs.below(6)}&transport=${inputs.pick(['polling', 'x', ''])}&sid=${inputs.below(99)}`;
    const odd = await send(url, { method: 'GET', path: `/socket.io/?${query}` });
    if (!POLLED.has(odd.status)) fail(`${odd.status}`, query);
    return 2;
  },

  async http({ url, inputs, userId }: Harness): Promise<number> {
    const authorization = `Bearer ${await tokenFor(userId)}`;
    const asked = Array.from({ length: BATCH }, async () => {
      const { method, path } = inputs.route(`malformed ${inputs.below(20)}`);
      const fits = inputs.payload('malformed 1');
      const body = inputs.below(2) === 0 ? fits : inputs.broken(fits);
      const hasBody = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method);
      const headers = {
        authorization: inputs.below(8) === 0 ? inputs.broken(authorization) : authorization,
        'content-type': 'application/json',
        ...inputs.headers(),
      };
      headers.authorization = headers.authorization.replaceAll(/[^\u0020-\u007E]/g, '?');
      const answer = await send(url, { method, path, headers, ...(hasBody && { body }) });
      assertDocumented(answer, `${method} ${path} ${JSON.stringify(headers)} ${body}`);
    });
    await Promise.all(asked);
    return BATCH;
  },

  async bytes({ url, inputs }: Harness): Promise<number> {
    const head = 'GET /rooms/malformed/messages HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const bytes = inputs.broken(head);
    const connection = new BareConnection(url);
    connection.write(bytes);
    // The host waits for the rest of half a request; no request continues with these bytes.
    connection.write('\r\n\r\n\u0000\r\n\r\n');
    await Promise.race([connection.ended(), connection.until(/^HTTP\/1\.1 [2-5]\d\d /)]);
    if (connection.text.startsWith('HTTP/1.1 500')) fail('was answered 500', bytes);
    connection.destroy();
    return 1;
  },
};

async function hasJoined(raw: RawSocket, start: string): Promise<void> {
  await raw.frame((frame) => frame.startsWith(start));
}

/**
 * Waits until all wanted answers have come, in any order, or the socket was closed with a permitted
 * code. @returns whether all answers came
 */
async function answeredOrClosed(raw: RawSocket, answers: RegExp, wanted: Map<number, string>) {
  const look = (frame: string) => {
    for (const [, at] of frame.matchAll(answers)) wanted.delete(Number(at));
    return wanted.size === 0;
  };
  const late = new Promise<'late'>((resolve) => {
    setTimeout(() => resolve('late'), PATIENCE_MS).unref();
  });
  const outcome = await Promise.race([
    raw.frame(look).catch(() => 'closed' as const),
    raw.closed.then(() => 'closed' as const),
    late,
  ]);
  assertFine(raw.frames);
  raw.frames.length = 0;
  if (outcome === 'late') fail('was not answered', [...wanted.values()].join(' and '));
  if (outcome !== 'closed') return true;
  const code = await raw.closed;
  if (!CLOSES.has(code)) fail(`ended with ${code}`, '');
  return false;
}

/** Fails if an answer reports an internal error. */
function assertFine(frames: readonly string[]): void {
  const found = frames.find((frame) => frame.includes('"code":"internal"'));
  if (found !== undefined) fail('was answered', found);
}

interface Answer {
  status: number;
  body: string;
}

function assertDocumented({ status, body }: Answer, asked: string): void {
  if (status < 300) return;
  // workerd itself answers unknown methods.
  if (body === '' && status < 500) return;
  if (body.startsWith('ERROR: Unrecognized request method')) return;
  const error = problemIn(body);
  const documented = error === undefined ? undefined : errorCodes[error.code];
  const isKnown = documented?.status === status || status === 404 || status === 405;
  if (!isKnown || status >= 500) fail(`was answered ${status} ${body}`, asked);
}

function problemIn(body: string): Problem | undefined {
  try {
    return (JSON.parse(body) as { error?: Problem }).error;
  } catch {
    return undefined;
  }
}

function fail(what: string, input: string): never {
  throw new Error(`This ${what}: ${JSON.stringify(input).slice(0, 2_000)}`);
}

const agent = new Agent({ keepAlive: true, maxSockets: BATCH });

interface Sending {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends a request. If its connection ends before the answer, it is retried, then gets status 0. */
async function send(url: string, sending: Sending, tries = 3): Promise<Answer> {
  const { method, path, body } = sending;
  // Node sends no length with some methods; the next request would then begin within the body.
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const headers = { ...sending.headers, ...length };
  const { hostname, port } = new URL(url);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const options = { hostname, port, path, method, headers, agent };
      const sent = request(options, (response) => {
        text(response).then(
          (read) => resolve({ status: response.statusCode ?? 0, body: read }),
          reject,
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Other errors mean that the server is gone.
    if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
    return tries > 0 ? send(url, sending, tries - 1) : { status: 0, body: '' };
  }
}
