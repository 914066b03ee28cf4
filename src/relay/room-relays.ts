import { internalProblem, type Problem, Refusal } from '../protocol/codes/errors.ts';
import type { Clock, Log, Timer } from '../room/ports.ts';
import type { Room } from '../room/room.ts';
import type {
  Attached,
  OrderAnswer,
  OrderCall,
  RelayRequest,
  RequestAnswer,
  RequestCall,
} from './exchange.ts';
import { RelayChannel } from './relay-channel.ts';
import type { RelayedConnection } from './relayed-connection.ts';
import { Tails, textOf } from './tails.ts';

/**
 * Time from the last order to a wakeup of the room, in milliseconds: a room that has crashed then asks
 * its relays for their positions.
 */
const WAKE_AFTER_MS = 60_000;

/**
 * Text that waits for a relay, in UTF-16 units, above which its further joins are put off to a later
 * call: a call is limited to 32 MiB.
 */
const MAX_JOINS_TEXT = 8 * 1024 * 1024;

/** The same for its other requests; their replies repeat in each frame what all connections get. */
const MAX_REPLIES_TEXT = 4 * 1024 * 1024;

/** A connection that this many relays have refused gets a new relay: the others may be full soon, too. */
const MAX_REFUSED = 2;

export interface RoomRelaysPorts {
  clock: Clock;
  log: Log;
  timer: Timer;
  /** Calls a relay. `settle` is called once; with undefined if the call failed. */
  order(relay: number, call: OrderCall, settle: (answer: OrderAnswer | undefined) => void): void;
  /** Does something in a turn of the room, which flushes after it. */
  runInRoom(work: (room: Room) => void): void;
  /** Stores which relays have listeners, together with the turn's writes. */
  save(numbers: readonly number[]): void;
}

/** The relays of one room, as the room sees them: groups of its connections. */
export class RoomRelays {
  readonly #life: number;
  readonly #ports: RoomRelaysPorts;
  readonly #channels = new Map<number, RelayChannel>();
  /** The channels, for the room's roster. */
  readonly groups: RelayChannel[] = [];
  /** What relays answered when the room woke, undefined for none; kept until the Room is made. */
  #attached = new Map<number, Attached | undefined>();
  /** The numbers that storage holds. */
  #saved = '';

  /** @param life which life of the room's memory; it grows */
  constructor(life: number, ports: RoomRelaysPorts) {
    this.#life = life;
    this.#ports = ports;
  }

  /** Takes over a relay that had listeners. @param answer undefined if it did not answer: it is reset */
  attach(number: number, answer: Attached | undefined): void {
    const channel = this.#channelOf(number);
    this.#attached.set(number, answer);
    this.#saved = [...this.#attached.keys()].join();
    if (answer === undefined) channel.reset();
    else channel.adopt(answer);
  }

