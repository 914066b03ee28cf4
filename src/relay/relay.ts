import { type CloseCode, closeCodes, closeReasons } from '../protocol/codes/close-codes.ts';
import { type Problem, unavailableProblem } from '../protocol/codes/errors.ts';
import type { LeaveReason } from '../protocol/events.ts';
import { type Command, withClientId } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import { TokenExpiry } from '../room/access/token-expiry.ts';
import { Frame } from '../room/broadcast/frame.ts';
import { MissedSignals } from '../room/broadcast/missed-signals.ts';
import type { Clock, Connection, Ids, Roster, Timer } from '../room/ports.ts';
import type {
  Attached,
  OrderAnswer,
  OrderCall,
  RelayOrder,
  RelayRequest,
  RequestAnswer,
  RequestCall,
  SentFrame,
} from './exchange.ts';
import { Outstanding } from './outstanding.ts';
import { ReceivedOrders, type RelayMark } from './received-orders.ts';
import { type ConnectRequest, RelaySockets } from './relay-sockets.ts';
import { withTail } from './tails.ts';
import { Uplink } from './uplink.ts';

export interface RelayPorts {
  /** The life of the relay's sockets, a number that grows when all of them are lost. */
  life: number;
  /** What was stored in this life of the sockets. */
  mark: RelayMark | undefined;
  clock: Clock;
  ids: Ids;
  timer: Timer;
  roster: Roster;
  /** Calls the room. `settle` is called once, in a turn; with undefined if the call failed. */
  request(
    call: Omit<RequestCall, 'relay'>,
    settle: (answer: RequestAnswer | undefined) => void,
  ): void;
  /** The room has accepted a connection: its socket opens. */
  accept(connection: Connection): void;
  refuse(connection: Connection, problem: Problem): void;
  store(mark: RelayMark): void;
}

/**
 * Holds sockets of a room that has too many for one object. The room decides everything: the relay
 * sends it what the sockets send, and executes its orders, which name connections by id, in sequence.
 */
