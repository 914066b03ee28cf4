import assert from 'node:assert/strict';
import type { Reply } from '../../../src/protocol/commands.ts';
import type { Identity } from '../../../src/protocol/identity.ts';
import type { Message } from '../../../src/protocol/objects.ts';
import { parsePosition } from '../../../src/protocol/position.ts';
import type { FakeSocket, Plug } from '../../unit/room/room-harness.ts';

/** Messages that all devices must agree on. */
export interface Ledger {
  /** Every acknowledged message, by its sender and client id. */
  acknowledged: Map<string, Message>;
  /** Every message that a device received, by `seq`. */
  shown: Map<number, Message>;
}

type Failed = { ok: false; error: { code: string } };
type Answer<R> = ({ ok: true } & R) | Failed;

interface Asked {
  name: string;
  /** The position from which it asked to continue. */
  after: string | undefined;
}

interface Unsent {
  id: string;
  message: string;
}

/** The `rev` of a position. */
function revOf(position: string): number {
  const parsed = parsePosition(position);
  assert(parsed !== undefined, `no position: ${position}`);
  return parsed.rev;
}

/**
 * A client that keeps a copy of the room over all its connections, by the rules of docs/protocol.md,
 * and checks everything that it receives.
 */
export class Device implements FakeSocket {
  buffered = 0;
  plug: Plug | undefined;
  readonly identity: Identity;
  /** The copy of the room, by `seq`. */
  readonly copy = new Map<number, Message>();
  /** The position to resume from. */
  resume = '0:0';
  /** Whether the copy is whole up to `resume`. */
  isWhole = false;
  joined = false;
  /** The users online according to events; undefined once an event may have been dropped. */
  online: Set<string> | undefined;
  /** Ids of all messages sent without a ref, so without a reply: they may be missing from the copy. */
  readonly unheard = new Set<string>();
  /** Messages that were sent and are not acknowledged yet, by client id. */
  readonly unacknowledged = new Map<string, Unsent>();
  readonly #ledger: Ledger;
  readonly #asked = new Map<number, Asked>();
  /** The position from which the current connection resumed. */
  #since: string | undefined;
  #nextRef = 0;
  /** The `rev` up to which this connection has received every change; undefined while unknown. */
  #heardTo: number | undefined;
  /** Ids of messages sent without a ref on this connection, which does not receive them. */
  readonly #silent = new Set<string>();
  /** Revs that this connection did not receive, to be checked against the room. */
  readonly gaps: { rev: number; ids: ReadonlySet<string> }[] = [];

  constructor(identity: Identity, ledger: Ledger) {
    this.identity = identity;
    this.#ledger = ledger;
  }

  /** Resets the state of the connection, because a new one begins. */
  opening(since: string | undefined): void {
    this.#since = since;
    this.buffered = 0;
    this.joined = false;
    this.online = undefined;
    this.#asked.clear();
    this.#silent.clear();
    this.#heardTo = undefined;
  }

  /** The ref for a command to send now. */
  asks(name: string, after: string | undefined): number {
    const ref = this.#nextRef++;
    this.#asked.set(ref, { name, after });
    return ref;
  }

  sendsSilently(id: string): void {
    this.#silent.add(id);
    this.unheard.add(id);
  }

  /** Leaves bytes unread; ephemeral events may be dropped from here on. */
  stalls(bytes: number): void {
    this.buffered = bytes;
    this.online = undefined;
  }

  closed(): void {
    this.plug = undefined;
    this.joined = false;
  }

  hear(text: string): void {
    assert(this.plug !== undefined, 'received something after the end');
    const lines = text.split('\n').map((line) => JSON.parse(line) as [string, unknown, unknown]);
    let durable: number | undefined;
    for (const [at, [name, first, second]] of lines.entries()) {
      const rev = this.#take(name, first, second);
      if (rev !== undefined) durable = rev;
      if (name !== 'position') continue;
      assert.equal(at, lines.length - 1, 'the position is the last line');
      assert.equal(
        revOf(first as string),
        durable,
        'the position is that of the last change received',
      );
      if (this.isWhole) this.resume = first as string;
    }
    if (durable !== undefined)
      assert.equal(lines.at(-1)?.[0], 'position', 'a change has a position');
  }

