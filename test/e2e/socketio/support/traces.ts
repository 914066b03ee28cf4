import { decodeBody } from '../../../../src/socketio-server/engine-packet.ts';
import { type Frame, type HttpAnswer, RawPolling, RawSocket } from './raw-client.ts';

/** What a client saw of a whole session. */
export interface Trace {
  /** The packets received, as text: bytes as base64, ids replaced. */
  got: string[];
  end: string;
}

/** A frame of a script: text, or bytes as a list of numbers. */
export type Step = string | number[];

/** Sent at the end of each script: echoed by a session that is connected, fatal to any other. */
const LAST = '42["message","last"]';
const LAST_BACK = '42["message-back","last"]';

/** Sends a script over a WebSocket, frame by frame. */
export async function traceWebSocket(url: string, script: readonly Step[]): Promise<Trace> {
  const socket = new RawSocket(`${url}/socket.io/?EIO=4&transport=websocket`);
  const got = [show(await socket.next())];
  for (const step of [...script, LAST]) {
    if (socket.code !== undefined) break;
    socket.send(typeof step === 'string' ? step : Uint8Array.from(step));
    // Waits, since the official server parses two frames of one segment before it acts on the first.
    await socket.settled();
    if (asksToConnect(step)) await collect(socket, got, 1);
  }
  await collect(socket, got, Number.POSITIVE_INFINITY);
  const end = socket.code === undefined ? 'open' : `closed ${socket.code}`;
  socket.close();
  return { got, end };
}

/** Sends a script by long polling, a POST each step, then polls for the answers. */
export async function tracePolling(url: string, script: readonly string[]): Promise<Trace> {
  const session = new RawPolling(`${url}/socket.io/?EIO=4&transport=polling`);
  await session.open();
  const got: string[] = [];
  for (const body of [...script, LAST]) {
    const { status } = await session.post(body);
    got.push(isBroken(body) ? 'broken' : String(status));
    if (asksToConnect(body) && status === 200) got.push(showPoll(await session.poll()));
  }
  return { got, end: await pollOut(session, got) };
}

/** Polls until the last message is echoed or the session has ended. */
async function pollOut(session: RawPolling, got: string[]): Promise<string> {
  const answer = await session.poll();
  const packets = showPoll(answer);
  got.push(packets);
  if (answer.status !== 200) return 'over';
  return packets.includes(LAST_BACK) ? 'open' : pollOut(session, got);
}

/** Reads frames until there are `count`, the last message is echoed, or the socket closes. */
async function collect(socket: RawSocket, got: string[], count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const frame = await socket.next();
    if (frame === undefined) return;
    got.push(show(frame));
    if (frame === LAST_BACK) return;
  }
}

/** Whether a step is a CONNECT, which is always answered, by a packet or a close. */
function asksToConnect(step: Step): boolean {
  return typeof step === 'string' && step.startsWith('40');
}

/** Whether a body is invalid: it ends the session, and the answer to its POST is a known difference. */
function isBroken(body: string): boolean {
  return decodeBody(body).some(({ type }) => type === 'error' || type === 'ping');
}

function show(frame: Frame | undefined): string {
  if (frame === undefined) return 'closed';
  return typeof frame === 'string'
    ? withoutIds(frame)
    : `b${Buffer.from(frame).toString('base64')}`;
}

function showPoll({ status, body }: HttpAnswer): string {
  return `${status} ${withoutIds(body)}`;
}

function withoutIds(text: string): string {
  return text.replaceAll(/"sid":"[^"]*"/g, '"sid":"…"');
}
