import { Refusal } from '../protocol/codes/errors.ts';
import type { Attached, OrderAnswer, OrderCall, RequestAnswer } from '../relay/exchange.ts';
import type { RelayMark } from '../relay/received-orders.ts';
import { Relay, type RelayPorts } from '../relay/relay.ts';
import { callRoom } from './call-room.ts';
import type { ObjectPorts } from './hosting-object.ts';
import type { ObjectConnection } from './object-connection.ts';
import { readRelayName } from './relay-name.ts';
import { SocketObject } from './socket-object.ts';
import { readUpgradeContext } from './upgrade-context.ts';

/** A socket that waits for the room to accept it. */
interface Opening {
  socket: WebSocket;
  connection: ObjectConnection;
  opened(): void;
  refused(error: unknown): void;
}

/** What a relay stores; `life` counts how often it lost its sockets. */
interface Stored {
  life: number;
  mark?: RelayMark;
}

const STORED = 'relay';

/** A Durable Object that holds some of a room's sockets, named after its number and the room. */
export class RelayObject extends SocketObject<Relay> {
  readonly #opening = new Map<string, Opening>();

  override async fetch(request: Request): Promise<Response> {
    const { identity, join, ...about } = readUpgradeContext(request);
    if (this.#size >= this.settings.RELAY_CONNECTIONS) return Response.json({ full: true });
    const { 0: client, 1: server } = new WebSocketPair();
    const connection = this.connections.candidate(server, { identity, ...about });
    try {
      await new Promise<void>((opened, refused) => {
        this.#opening.set(connection.state.id, {
          socket: server,
          connection,
          opened,
          refused,
        });
        this.hosted.queue(
          (relay) => {
            this.input.assertNotBanned(identity.userId);
            relay.connect(connection, join);
          },
          1,
          refused,
        );
      });
    } catch (error) {
      return this.refuse(error);
    } finally {
      this.#opening.delete(connection.state.id);
    }
    this.log.event('debug', 'connected', { connection: connection.state.id });
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Does what the room orders for its connections here. */
  order(call: OrderCall): Promise<OrderAnswer> {
    return this.hosted.run((relay) => relay.order(call));
  }

  /** Returns the room's connections here, for a room that has woken. */
  attach(room: number): Promise<Attached> {
    return this.hosted.run((relay) => relay.attach(room));
  }

  protected make({ clock, ids, timer }: ObjectPorts): Relay {
    this.report.woken();
    const { life, mark } = this.#openStored();
    return new Relay({
      life,
      mark,
      clock,
      ids,
      timer,
      roster: this.connections,
      request: (call, settle) => void this.#request(call, settle),
      accept: ({ state: { id } }) => this.#accept(id),
      refuse: ({ state: { id } }, { code, message, ...details }) =>
        this.#opening.get(id)?.refused(new Refusal(code, message, details)),
      store: (received) => this.#store({ life, mark: received }),
    });
  }

  protected override get roomId(): string {
    return readRelayName(this.ctx.id.name ?? '').roomId;
  }

  get #size(): number {
    return this.connections.size + this.#opening.size;
  }

  /** Reads what is stored. Without sockets a new life begins, since those of the last may be lost. */
  #openStored(): Stored {
    const stored = this.ctx.storage.kv.get<Stored>(STORED) ?? { life: 0 };
    if (this.connections.size > 0) return stored;
    const begun = { life: stored.life + 1 };
    this.#store(begun);
    return begun;
  }

  #store(stored: Stored): void {
    this.ctx.storage.kv.put(STORED, stored);
  }

  #accept(id: string): void {
    const opening = this.#opening.get(id);
    if (opening === undefined) return;
    this.connections.accept(opening.socket, opening.connection);
    opening.opened();
  }

  async #request(...[call, settle]: Parameters<RelayPorts['request']>): Promise<void> {
    let answer: RequestAnswer | undefined;
    try {
      const { relay } = readRelayName(this.ctx.id.name ?? '');
      const room = this.env.ROOM.getByName(this.roomId);
      answer = await callRoom<RequestAnswer>(async () => room.relayed({ ...call, relay }));
    } catch (error) {
      this.log.event('debug', 'room unreachable', { why: String(error) });
    }
    this.hosted.queue(() => settle(answer));
  }
}
