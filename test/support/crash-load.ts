import type { Message } from '../../src/protocol/objects.ts';
import { audit, type Client, type Entry, type Noted } from './auditor.ts';
import type { Killable } from './killable.ts';
import { NativeVisitor } from './native-visitor.ts';
import { seeded } from './seeded.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import { tokenFor } from './tokens.ts';
import { ok, type Visitor } from './visitor.ts';

/** A load under which a host is killed. */
export interface CrashLoad {
  /** Determines how many messages are sent before each kill. */
  seed: number;
  /** The number of kills. */
  kills: number;
  /** Whether to make another kill; by default until `kills` is reached. */
  goOn?: () => boolean;
  log?: (line: string) => void;
}

export interface CrashReport {
  kills: number;
  /** Messages in the room at the end. */
  stored: number;
  /** How many of those were stored without an answer, so that they were sent again. */
  resent: number;
}

/** Settings under which no command is rate limited. */
export const NO_RATE_LIMITS = { COMMANDS_PER_SECOND: '100000', COMMAND_BURST: '1000000' } as const;

/** A host that does not answer within this time, in milliseconds, counts as stuck. */
const PATIENCE_MS = 30_000;

/** Concurrent messages of a talker. */
const IN_FLIGHT = 8;
const ROOM = 'under load';

/**
 * Lets users talk as fast as they can and kills the host repeatedly. All reconnect and send their
 * unanswered messages again with the same ids.
 * @throws Error that lists the broken guarantees
 */
export async function crashUnderLoad(host: Killable, load: CrashLoad): Promise<CrashReport> {
  const random = seeded(load.seed);
  const transports = [NativeVisitor, SocketIoVisitor, NativeVisitor, SocketIoVisitor];
  const talkers = transports.map((transport, at) => new Talker(`talker-${at}`, transport));
  const watcher = new Watcher();
  let kills = 0;
  while (kills < load.kills && (load.goOn?.() ?? true)) {
    const url = await host.start();
    const before = acknowledgedBy(talkers);
    const wanted = before + 20 + Math.floor(random() * 400);
    let doomed = false;
    const isEnough = () => {
      doomed ||= acknowledgedBy(talkers) >= wanted;
      return doomed;
    };
    await watcher.comeBack(url);
    const talking = talkers.map((talker) => talker.talk(url, () => doomed));
    await Promise.all(talkers.map((talker) => talker.until(isEnough)));
    await host.kill();
    await Promise.all([...talking, watcher.gone()]);
    kills++;
    load.log?.(`kill ${kills}: ${acknowledgedBy(talkers) - before} acknowledged before it`);
  }
  const url = await host.start();
  for (const talker of talkers) await talker.finish(url);
  const stored = await readAll(url);
  await watcher.comeBack(url);
  await watcher.catchUpTo(stored);
  check(talkers, stored, watcher);
  const resent = talkers.reduce((sum, { duplicates }) => sum + duplicates, 0);
  await host.kill();
  await watcher.gone();
  return { kills, stored: stored.length, resent };
}

function acknowledgedBy(talkers: readonly Talker[]): number {
  return talkers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
}

/** A user who sends messages without a pause, and sends unanswered ones again. */
class Talker {
  readonly userId: string;
  /** The `seq` of each acknowledged message, by its id. */
  readonly acknowledged = new Map<string, number>();
  /** The number of messages that were acknowledged as duplicates. */
  duplicates = 0;
  readonly #transport: new (url: string, who: { token: string }) => Visitor;
  #unanswered: string[] = [];
  #next = 0;
  #watchers: (() => void)[] = [];

  constructor(userId: string, transport: new (url: string, who: { token: string }) => Visitor) {
    this.userId = userId;
    this.#transport = transport;
  }