export class Relay {
  readonly #ports: RelayPorts;
  readonly #memory: string;
  readonly #uplink: Uplink;
  readonly #outstanding = new Outstanding();
  readonly #tokenExpiry: TokenExpiry;
  readonly #sockets = new RelaySockets();
  readonly #received: ReceivedOrders;
  readonly #missed = new MissedSignals<Connection>((connection) => this.lags(connection));

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#memory = ports.ids.make();
    this.#received = new ReceivedOrders(ports);
    this.#tokenExpiry = new TokenExpiry(ports.clock, ports.roster, (connection, code) =>
      this.#closeNow(connection, code),
    );
    // Also a connection whose end has woken the relay, since the room must learn of that end.
    for (const connection of ports.roster.connections()) {
      this.#sockets.add(connection);
    }
    const { life } = ports;
    this.#uplink = new Uplink({
      ...ports,
      request: (call, settle) => ports.request({ ...call, life, memory: this.#memory }, settle),
      answered: (answer, requests) => this.#answered(answer, requests),
      mayRepeat: (request) => this.#mayRepeat(request),
      gone: () => this.#roomIsGone(),
    });
  }

  /** Number of sockets, including those that wait for the room. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Asks the room to take a connection. */
  connect(connection: Connection, join: unknown): void {
    this.#tokenExpiry.sweep();
    const request = { type: 'connect' as const, state: stateOf(connection), join };
    this.#sockets.wait(connection, request);
    this.#uplink.add(request);
  }

  handle(connection: Connection, given: Command): void {
    this.#tokenExpiry.sweep();
    const { id } = connection.state;
    if (!this.#sockets.isReachable(connection)) return;
    // Not without a ref: an error would then show the client an id that it has not given.
    const command =
      given.ref === undefined
        ? given
        : withClientId(given, { randomUUID: () => this.#ports.ids.make() });
    this.#outstanding.add(id, command);
    this.#uplink.add({ type: 'command', id, command });
  }

  malformedFrame(connection: Connection, problem: Problem): void {
    if (!this.#sockets.isReachable(connection)) return;
    this.#uplink.add({ type: 'malformedFrame', id: connection.state.id, problem });
  }

  refresh({ state: { id } }: Connection, command: Command, verdict: Identity | Problem): void {
    this.#outstanding.add(id, command);
    this.#uplink.add({ type: 'refresh', id, command, verdict });
  }

  answer({ state: { id } }: Connection, command: Command, made: object | Problem): void {
    this.#outstanding.add(id, command);
    this.#uplink.add({ type: 'answer', id, command, made });
  }

  renew({ state: { id } }: Connection, identity: Identity): { expiresAt: number | undefined } {
    this.#uplink.add({ type: 'renew', id, identity });
    return { expiresAt: identity.expiresAt };
  }

  /** A client reads too slowly: the room sends it a `presence` each second until it keeps up. */
  lags({ state: { id } }: Connection): void {
    this.#uplink.add({ type: 'lags', id });
  }

  /** A socket has ended. */
  depart({ state: { id } }: Connection, reason: LeaveReason): void {
    if (this.#forget(id)) this.#uplink.add({ type: 'depart', id, reason });
  }

  /** Has the room close a connection, after everything that it is still to be sent. */
  end(connection: Connection, code: CloseCode): void {
    const { id } = connection.state;
    if (!this.#sockets.isReachable(connection)) return;
    this.#sockets.end(id);
    this.#uplink.add({ type: 'end', id, code });
  }

  wake(): void {}

  /** Calls the room with what sockets have sent. */
  flush(): boolean {
    this.#uplink.start();
    return false;
  }

  /** Does what the room orders. */
  order(call: OrderCall): OrderAnswer {
    const answer = { life: this.#ports.life };
    if (this.#received.has(call, this.#sockets.hasOpen)) return answer;
    this.#tokenExpiry.sweep();
    // A room that has woken attaches its relays first; without that it does not know these sockets.
    if (this.#received.isOfNewRoom(call) || call.resets === true) this.#closeAll();
    this.#executeAll(call.orders);
    this.#received.add(call);
    return answer;
  }

  /** The room has woken without memory of this relay: requests on their way are repeated or given up. */
  attach(room: number): Attached {
    const mark = this.#received.attach(room);
    for (const request of this.#sockets.waiting()) this.#uplink.ensure(request);
    for (const [id, command] of this.#outstanding.all()) this.#repeatOrGiveUp(id, command);
    for (const connection of this.#missed.byConnection.keys()) this.lags(connection);
    const states = [...this.#sockets.connections()].map(stateOf);
    return {
      life: this.#ports.life,
      states,
      position: mark?.position,
      onlineCount: mark?.onlineCount,
    };
  }

  /** Repeats or gives up a command that the room may have executed before its reply was lost. */
  #repeatOrGiveUp(id: string, command: Command): void {
    const isMeant = (other: RelayRequest) => 'command' in other && other.command === command;
    const request = { type: 'command' as const, id, command };
    if (!this.#uplink.has(isMeant) && this.#mayRepeat(request)) this.#uplink.add(request);
  }

  #executeAll(orders: readonly RelayOrder[]): void {
    let tail = '';
    for (const order of orders) {
      if (order.type === 'tail') tail = order.text;
      else if (order.type === 'send') this.#sendTo(order.id, withTail(order, tail));
      else if (order.type === 'update') this.#update(order);
      else if (order.type === 'share') this.#share(order);
      else this.#close(order);
    }
  }

  #update({ id, change }: Extract<RelayOrder, { type: 'update' }>): void {
    const opened = this.#sockets.open(id);
    if (opened !== undefined) this.#ports.accept(opened);
    const connection = this.#sockets.find(id);
    connection?.update(change);
    if (connection !== undefined) this.#tokenExpiry.watch(connection);
  }

  #sendTo(id: string, frame: SentFrame): void {
    const connection = this.#sockets.find(id);
    const lines = this.#outstanding.withoutRepeated(id, frame.lines);
    if (connection !== undefined && lines.length > 0) {
      this.#send(connection, frameOf({ ...frame, lines }));
    }
  }

  #share({ frame: sent, except, isMissed }: Extract<RelayOrder, { type: 'share' }>): void {
    const frame = frameOf(sent);
    const excluded = new Set(except);
    for (const connection of this.#sockets.connections()) {
      const { id, joined, identity, quiet } = connection.state;
      const shown = quiet === true ? frame.quiet : frame;
      if (!joined || excluded.has(id) || shown === undefined) continue;
      // Its message was stored, but the reply is lost: by reconnecting it gets each of them once.
      if (isMissed === true && this.#outstanding.hasOwn(id, identity.userId, sent.lines)) {
        this.#giveUp(id);
      } else this.#send(connection, shown);
    }
  }

  #close({ id, code, reason }: Extract<RelayOrder, { type: 'close' }>): void {
    this.#sockets.find(id)?.close(code, reason);
    this.#forget(id);
  }

  #closeNow(connection: Connection, code: CloseCode): void {
    connection.close(code, closeReasons[code]);
    this.depart(connection, 'disconnected');
  }

  /** @returns whether the connection was known */
  #forget(id: string): boolean {
    this.#outstanding.forget(id);
    const connection = this.#sockets.find(id);
    if (connection !== undefined) this.#missed.forget(connection);
    return this.#sockets.remove(id);
  }

  #send(connection: Connection, frame: Frame): void {
    if (this.#tokenExpiry.hasExpired(connection))
      this.#closeNow(connection, closeCodes.tokenExpired);
    else this.#missed.send(connection, frame);
    // A connection that was too slow, or is gone: the host may never report its end.
    if (!connection.open) this.depart(connection, 'disconnected');
  }

  #answered({ refused, later = [] }: RequestAnswer, requests: readonly RelayRequest[]): void {
    for (const { id, problem } of refused) this.#refuse(id, problem);
    for (const id of later) {
      const request = this.#sockets.requestOf(id);
      if (request !== undefined) this.#uplink.add(request);
    }
    for (const request of requests) {
      if ('command' in request && request.command.ref === undefined)
        this.#outstanding.done(request.id, request.command);
    }
  }

  #refuse(id: string, problem: Problem): void {
    const connection = this.#sockets.take(id);
    if (connection !== undefined) this.#ports.refuse(connection, problem);
  }

  /**
   * Whether a request may be repeated. Messages may, because of their ids, and so may all requests
   * that are not commands. Another command whose reply has not come makes its connection close.
   */
  #mayRepeat(request: RelayRequest): boolean {
    if (request.type === 'connect') return this.#sockets.requestOf(request.state.id) !== undefined;
    if (!('command' in request)) return true;
    const { id, command } = request;
    // The reply has come.
    if (!this.#outstanding.has(id, command)) return false;
    if (isRepeatable(command)) {
      this.#outstanding.repeats(id, command);
      return true;
    }
    if (command.name === 'typing') this.#outstanding.done(id, command);
    else this.#giveUp(id);
    return false;
  }

  /** Closes a connection whose commands may or may not have been executed: it reconnects to find out. */
  #giveUp(id: string): void {
    const connection = this.#sockets.find(id);
    if (connection !== undefined) this.#closeNow(connection, closeCodes.goingAway);
  }

  #roomIsGone(): void {
    for (const request of this.#sockets.waiting()) {
      this.#uplink.drop((other) => other === request);
      this.#refuse(request.state.id, unavailableProblem);
    }
    for (const [id] of this.#outstanding.all()) this.#giveUp(id);
  }

  #closeAll(): void {
    for (const connection of this.#sockets.connections()) {
      connection.close(closeCodes.goingAway, closeReasons[closeCodes.goingAway]);
      this.#forget(connection.state.id);
    }
  }
}

/** Whether the room recognises this command when it gets it a second time. */
function isRepeatable({ name, payload }: Command): boolean {
  return name === 'message' && typeof (payload as { id?: unknown } | null)?.id === 'string';
}

/** A connection's state without the fields that only its host keeps, which the room must not take over. */
function stateOf({ state }: Connection): ConnectRequest['state'] {
  const { v, id, identity, joined, silent, quiet, name, session, badFrames, badTokens } = state;
  return {
    v,
    id,
    identity,
    joined,
    ...(silent !== undefined && { silent }),
    ...(quiet !== undefined && { quiet }),
    ...(name !== undefined && { name }),
    ...(session !== undefined && { session }),
    ...(badFrames !== undefined && { badFrames }),
    ...(badTokens !== undefined && { badTokens }),
  };
}

function frameOf({ lines, position, ephemeral, loud }: SentFrame): Frame {
  return new Frame(lines, position, ephemeral, loud);
}