  /** Takes one line. @returns the `rev` of its change, if it has one */
  #take(name: string, first: unknown, second: unknown): number | undefined {
    switch (name) {
      case 'joined':
        this.#joins(first as Answer<Reply<'joinRoom'>>, this.#since);
        return undefined;
      case 'ack':
        return this.#answered(first as number, second);
      case 'error':
      case 'position':
        return undefined;
      case 'message':
        assert(this.joined, 'a message reached a connection that has not joined');
        return this.#change(first as Message);
      default:
        assert(this.joined, `${name} reached a connection that has not joined`);
        this.#presence(name, first as { userId: string });
        return undefined;
    }
  }

  #answered(ref: number, result: unknown): number | undefined {
    const asked = this.#asked.get(ref);
    assert(asked !== undefined, `an answer to nothing: ${ref}`);
    this.#asked.delete(ref);
    const answer = result as Answer<Partial<Reply<'joinRoom' | 'getMissed' | 'message'>>>;
    if (!answer.ok) return undefined;
    switch (asked.name) {
      case 'joinRoom':
        this.#joins(answer as Answer<Reply<'joinRoom'>>, asked.after);
        break;
      case 'leaveRoom':
        this.joined = false;
        this.#heardTo = undefined;
        break;
      case 'getMissed':
        this.#catchesUp(answer as Reply<'getMissed'>, asked.after);
        break;
      case 'message': {
        const { message, duplicate } = answer as Reply<'message'>;
        this.acknowledged(message);
        if (duplicate === true) this.#keep(message);
        else return this.#change(message);
        break;
      }
      default:
    }
    return undefined;
  }

  /** Notes an acknowledged message of this user, which must stay the only one with its id. */
  acknowledged(message: Message): void {
    assert.equal(message.senderId, this.identity.userId);
    const key = `${message.senderId} ${message.id}`;
    const first = this.#ledger.acknowledged.get(key);
    if (first === undefined) this.#ledger.acknowledged.set(key, message);
    else assert.deepEqual(message, first, 'the same id was acknowledged as two messages');
    this.unacknowledged.delete(message.id);
  }

  #joins(answer: Answer<Reply<'joinRoom'>>, since: string | undefined): void {
    assert(answer.ok, 'a refused join is no join');
    const { position, missed, complete, reset, online, onlineCount } = answer;
    this.joined = true;
    if (this.buffered === 0) this.online = new Set(online.map(({ userId }) => userId));
    assert.equal(online.length, onlineCount);
    this.#heardTo = complete === false ? undefined : revOf(position);
    if (reset === true) this.#reset();
    else {
      assert.equal(missed === undefined, since === undefined);
      this.#misses(missed ?? [], since);
      // Without `since` the client knows only what happens from here on.
      if (missed === undefined || complete === undefined) {
        this.isWhole = false;
        return;
      }
      this.resume = position;
      this.isWhole = complete;
    }
  }

  #catchesUp(reply: Reply<'getMissed'>, after: string | undefined): void {
    const { messages, position, complete, reset } = reply;
    if (this.isWhole) return;
    if (reset === true) {
      this.#reset();
      return;
    }
    this.#misses(messages, after);
    if (revOf(position) < revOf(this.resume)) return;
    this.resume = position;
    this.isWhole = complete;
  }

  /** Takes missed messages: all changed since `since`, in order of `rev`. */
  #misses(messages: readonly Message[], since = '0:0'): void {
    let before = revOf(since);
    for (const message of messages) {
      assert(message.rev > before, `rev ${message.rev} was not missed after ${before}`);
      before = message.rev;
      this.#keep(message);
    }
  }

  #reset(): void {
    this.copy.clear();
    this.resume = '0:0';
    this.isWhole = false;
  }

  /** Takes a live or answered change, which must be later than the one before; notes gaps. */
  #change(message: Message): number {
    const { rev } = message;
    const before = this.#heardTo;
    if (before !== undefined) {
      assert(rev > before, `rev ${rev} after ${before}`);
      for (let gap = before + 1; gap < rev; gap++) {
        this.gaps.push({ rev: gap, ids: new Set(this.#silent) });
      }
    }
    if (this.joined) this.#heardTo = rev;
    this.#keep(message);
    return rev;
  }

  #keep(message: Message): void {
    const seen = this.#ledger.shown.get(message.seq);
    if (seen === undefined) this.#ledger.shown.set(message.seq, message);
    else assert.deepEqual(message, seen, 'two devices received different messages');
    const kept = this.copy.get(message.seq);
    if (kept === undefined || kept.rev <= message.rev) this.copy.set(message.seq, message);
  }

  #presence(name: string, { userId }: { userId: string }): void {
    const { online } = this;
    if (online === undefined) return;
    if (name === 'userJoined') {
      assert(!online.has(userId), `${userId} joined twice`);
      online.add(userId);
    } else if (name === 'userLeft') {
      assert(online.delete(userId), `${userId} left without being here`);
    } else if (name === 'typing') {
      assert(online.has(userId), `${userId} types without being here`);
    }
  }
}