  /** Talks until the connection is lost. */
  async talk(url: string, isDoomed: () => boolean): Promise<void> {
    const visitor = new this.#transport(url, { token: await tokenFor(this.userId) });
    try {
      ok(await visitor.join(ROOM));
      await Promise.all(this.#unanswered.map((id) => this.#say(visitor, id)));
      for (;;) await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#sayNext(visitor)));
    } catch (error) {
      // Only a host that is being killed may fail to answer.
      if (!isDoomed()) throw error;
    }
  }

  /** Sends the unanswered messages to a host that is not killed any more. */
  async finish(url: string): Promise<void> {
    const visitor = new this.#transport(url, { token: await tokenFor(this.userId) });
    ok(await visitor.join(ROOM));
    await Promise.all(this.#unanswered.map((id) => this.#say(visitor, id)));
    await visitor.close();
  }

  /** All sent messages and their answers, for the auditor. */
  get record(): Client {
    const { userId } = this;
    const invoked = Array.from({ length: this.#next }, (_, at) => {
      const id = `${userId}-${at}`;
      return { id, text: `text of ${id}` };
    });
    const entries = Array.from(this.acknowledged, ([id, seq]): Entry => {
      const message = { seq, id, senderId: userId, text: `text of ${id}` };
      return { kind: 'ok', message, isNew: false };
    });
    // Received events are not audited here; the watcher's are.
    return { name: userId, userId, invoked, connections: [{ since: Infinity, entries }] };
  }

  /**
   * Waits until `holds` is true; checks it after every answer to this talker.
   * @throws Error if there is no answer for PATIENCE_MS
   */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        const unanswered = this.#unanswered.join(', ');
        reject(new Error(`${this.userId} waits in vain for an answer to: ${unanswered}`));
      };
      let timer: ReturnType<typeof setTimeout> | undefined;
      const look = () => {
        clearTimeout(timer);
        if (holds()) {
          resolve();
        } else {
          this.#watchers.push(look);
          timer = setTimeout(giveUp, PATIENCE_MS);
        }
      };
      look();
    });
  }

  #sayNext(visitor: Visitor): Promise<void> {
    const id = `${this.userId}-${this.#next++}`;
    this.#unanswered.push(id);
    return this.#say(visitor, id);
  }

  async #say(visitor: Visitor, id: string): Promise<void> {
    const answer = await visitor.command('message', { roomId: ROOM, message: `text of ${id}`, id });
    const { message, duplicate } = ok(answer);
    if (duplicate === true) this.duplicates++;
    this.#unanswered = this.#unanswered.filter((one) => one !== id);
    this.acknowledged.set(id, message.seq);
    for (const look of this.#watchers.splice(0)) look();
  }
}

/** A user who only listens, and resumes from their position after each kill. */
class Watcher {
  readonly seen = new Map<number, Message>();
  #visitor: Visitor | undefined;
  #position = '0:0';

  async comeBack(url: string): Promise<void> {
    const visitor = new NativeVisitor(url, { token: await tokenFor('watcher') });
    const joined = ok(await visitor.join(ROOM, { since: this.#position }));
    if (joined.reset === true) throw new Error(`${this.#position} was reset after a crash.`);
    this.#add(joined.missed ?? []);
    let { complete = true, position } = joined;
    while (!complete) {
      const page = ok(await visitor.command('getMissed', { roomId: ROOM, after: position }));
      this.#add(page.messages);
      ({ complete, position } = page);
    }
    this.#visitor = visitor;
  }

  /** Waits until its connection is lost, and takes the messages received until then. */
  async gone(): Promise<void> {
    const visitor = this.#visitor!;
    await visitor.ended();
    this.#add(visitor.heard('message'));
    this.#position = visitor.position(ROOM);
  }

  async catchUpTo(stored: readonly Message[]): Promise<void> {
    const visitor = this.#visitor!;
    await visitor.until('all that is stored', () => {
      this.#add(visitor.heard('message'));
      return this.seen.size >= stored.length;
    });
  }

  #add(messages: readonly Message[]): void {
    for (const message of messages) this.seen.set(message.seq, message);
  }
}

/** All messages of a room, in order of `rev`. */
export async function readAll(url: string, roomId = ROOM): Promise<Message[]> {
  const visitor = new NativeVisitor(url, { token: await tokenFor('reader') });
  ok(await visitor.join(roomId));
  const all: Message[] = [];
  let page;
  do {
    const after: string = page?.position ?? '0:0';
    page = ok(await visitor.command('getMissed', { roomId, after }));
    all.push(...page.messages);
  } while (!page.complete);
  await visitor.close();
  return all;
}

function check(talkers: readonly Talker[], stored: readonly Message[], { seen }: Watcher): void {
  const noted = ({ seq, id, senderId, message }: Message): Noted => ({
    seq,
    id,
    senderId,
    text: message,
  });
  const messages = [...seen.values()].toSorted((a, b) => a.seq - b.seq).map(noted);
  const page: Entry = { kind: 'page', seq: messages.length, complete: true, messages };
  const listener: Client = {
    name: 'the listener',
    userId: 'watcher',
    invoked: [],
    connections: [{ since: 0, entries: [page] }],
  };
  const problems = audit([...talkers.map((talker) => talker.record), listener], stored.map(noted));
  if (problems.length > 0) throw new Error(problems.join('\n'));
}
