import { ackRef, type Command, payloadIn } from '../protocol/frames.ts';

/** Commands of a relay's connections whose replies have not come, by connection. */
export class Outstanding {
  readonly #byConnection = new Map<string, Command[]>();
  /** The refs of commands that were sent to the room twice, by connection. */
  readonly #repeated = new Map<string, Set<number>>();

  add(id: string, command: Command): void {
    const commands = this.#byConnection.get(id);
    if (commands === undefined) this.#byConnection.set(id, [command]);
    else commands.push(command);
  }

  /** A command that gets no reply was executed. */
  done(id: string, command: Command): void {
    const commands = this.#byConnection.get(id) ?? [];
    const at = commands.indexOf(command);
    if (at >= 0) commands.splice(at, 1);
  }

  has(id: string, command: Command): boolean {
    return this.#byConnection.get(id)?.includes(command) === true;
  }

  /** Each command with its connection's id. */
  all(): [string, Command][] {
    return [...this.#byConnection].flatMap(([id, commands]) =>
      commands.map((command): [string, Command] => [id, command]),
    );
  }

  forget(id: string): void {
    this.#byConnection.delete(id);
    this.#repeated.delete(id);
  }

  /** A command is sent to the room once more, so its reply may come twice. */
  repeats(id: string, { ref }: Command): void {
    if (ref === undefined) return;
    const refs = this.#repeated.get(id);
    if (refs === undefined) this.#repeated.set(id, new Set([ref]));
    else refs.add(ref);
  }

  /** Notes the replies among the lines. @returns the lines without replies that came before */
  withoutRepeated(id: string, lines: readonly string[]): readonly string[] {
    const commands = this.#byConnection.get(id);
    if (commands === undefined) return lines;
    return lines.filter((line) => {
      const ref = ackRef(line);
      if (ref === undefined) return true;
      const at = commands.findIndex((command) => command.ref === ref);
      if (at >= 0) commands.splice(at, 1);
      return at >= 0 || this.#repeated.get(id)?.delete(ref) !== true;
    });
  }

  /** Whether lines contain a message of this connection whose reply has not come. */
  hasOwn(id: string, userId: string, lines: readonly string[]): boolean {
    const sent = (this.#byConnection.get(id) ?? [])
      .filter(({ name }) => name === 'message')
      .map(({ payload }) => (payload as { id?: unknown }).id);
    if (sent.length === 0) return false;
    return lines.some((line) => {
      const message = payloadIn<'message'>(line);
      return message.senderId === userId && sent.includes(message.id);
    });
  }
}
