import type { Frame } from '../room/broadcast/frame.ts';
import type { ConnectionGroup, ConnectionState, Timer } from '../room/ports.ts';
import type { Room } from '../room/room.ts';
import {
  type Attached,
  GONE_FAILURES,
  type OrderAnswer,
  type OrderCall,
  type RelayOrder,
  type RequestAnswer,
  type RequestCall,
  retryMs,
} from './exchange.ts';
import { RelayedConnection, sentFrame } from './relayed-connection.ts';
import { Tails, textOf } from './tails.ts';

/** Text of one call, in UTF-16 units: it takes as many whole flushes as fit, and at least one. */
const CALL_TEXT = 256 * 1024;

/**
 * Text of one flush, in UTF-16 units, above which connections that get a frame of their own are closed:
 * a call is limited to 32 MiB.
 */
const MAX_FLUSH_TEXT = 12 * 1024 * 1024;

/**
 * Text that may wait for a relay when more comes, in UTF-16 units. A relay with more does not answer:
 * it is reset, and its listeners reconnect.
 */
const MAX_WAITING_TEXT = 16 * 1024 * 1024;

export interface ChannelPorts {
  timer: Timer;
  /** Calls the relay. `settle` is called once; with undefined if the call failed. */
  order(relay: number, call: OrderCall, settle: (answer: OrderAnswer | undefined) => void): void;
  runInRoom: RunInRoom;
}

/** Does something in a turn of the room, which flushes after it. */
export type RunInRoom = (work: (room: Pick<Room, 'depart'>) => void) => void;

/** What one flush has for a relay. */
interface Flush {
  orders: readonly RelayOrder[];
  text: number;
  position: string;
  onlineCount: number;
}

