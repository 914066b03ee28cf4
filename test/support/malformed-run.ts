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
  /** Whether another batch is wanted of a transport that has had so many inputs. */
  goOn: (inputs: number, transport: TransportName) => boolean;
}

/** Inputs that each transport was given. */
export type Given = Partial<Record<TransportName, number>>;
export type TransportName = keyof typeof lanes;

/** Frames and packets sent before anything is waited for. */
const BATCH = 16;
/** An answer that takes longer does not come, in milliseconds. */
const PATIENCE_MS = 60_000;
/** How a server may end a socket that was sent such things. */
const CLOSES = new Set([1002, 1003, 1005, 1006, 1007, 1009, 4000, 4500, 4501, 4502, 4503, 4504]);
/** What a poll or a POST may come to; 0 is a connection that was ended. */
const POLLED = new Set([0, 200, 400, 413]);
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';
const POLLING = '/socket.io/?EIO=4&transport=polling';

/**
 * Gives every transport inputs that do not fit, until told to stop. Each is answered, or ends its
 * connection, as documented.
 * @throws Error with what was sent where it is not so
 */
export async function sendMalformed({ host, url, seed, goOn }: MalformedRun): Promise<Given> {
  // What is no HTTP at all is answered by the platform at the edge.
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

/** Each gives its transport a number of inputs, waits for what comes of them and counts them. */
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
          // Verifying a token takes its time, so its answer may come behind the next.
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
        // Reserved names end the session, as at any Socket.IO server.
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
    // Says goodbye, which ends what the body has not ended.
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
    // Half a request waits for its other half; this is none for any.
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
 * Whether every answer has come, in whatever order: a command behind a pending join waits for that.
 * Else the socket was closed, as sockets are.
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

/** A defect of ours says so. */
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
  // workerd itself knows no method that is none.
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

/** One request; one whose connection ends before the answer is tried anew, and then counts as ended. */
async function send(url: string, sending: Sending, tries = 3): Promise<Answer> {
  const { method, path, body } = sending;
  // Node tells no length for some methods, and the next request would begin within the body.
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
    // A server that is gone is another thing than one that hangs up.
    if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
    return tries > 0 ? send(url, sending, tries - 1) : { status: 0, body: '' };
  }
}
