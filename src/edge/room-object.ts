import { authenticatorOf } from '../auth/authenticator.ts';
import { deleteFiles } from '../files/delete-files.ts';
import { fileTokensOf } from '../files/file-token.ts';
import type { Delivery, DeliveryOutcome } from '../host/ports.ts';
import { internalProblem, Refusal } from '../protocol/codes/errors.ts';
import type { Reply, RequestName } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import { Room } from '../room/room.ts';
import { refusalResponse } from '../transports/http/app.ts';
import { leaveReasonOf } from '../transports/native/receive.ts';
import { answerClose } from './close-answer.ts';
import { HostingObject, type ObjectPorts } from './hosting-object.ts';
import { R2BlobStore } from './r2-blob-store.ts';
import { RoomReport } from './reports.ts';
import { RoomInput } from './room-input.ts';
import { RoomSockets } from './room-sockets.ts';
import { readUpgradeContext } from './upgrade-context.ts';

/** One room in its Durable Object: adapts sockets and calls to the Room, and nothing else. */
export class RoomObject extends HostingObject<Room> {
  protected readonly report = new RoomReport(this.log);
  readonly #limits = this.settings.limits;
  protected readonly connections = new RoomSockets(this.ctx, this.#limits);
  readonly #input = new RoomInput(this.hosted, {
    limits: this.#limits,
    roomId: this.ctx.id.name ?? '',
    fileTokens: fileTokensOf(this.settings),
    authenticate: authenticatorOf(this.settings, false, this.log),
    waitUntil: (work) => this.ctx.waitUntil(work),
  });

  /** An upgrade that the Worker has let through. */
  override async fetch(request: Request): Promise<Response> {
    const { identity, join, ...about } = readUpgradeContext(request);
    const { 0: client, 1: server } = new WebSocketPair();
    const connection = this.connections.candidate(server, { identity, ...about });
    try {
      await this.hosted.run((room) => {
        this.#input.assertBack(identity.userId);
        room.connect(connection, join);
        this.connections.accept(server, connection);
      });
    } catch (error) {
      return this.#refuse(error);
    }
    this.log.event('debug', 'connected', { connection: connection.state.id });
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Does a command for an identity that has not joined. The caller gets the result when it is stored. */
  async execute<N extends RequestName>(
    identity: Identity,
    name: N,
    payload: unknown,
  ): Promise<Result<Reply<N>>> {
    try {
      return await this.hosted.ask((room) => room.execute(identity, name, payload));
    } catch (error) {
      if (error instanceof Refusal) return { ok: false, error: error.problem };
      throw error;
    }
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    this.#input.receive(this.connections.of(socket), data);
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

  /** Deliveries to the store of files; without one they wait. */
  protected override async carry(
    _target: string,
    deliveries: readonly Delivery[],
  ): Promise<readonly DeliveryOutcome[]> {
    const { FILES } = this.env;
    if (FILES === undefined) return [];
    return deleteFiles(new R2BlobStore(FILES), this.ctx.id.name ?? '', deliveries);
  }

  protected make(ports: ObjectPorts): Room {
    this.report.woken();
    // An id is made of a secret of its namespace and the room's name: half of its 64 digits will do.
    const firstEpoch = this.ctx.id.toString().slice(0, 32);
    const host = { firstEpoch, roster: this.connections, meter: this.report };
    return new Room(this.ctx.id.name ?? '', { ...ports, ...host }, this.#limits);
  }

  /** Queued, so that what the client sent before its end is done first. */
  #depart(socket: WebSocket, code: number): void {
    // A room that this wakes must find it among its connections, to tell of its end.
    const connection = this.connections.of(socket);
    this.hosted.queue((room) => {
      this.log.event('debug', 'disconnected', { connection: connection.state.id, code });
      connection.ended();
      room.depart(connection, leaveReasonOf(code));
      this.connections.delete(socket);
    });
  }

  #refuse(error: unknown): Response {
    const problem = error instanceof Refusal ? error.problem : internalProblem;
    this.report.refused(problem.code);
    if (!(error instanceof Refusal)) this.log.failure('connect', error);
    const [body, status, headers] = refusalResponse(problem);
    return Response.json(body, { status, headers });
  }
}