/** The room's end towards one relay: the relay's connections, and the orders on their way to it. */
export class RelayChannel implements ConnectionGroup {
  readonly number: number;
  readonly #room: number;
  readonly #ports: ChannelPorts;
  readonly #connections = new Map<string, RelayedConnection>();
  readonly #end = {
    order: (order: RelayOrder) => this.#order(order),
    hasSpaceFor: (order: RelayOrder) => this.#text + textOf([order]) <= MAX_FLUSH_TEXT,
    closed: (id: string) => void this.#connections.delete(id),
  };
  /** Orders of the next flush. */
  #orders: RelayOrder[] = [];
  #text = 0;
  #tails = new Tails();
  #waiting: Flush[] = [];
  #waitingText = 0;
  #underWay: OrderCall | undefined;
  #n = 0;
  #failures = 0;
  #resets = false;
  #life: number | undefined;
  /** The last call of the relay, to recognise it when it is repeated. */
  #lastRequest: { memory: string; n: number; answer: RequestAnswer } | undefined;

  constructor(number: number, room: number, ports: ChannelPorts) {
    this.number = number;
    this.#room = room;
    this.#ports = ports;
  }

  /** Adds the connections that the relay had when the room woke. */
  adopt({ life, states }: Attached): void {
    this.#life = life;
    for (const state of states) this.#add(state);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Text that waits for the relay, in UTF-16 units. */
  get waitingText(): number {
    return this.#waitingText;
  }

  /** Whether the room must not forget the relay yet. */
  get isInUse(): boolean {
    const hasOrders = this.#orders.length + this.#waiting.length > 0;
    return this.#connections.size > 0 || hasOrders || this.#underWay !== undefined || this.#resets;
  }

  connections(): Iterable<RelayedConnection> {
    return this.#connections.values();
  }

  find(id: string): RelayedConnection | undefined {
    return this.#connections.get(id);
  }

  /** @returns undefined for a connection that is there already: the relay's call was repeated */
  add(state: ConnectionState): RelayedConnection | undefined {
    return this.#connections.has(state.id) ? undefined : this.#add(state);
  }

  /** A connection is gone, or was refused. */
  remove(connection: RelayedConnection): void {
    connection.open = false;
    this.#connections.delete(connection.state.id);
  }

  share(frame: Frame, except: ReadonlyMap<string, unknown>): boolean {
    if (this.#connections.size === 0) return false;
    const excluded = [...except.keys()].filter((id) => this.#connections.has(id));
    this.#order({ type: 'share', frame: sentFrame(frame), except: excluded });
    return true;
  }

  /** Sends the relay's listeners the changes that they have missed, before any other order. */
  shareMissed(lines: readonly string[], position: string): void {
    const frame = { lines, position, ephemeral: false };
    this.#order({ type: 'share', frame, except: [], isMissed: true });
  }

  /** The orders of a flush are complete. @returns whether there were any */
  flushed(position: string, onlineCount: number): boolean {
    const hasOrders = this.#orders.length > 0;
    if (hasOrders && this.#waitingText > MAX_WAITING_TEXT) this.reset();
    else if (hasOrders) {
      const { orders, text } = this.#take();
      this.#waiting.push({ orders, text, position, onlineCount });
      this.#waitingText += text;
    }
    this.#start();
    return hasOrders;
  }

  /**
   * Gives up what the room knows of the relay: its connections leave, and the next call that reaches
   * the relay has it close its sockets.
   */
  reset(): void {
    this.#waiting = [];
    this.#waitingText = 0;
    this.#take();
    this.#resets = true;
    this.#loseConnections();
    this.#start();
  }

  /**
   * Takes a call of the relay, in a turn of the room.
   * @param perform does its requests
   */
  requested(room: Room, call: RequestCall, perform: () => RequestAnswer): RequestAnswer {
    const { life, memory, n } = call;
    // This call was on its way when the relay lost its sockets.
    if (this.#life !== undefined && life < this.#life) return { refused: [] };
    this.#reached(life, (work) => work(room));
    const last = this.#lastRequest;
    if (last?.memory === memory && n <= last.n) return last.answer;
    const answer = perform();
    this.#lastRequest = { memory, n, answer };
    return answer;
  }

  #order(order: RelayOrder): void {
    const orders = this.#tails.cut(order);
    this.#orders.push(...orders);
    this.#text += textOf(orders);
  }

  /** Takes the orders since the last flush. */
  #take(): Pick<Flush, 'orders' | 'text'> {
    const taken = { orders: this.#orders, text: this.#text };
    this.#orders = [];
    this.#text = 0;
    this.#tails = new Tails();
    return taken;
  }

  #add(state: ConnectionState): RelayedConnection {
    const connection = new RelayedConnection(state, this.#end);
    this.#connections.set(state.id, connection);
    return connection;
  }

  /** Notes the relay's life. If it is another one, the sockets that the room knows are lost. */
  #reached(life: number, turn = this.#ports.runInRoom): void {
    if (this.#life === life) return;
    if (this.#life !== undefined) this.#loseConnections(turn);
    this.#life = life;
  }

  #loseConnections(turn = this.#ports.runInRoom): void {
    const lost = [...this.#connections.values()];
    this.#connections.clear();
    for (const connection of lost) connection.open = false;
    if (lost.length === 0) return;
    turn((room) => {
      for (const connection of lost) room.depart(connection, 'disconnected');
    });
  }

  #start(): void {
    if (this.#underWay !== undefined) return;
    const call = this.#next();
    if (call === undefined) return;
    this.#underWay = call;
    this.#send(call);
  }

  #next(): OrderCall | undefined {
    const flushes = this.#takeFlushes();
    const last = flushes.at(-1);
    if (last === undefined && !this.#resets) return undefined;
    const resets = this.#resets;
    this.#resets = false;
    return {
      room: this.#room,
      n: ++this.#n,
      orders: flushes.flatMap(({ orders }) => orders),
      position: last?.position ?? '',
      onlineCount: last?.onlineCount ?? 0,
      ...(resets && { resets }),
    };
  }

  #takeFlushes(): Flush[] {
    let text = 0;
    let count = 0;
    for (const flush of this.#waiting) {
      if (count > 0 && text + flush.text > CALL_TEXT) break;
      text += flush.text;
      count++;
    }
    this.#waitingText -= text;
    return this.#waiting.splice(0, count);
  }

  #send(call: OrderCall): void {
    const life = this.#life;
    this.#ports.order(this.number, call, (answer) => {
      if (this.#underWay !== call) return;
      if (answer === undefined) this.#failed(call);
      else this.#answered(answer, life);
    });
  }

  /** @param before the life known at the call; if a request has changed it since, the answer is outdated */
  #answered(answer: OrderAnswer, before: number | undefined): void {
    this.#failures = 0;
    this.#underWay = undefined;
    if (this.#life === before) this.#reached(answer.life);
    this.#start();
  }

  #failed(call: OrderCall): void {
    this.#failures++;
    if (this.#failures === GONE_FAILURES) this.reset();
    this.#ports.timer.after(retryMs(this.#failures), () => {
      if (this.#underWay !== call) return;
      if (this.#resets) {
        this.#underWay = undefined;
        this.#start();
      } else this.#send(call);
    });
  }
}
