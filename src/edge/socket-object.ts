import { authenticatorOf } from '../auth/authenticator.ts';
import { fileTokensOf } from '../files/file-token.ts';
import type { Hosted } from '../host/hosted-object.ts';
import { internalProblem, Refusal } from '../protocol/codes/errors.ts';
import type { Room } from '../room/room.ts';
import { refusalResponse } from '../transports/http/app.ts';
import { leaveReasonOf } from '../transports/native/receive.ts';
import { answerClose } from './close-answer.ts';
import { HostingObject } from './hosting-object.ts';
import { RoomReport } from './reports.ts';
import { RoomInput } from './room-input.ts';
import { RoomSockets } from './room-sockets.ts';
import { readUpgradeContext } from './upgrade-context.ts';

/** What sockets lead to: a room, a relay, or an inbox. */
export type Connectable = Hosted &
  Pick<Room, 'connect' | 'handle' | 'malformedFrame' | 'end' | 'refresh' | 'renew' | 'depart'> &
  Partial<Pick<Room, 'answer' | 'lags'>>;

/** A Durable Object with sockets of clients and links: adapts these to the object that it hosts. */
export abstract class SocketObject<O extends Connectable> extends HostingObject<O> {
  protected readonly report = new RoomReport(this.log);
  protected readonly limits = this.settings.limits;
  protected readonly connections = new RoomSockets(this.ctx, this.limits);
  protected readonly input = new RoomInput(this.hosted, {
    limits: this.limits,
    roomId: this.roomId,
    fileTokens: fileTokensOf(this.settings),
    authenticate: authenticatorOf(this.settings, false, this.log),
    waitUntil: (work) => this.ctx.waitUntil(work),
  });

  /** Takes an upgrade that the Worker has let through. */
  override async fetch(request: Request): Promise<Response> {
    const { identity, join, ...about } = readUpgradeContext(request);
    const { 0: client, 1: server } = new WebSocketPair();
    const connection = this.connections.candidate(server, { identity, ...about });
    try {
      await this.hosted.run((object) => {
        this.input.assertNotBanned(identity.userId);
        object.connect(connection, join);
        this.connections.accept(server, connection);
      });
    } catch (error) {
      return this.refuse(error);
    }
    this.log.event('debug', 'connected', { connection: connection.state.id });
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.input.receive(this.connections.of(socket), data);
  }

  override webSocketClose(
    socket: WebSocket,
    code: number,
    reason: string,
    wasClean: boolean,
  ): void {
    answerClose(socket, code, reason, wasClean);
    this.#depart(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#depart(socket, 1006);
  }

  /** The room that the sockets lead to; undefined for an inbox. */
  protected get roomId(): string | undefined {
    return undefined;
  }

  /** Half of the 64 digits of the object's id, which is made of its name and a secret of its namespace. */
  protected get firstEpoch(): string {
    return this.ctx.id.toString().slice(0, 32);
  }

  /** Queued, so that what the client sent before it closed is done first. */
  #depart(socket: WebSocket, code: number): void {
    // If this wakes the object, it must find the connection in its roster to announce that it ended.
    const connection = this.connections.of(socket);
    this.hosted.queue((object) => {
      this.log.event('debug', 'disconnected', { connection: connection.state.id, code });
      connection.ended();
      object.depart(connection, leaveReasonOf(code));
      this.connections.delete(socket);
    });
  }

  protected refuse(error: unknown): Response {
    const problem = error instanceof Refusal ? error.problem : internalProblem;
    this.report.refused(problem.code);
    if (!(error instanceof Refusal)) this.log.failure('connect', error);
    const [body, status, headers] = refusalResponse(problem);
    return Response.json(body, { status, headers });
  }
}
