import type { Message } from '../../src/protocol/objects.ts';
import { NO_RATE_LIMITS, readAll } from './crash-load.ts';
import { DecidingBackend } from './deciding-backend.ts';
import type { TestSettings } from './edge-options.ts';
import type { Killable } from './killable.ts';
import { NativeVisitor } from './native-visitor.ts';
import { seeded } from './seeded.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import { tokenFor } from './tokens.ts';
import { ok, refusal, type Visitor } from './visitor.ts';

export interface VerdictRun {
  kills: number;
  /** The number of answered messages between two kills. */
  answers: number;
  seed: number;
}

export interface VerdictReport {
  kills: number;
  stored: number;
  refused: number;
  /** Messages without an answer at a kill; `duplicates` counts those of them that were stored. */
  unanswered: number;
  duplicates: number;
}

const ROOM = 'decided';

/** Concurrent messages of a talker. */
const IN_FLIGHT = 4;

/** The longest that the backend takes to decide, in milliseconds. */
const MAX_DELAY_MS = 20;

/** First words of texts, which determine the verdict: half are stored unchanged. */
const BEGINS = ['allow', 'allow', 'allow', 'replace', 'refuse', 'fail'] as const;

/** The text that the room must store, or undefined if it must not be stored. */
function decided(text: string): string | undefined {
  if (/^(refuse|fail):/.test(text)) return undefined;
  return text.replace('replace', 'kind');
}

/**
 * Kills a host repeatedly while a backend decides about texts. Users send unanswered messages again with
 * the same ids.
 * @throws Error if an acknowledged message is not stored as decided, or if a message is stored against
 * its verdict or twice
 */
export async function verdictRun(
  makeHost: (settings: TestSettings) => Promise<Killable>,
  { kills, answers, seed }: VerdictRun,
): Promise<VerdictReport> {
  const random = seeded(seed);
  const backend = await new DecidingBackend().listen();
  backend.delayMs = () => random() * MAX_DELAY_MS;
  const settings = { BEFORE_MESSAGE_ON_FAILURE: 'refuse', BEFORE_MESSAGE_TIMEOUT_MS: '10000' };
  const host = await makeHost({ ...NO_RATE_LIMITS, ...backend.settings, ...settings });
  const transports = [NativeVisitor, SocketIoVisitor, NativeVisitor];
  const talkers = transports.map((transport, at) => new Talker(`talker-${at}`, transport, random));
  try {
    let unanswered = 0;
    for (let life = 0; life < kills; life++) {
      unanswered += await liveAndDie(host, talkers, answers);
    }
    const url = await host.start();
    for (const talker of talkers) await talker.finish(url);
    const stored = await readAll(url, ROOM);
    check(talkers, stored);
    const sum = (read: (talker: Talker) => number) =>
      talkers.reduce((total, talker) => total + read(talker), 0);
    const refused = sum((talker) => talker.refused.size);
    const duplicates = sum((talker) => talker.duplicates);
    return { kills, stored: stored.length, refused, unanswered, duplicates };
  } finally {
    await host.remove();
    backend.close();
  }
}

/** Starts the host, lets users talk, and kills it. @returns how many messages had no answer then */
async function liveAndDie(
  host: Killable,
  talkers: readonly Talker[],
  answers: number,
): Promise<number> {
  const url = await host.start();
  let isDoomed = false;
  let left = answers;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const answered = () => {
    left--;
    if (left <= 0) resolve();
  };
  const talking = talkers.map((talker) =>
    talker.talk(url, answered).catch((error: unknown) => {
      // Only a host that is being killed may fail to answer.
      if (!isDoomed) reject(error);
    }),
  );
  await promise;
  isDoomed = true;
  const unanswered = talkers.reduce((sum, talker) => sum + talker.unanswered, 0);
  await host.kill();
  await Promise.all(talking);
  return unanswered;
}

/** A user who sends texts of every kind, and sends unanswered ones again. */
class Talker {
  readonly userId: string;
  /** Acknowledged texts, by message id. */
  readonly acknowledged = new Map<string, string>();
  /** Ids of refused messages. */
  readonly refused = new Set<string>();
  duplicates = 0;
  /** Descriptions of answers that do not fit the verdict. */
  readonly faults: string[] = [];
  readonly #transport: new (url: string, who: { token: string }) => Visitor;
  readonly #random: () => number;
  /** Unanswered texts, by message id. */
  readonly #open = new Map<string, string>();
  #next = 0;

  constructor(
    userId: string,
    transport: new (url: string, who: { token: string }) => Visitor,
    random: () => number,
  ) {
    this.userId = userId;
    this.#transport = transport;
    this.#random = random;
  }

  get unanswered(): number {
    return this.#open.size;
  }

  /** Talks until the connection is lost. */
  async talk(url: string, answered: () => void): Promise<never> {
    const visitor = await this.#enter(url);
    await this.#sendAgain(visitor);
    for (;;) {
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#sendNext(visitor, answered)));
    }
  }

  /** Sends the unanswered messages to a host that is not killed any more. */
  async finish(url: string): Promise<void> {
    const visitor = await this.#enter(url);
    await this.#sendAgain(visitor);
    await visitor.close();
  }

  async #enter(url: string): Promise<Visitor> {
    const visitor = new this.#transport(url, { token: await tokenFor(this.userId) });
    ok(await visitor.join(ROOM));
    return visitor;
  }

  async #sendAgain(visitor: Visitor): Promise<void> {
    await Promise.all([...this.#open].map(([id, text]) => this.#send(visitor, id, text)));
  }

  async #sendNext(visitor: Visitor, answered: () => void): Promise<void> {
    const id = `${this.userId}-${this.#next++}`;
    const begin = BEGINS[Math.floor(this.#random() * BEGINS.length)]!;
    const text = `${begin}: שלום ${id}`;
    this.#open.set(id, text);
    await this.#send(visitor, id, text);
    answered();
  }

  async #send(visitor: Visitor, id: string, text: string): Promise<void> {
    const answer = await visitor.command('message', { roomId: ROOM, message: text, id });
    this.#open.delete(id);
    if (!answer.ok) {
      const { code } = refusal(answer);
      // `unavailable` comes for texts that make the backend fail, and for all texts after five failures.
      const isFine = code === 'unavailable' || (code === 'refused' && decided(text) === undefined);
      if (!isFine) this.faults.push(`"${text}" was refused: ${code}.`);
      this.refused.add(id);
      return;
    }
    if (answer.duplicate === true) this.duplicates++;
    const { message } = answer.message;
    if (message !== decided(text)) this.faults.push(`"${text}" was acknowledged as "${message}".`);
    this.acknowledged.set(id, message);
  }
}

function check(talkers: readonly Talker[], stored: readonly Message[]): void {
  const texts = new Map(stored.map(({ id, message }) => [id ?? '', message]));
  const faults = talkers.flatMap((talker) => talker.faults);
  if (texts.size < stored.length) faults.push('A message was stored twice.');
  for (const { id, message } of stored) {
    if (decided(message) !== message) faults.push(`${id} was stored as "${message}".`);
  }
  for (const { acknowledged, refused } of talkers) {
    for (const [id, text] of acknowledged) {
      if (texts.get(id) !== text)
        faults.push(`${id}, acknowledged as "${text}", is "${texts.get(id)}".`);
    }
    for (const id of refused) if (texts.has(id)) faults.push(`${id} was refused and is stored.`);
  }
  const count = talkers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  if (count !== stored.length) faults.push(`${stored.length} are stored, ${count} acknowledged.`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
