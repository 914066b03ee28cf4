import { DurableObject } from 'cloudflare:workers';
import { authenticatorOf } from '../auth/authenticator.ts';
import { application } from '../app/current.ts';
import { namesOf } from '../room/own-names.ts';
import { fileTokensOf } from '../files/file-token.ts';
import { systemClock } from '../socketio-server/clock.ts';
import type { RoomSignals } from '../transports/socketio/chat.ts';
import { readHandshake } from '../transports/socketio/credentials.ts';
import { openPolling, servePolling } from '../socketio-server/polling-http.ts';
import {
  type EngineHandOver,
  PollingSession as PollingCore,
  type UpgradeStart,
} from '../socketio-server/polling-session.ts';
import { consoleLogger } from '../observability/console-logger.ts';
import { readSettings } from '../settings/settings.ts';
import type { Environment } from './environment.ts';
import { ObjectDirectory } from './object-directory.ts';
import { ObjectInboxes } from './object-inboxes.ts';
import { SessionChat, type SessionHandOver, socketIoSettings } from './socketio-chat.ts';
import { roomAccessLimiterOf } from '../admission/room-access-limiter.ts';

/** What a polling session hands over to the Worker that continues it over a WebSocket. */
export interface PollingHandOver extends SessionHandOver {
  engine: EngineHandOver;
}

/** Whether guests may enter; the Worker sends it with the first request. */
export const GUESTS_HEADER = 'x-parlor-guests';

/** How long an upgrade waits for answers in flight before it goes on without them, in milliseconds. */
const SETTLE_MS = 5_000;

/**
 * The Socket.IO session of one `sid` while it is carried by long polling, and until it is upgraded.
 * Everything is in memory: when the object is evicted, the session is unknown and its client connects
 * again; the heartbeat ends a session that its client has abandoned.
 */
export class PollingSession extends DurableObject<Environment> {
  readonly #settings = readSettings(this.env).settings;
  #core: PollingCore | undefined;
  #chat: SessionChat | undefined;

  override fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    if (!searchParams.get('sid')) return this.#open(request, searchParams);
    return servePolling(this.#core, request, this.#settings.limits.frameBytes);
  }

  startUpgrade(): UpgradeStart {
    return this.#core?.startUpgrade() ?? 'unknown';
  }

  probe(): void {
    this.#core?.probe();
  }

  cancelUpgrade(): void {
    this.#core?.cancelUpgrade();
  }

  /** Waits for the answers in flight, then hands the session over to the caller. */
  async handOver(): Promise<PollingHandOver | undefined> {
    await this.#settle();
    const engine = this.#core?.handOver();
    const session = engine && this.#chat?.handOver();
    return session && { engine, ...session };
  }

  /** Signals that came between the hand-over and the caller's joins. Resolves after these joins. */
  async lateSignals(): Promise<RoomSignals[]> {
    return (await this.#chat?.lateSignals()) ?? [];
  }

  async #settle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = systemClock.after(SETTLE_MS, resolve);
    await Promise.race([this.#chat?.settle(), promise]);
    // A remaining timer would keep the object awake.
    cancel();
  }

  #open({ headers }: Request, query: URLSearchParams): Promise<Response> {
    const settings = this.#settings;
    const handshake = readHandshake(headers.get('authorization'), query);
    const { limits } = settings;
    const chat = new SessionChat(
      {
        inboxes: new ObjectInboxes(this.env.INBOX),
        directory: new ObjectDirectory(this.env, limits, roomAccessLimiterOf(limits), true),
        fileTokens: fileTokensOf(settings),
        authenticate: authenticatorOf(
          settings,
          headers.get(GUESTS_HEADER) === 'true',
          consoleLogger(settings),
        ),
        limits,
        ownNames: namesOf(application),
        settings,
      },
      { handshake },
    );
    this.#chat = chat;
    this.#core = new PollingCore({
      sid: this.ctx.id.name ?? '',
      settings: socketIoSettings(settings),
      clock: systemClock,
      createOwner: chat.createOwner,
    });
    return openPolling(this.#core);
  }
}
