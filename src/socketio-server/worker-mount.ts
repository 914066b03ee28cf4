import type { Clock } from './clock.ts';
import { type EngineError, readEngineRequest, refusalReply } from './engine-request.ts';
import { toResponse } from './http-reply.ts';
import type { UpgradeStart } from './polling-session.ts';
import { discardBody } from './request-body.ts';
import type { SocketIoSettings } from './settings.ts';
import type { ClientSocket, FrameReceiver } from './websocket-session.ts';
import { type UpgradingSession, WebSocketUpgrade } from './websocket-upgrade.ts';
import { clientSocket, listen } from './worker-socket.ts';

/**
 * The object that holds the polling session of one `sid`, as a Worker sees it: the stub of a
 * Durable Object. `H` is what its session hands over to a WebSocket.
 */
export interface PollingObject<H> {
  /** A GET without `sid` in its query opens the session; see `openPolling`, `servePolling`. */
  fetch(request: Request): Promise<Response>;
  startUpgrade(): Promise<UpgradeStart>;
  probe(): Promise<void>;
  cancelUpgrade(): Promise<void>;
  handOver(): Promise<H | undefined>;
}

/** What an Engine.IO path of a Worker needs. */
export interface WorkerMount<H> {
  settings: SocketIoSettings;
  clock: Clock;
  newSid: () => string;
  pollingObject: (sid: string) => PollingObject<H>;
  /** Makes and opens the session of a client that begins with a WebSocket. */
  openSession: (socket: ClientSocket, sid: string) => FrameReceiver;
  /** Makes the session that continues over a WebSocket with what an object handed over. */
  resumeSession: (socket: ClientSocket, handOver: H) => FrameReceiver;
}

/** Answers a request to an Engine.IO path. The caller checks origin and rights, and adds CORS headers. */
export async function serveEngine<H>(mount: WorkerMount<H>, request: Request): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const wanted = readEngineRequest(request.method, query, isUpgrade(request));
  if (wanted.kind === 'refused') {
    await discardBody(request);
    return refuse(wanted.error);
  }
  if (wanted.kind === 'upgrade') return upgrade(mount, mount.pollingObject(wanted.sid));
  if (wanted.kind !== 'open') return mount.pollingObject(wanted.sid).fetch(request);
  const sid = mount.newSid();
  return wanted.transport === 'polling'
    ? mount.pollingObject(sid).fetch(request)
    : accept((socket) => mount.openSession(socket, sid));
}

async function upgrade<H>(mount: WorkerMount<H>, object: PollingObject<H>): Promise<Response> {
  const start = await object.startUpgrade();
  if (start === 'unknown') return refuse('unknown sid');
  // A client learns nothing from a refused upgrade, and official clients expect it to be accepted first.
  if (start === 'taken') return accept(closeImmediately);
  const { settings, clock, resumeSession } = mount;
  const session = upgradingSession(object);
  return accept(
    (socket) => new WebSocketUpgrade(socket, { settings, clock, session, resume: resumeSession }),
  );
}

/** An object that cannot be reached any more has nothing to hand over; its own timers end it. */
function upgradingSession<H>(object: PollingObject<H>): UpgradingSession<H> {
  return {
    probe: () => void object.probe().catch(() => {}),
    cancelUpgrade: () => void object.cancelUpgrade().catch(() => {}),
    handOver: () => object.handOver().catch(() => undefined),
  };
}

function accept(start: (socket: ClientSocket) => FrameReceiver): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  // A socket sends only once it is accepted. No frame comes in before this turn ends.
  server.accept();
  listen(server, start(clientSocket(server)));
  return new Response(null, { status: 101, webSocket: client });
}

/** Closes a WebSocket that has nothing to take over. */
export function closeImmediately(socket: ClientSocket): FrameReceiver {
  socket.close(undefined);
  return { frame: () => {}, closed: () => {} };
}

function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

function refuse(error: EngineError): Response {
  return toResponse(refusalReply(error));
}
