import type { CommandName, Payload, Reply } from '../protocol/commands.ts';
import type { Result } from '../protocol/frames.ts';
import type { InboxCommandName, InboxPayload, InboxReply } from '../protocol/inbox-commands.ts';
import type { Environment } from './environment.ts';
import { frameTooBig, isTemporary } from './refused.ts';

/** Undefined: the connection was lost before the reply, so it is unknown whether the command was done. */
export type Answered<R extends object> = (result: Result<R> | undefined) => void;

export type AnyCommand = CommandName | InboxCommandName | 'refreshToken';
export type PayloadOf<N extends AnyCommand> = N extends CommandName
  ? Omit<Payload<N>, 'roomId'>
  : N extends InboxCommandName
    ? InboxPayload<N>
    : { token: string };
export type ReplyOf<N extends AnyCommand> = N extends CommandName
  ? Reply<N>
  : N extends InboxCommandName
    ? InboxReply<N>
    : { expiresAt?: number };

/** A command that was sent, or will be sent again. */
export interface Asked {
  name: AnyCommand;
  payload: object;
  answered: Answered<object>;
  /** Called with the time at which it will be sent again, in epoch milliseconds. */
  delayed: ((retryAt: number) => void) | undefined;
}

/** `length`: of the line, in characters. */
type Sent = Asked & { length: number };

/** The unanswered commands of one connection: sends them, and matches replies to them by ref. */
export class PendingCommands {
  readonly #environment: Environment;
  readonly #againMs: number;
  readonly #send: (line: string) => void;
  /** By ref, oldest first. */
  readonly #sent = new Map<number, Sent>();
  /** Commands that were refused for now, and functions that cancel sending them again. */
  readonly #delayed = new Map<Sent, () => void>();
  #lastRef = 0;

  /** @param againMs the wait after a temporary refusal without `retryAfterMs`, in milliseconds */
  constructor(environment: Environment, againMs: number, send: (line: string) => void) {
    this.#environment = environment;
    this.#againMs = againMs;
    this.#send = send;
  }

  /** Whether a reply is expected. */
  get isWaiting(): boolean {
    return this.#sent.size > 0;
  }

  send(asked: Asked): void {
    const ref = ++this.#lastRef;
    const line = JSON.stringify([asked.name, asked.payload, ref]);
    this.#sent.set(ref, { ...asked, length: line.length });
    this.#send(line);
  }

  /** @param ref by default that of the oldest command */
  answer(result: Result, ref = this.#sent.keys().next().value ?? 0): void {
    const asked = this.#sent.get(ref);
    this.#sent.delete(ref);
    if (asked === undefined) return;
    if (result.ok || !isTemporary(result.error)) asked.answered(result);
    else this.#sendLater(asked, result.error.retryAfterMs ?? this.#againMs);
  }

  /**
   * The connection is lost: all commands stay unanswered.
   * @param isTooBig whether a frame was too big: the longest command is then refused
   */
  drop(isTooBig: boolean): void {
    for (const cancel of this.#delayed.values()) cancel();
    const dropped = [...this.#sent.values(), ...this.#delayed.keys()];
    this.#sent.clear();
    this.#delayed.clear();
    const longest = Math.max(...dropped.map(({ length }) => length));
    for (const { answered, length } of dropped) {
      answered(isTooBig && length === longest ? { ok: false, error: frameTooBig } : undefined);
    }
  }

  #sendLater(asked: Sent, wait: number): void {
    asked.delayed?.(this.#environment.now() + wait);
    const cancel = this.#environment.after(wait, () => {
      this.#delayed.delete(asked);
      this.send(asked);
    });
    this.#delayed.set(asked, cancel);
  }
}