  /** Called when the Room is made: relays get what they missed when the room crashed. */
  opened(room: Room): void {
    const { relaying } = room;
    const attached = [...this.#attached];
    this.#attached = new Map();
    for (const [number, answer] of attached) {
      if (answer === undefined || answer.states.length === 0) continue;
      const { position } = answer;
      const missed = position === undefined ? undefined : relaying.missedSince(position);
      const channel = this.#channelOf(number);
      if (missed === undefined) channel.reset();
      else if (missed.lines.length > 0) channel.shareMissed(missed.lines, missed.position);
    }
    // Also for relays without listeners: those that left while the room slept were announced to nobody.
    const { onlineCount } = relaying;
    if (attached.some(([, before]) => before?.onlineCount !== onlineCount))
      relaying.announcePresence();
  }

  /**
   * The relay for the next connection, how many relays there are, and which of them are full.
   * @param mostListeners how many connections one relay takes
   * @param refused relays that have refused it: only they know of their sockets that wait for the room
   */
  place(
    mostListeners: number,
    refused: readonly number[] = [],
  ): { relay: number; of: number; full: readonly number[] } {
    const counts = [...this.#channels.values()].filter(({ isInUse }) => isInUse);
    const of = Math.max(1, ...counts.map(({ number }) => number));
    const sizes = Array.from({ length: of }, (_, at) =>
      refused.includes(at + 1) ? mostListeners : (this.#channels.get(at + 1)?.size ?? 0),
    );
    const full = sizes.flatMap((size, at) => (size < mostListeners ? [] : [at + 1]));
    const least = sizes.indexOf(Math.min(...sizes));
    const hasPlace = sizes[least]! < mostListeners && refused.length < MAX_REFUSED;
    if (hasPlace) return { relay: least + 1, of, full };
    let relay = of + 1;
    while (refused.includes(relay)) relay++;
    return { relay, of: relay, full };
  }

  /** Takes a call of a relay, in a turn of the room. */
  request(room: Room, call: RequestCall): RequestAnswer {
    const channel = this.#channelOf(call.relay);
    return channel.requested(room, call, () => this.#performAll(room, channel, call));
  }

  /** Called after a flush of the room: calls the relays with its orders. */
  flushed(room: Room): void {
    if (this.#channels.size === 0) return;
    const { relaying } = room;
    const { position, onlineCount } = relaying;
    let hasOrders = false;
    for (const channel of this.#channels.values())
      hasOrders = channel.flushed(position, onlineCount) || hasOrders;
    if (hasOrders) relaying.wakeBy(this.#ports.clock.now() + WAKE_AFTER_MS);
    this.#save();
  }

  /** Called when storage was emptied: stores again which relays have listeners. */
  erased(): void {
    this.#saved = '';
    this.#save();
  }

  /** Closes every connection with 4000. */
  closeAll(): void {
    for (const channel of this.#channels.values()) if (channel.size > 0) channel.reset();
  }

  #save(): void {
    const used = [...this.#channels.values()].filter(({ isInUse }) => isInUse);
    const numbers = used.map(({ number }) => number);
    if (this.#saved === numbers.join()) return;
    this.#saved = numbers.join();
    this.#ports.save(numbers);
  }

  #channelOf(number: number): RelayChannel {
    const known = this.#channels.get(number);
    if (known !== undefined) return known;
    const channel = new RelayChannel(number, this.#life, this.#ports);
    this.#channels.set(number, channel);
    this.groups.push(channel);
    return channel;
  }

  /** Executes the requests of a call, in order, as long as the relay can take the replies. */
  #performAll(room: Room, channel: RelayChannel, { requests, places }: RequestCall): RequestAnswer {
    const refused: { id: string; problem: Problem }[] = [];
    const later: string[] = [];
    const replies = new Replies(room, channel);
    let undoneFrom: number | undefined;
    for (const [at, request] of requests.entries()) {
      const mustWait = replies.mustWait(request);
      if (!mustWait || (request.type !== 'connect' && places === undefined)) {
        refused.push(...(this.#perform(room, channel, request) ?? []));
        replies.add(request);
      } else if (request.type === 'connect') later.push(request.state.id);
      else {
        undoneFrom = places?.[at];
        break;
      }
    }
    return {
      refused,
      ...(later.length > 0 && { later }),
      ...(undoneFrom !== undefined && { undoneFrom }),
    };
  }

  /** Executes one request. An error is logged, so that it does not affect the other requests. */
  #perform(
    room: Room,
    channel: RelayChannel,
    request: RelayRequest,
  ): { id: string; problem: Problem }[] | undefined {
    try {
      if (request.type === 'connect') return connect(room, channel, request, this.#ports.log);
      const connection = channel.find(request.id);
      if (connection !== undefined) perform(room, channel, connection, request);
    } catch (error) {
      if (!(error instanceof Refusal)) this.#ports.log.failure('relay', error);
    }
    return undefined;
  }
}

/** How much text waits for a relay, with the replies to the requests of its call. */
class Replies {
  readonly #relaying: Room['relaying'];
  readonly #tails = new Tails();
  readonly #waitingText: number;
  #text: number;
  /** Whether a request that is no join was executed. */
  #hasExecuted = false;
  /** The room's `repliedText` when the last reply was added. */
  #replied: number;

  constructor({ relaying }: Room, { waitingText }: RelayChannel) {
    this.#relaying = relaying;
    this.#waitingText = waitingText;
    this.#text = waitingText;
    this.#replied = relaying.repliedText;
  }

  /**
   * Whether a request must wait for a later call. The first one that is no join waits only for text that
   * was there before the call, so that no relay waits for ever because of what others are sent.
   */
  mustWait(request: RelayRequest): boolean {
    if (request.type === 'connect') return this.#text > MAX_JOINS_TEXT;
    if (!this.#hasExecuted) return this.#waitingText > MAX_REPLIES_TEXT;
    const length = 'command' in request ? JSON.stringify(request.command).length : 0;
    return this.#text + this.#relaying.repeatedText(length) > MAX_REPLIES_TEXT;
  }

  /** Adds the reply to a request that was executed. */
  add({ type }: RelayRequest): void {
    const { repliedText, lastReply } = this.#relaying;
    const length = repliedText - this.#replied;
    this.#replied = repliedText;
    if (type !== 'connect') this.#hasExecuted = true;
    this.#text += type === 'connect' && length > 0 ? this.#lengthOfJoin(lastReply) : length;
  }

  #lengthOfJoin(line: string): number {
    const frame = { lines: [line], ephemeral: false };
    return textOf(this.#tails.cut({ type: 'send', id: '', frame }));
  }
}

function connect(
  room: Room,
  channel: RelayChannel,
  { state, join }: Extract<RelayRequest, { type: 'connect' }>,
  log: Log,
): { id: string; problem: Problem }[] | undefined {
  const connection = channel.add(state);
  if (connection === undefined) return undefined;
  try {
    room.connect(connection, join);
    return undefined;
  } catch (error) {
    channel.remove(connection);
    if (error instanceof Refusal) return [{ id: state.id, problem: error.problem }];
    log.failure('connect', error);
    return [{ id: state.id, problem: internalProblem }];
  }
}

function perform(
  room: Room,
  channel: RelayChannel,
  connection: RelayedConnection,
  request: Exclude<RelayRequest, { type: 'connect' }>,
): void {
  switch (request.type) {
    case 'command':
      room.handle(connection, request.command);
      break;
    case 'malformedFrame':
      room.malformedFrame(connection, request.problem);
      break;
    case 'end':
      room.end(connection, request.code, request.reason);
      break;
    case 'refresh':
      room.refresh(connection, request.command, request.verdict);
      break;
    case 'answer':
      room.answer(connection, request.command, request.made);
      break;
    case 'renew':
      room.renew(connection, request.identity);
      break;
    case 'depart':
      channel.remove(connection);
      room.depart(connection, request.reason);
      break;
    case 'lags':
      room.lags(connection);
      break;
    default:
      request satisfies never;
  }
}
