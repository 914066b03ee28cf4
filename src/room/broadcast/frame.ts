import { isSignal, positionLine, signalKey } from '../../protocol/frames.ts';

/** One or more lines that leave together, made once however many connections get it. */
export class Frame {
  readonly lines: readonly string[];
  /** The position to resume from, when the frame holds a durable event or the reply to a change. */
  readonly position: string | undefined;
  /** Whether the whole frame may be dropped for a connection that cannot keep up. */
  readonly ephemeral: boolean;
  /** Indexes of the lines that quiet connections do not get. */
  readonly loud: readonly number[];
  #signals: ReadonlyMap<string, string> | undefined;
  #text: string | undefined;
  #quiet: Frame | undefined;

  constructor(
    lines: readonly string[],
    position: string | undefined,
    isEphemeral: boolean,
    loud: readonly number[] = [],
  ) {
    this.lines = lines;
    this.position = position;
    this.ephemeral = isEphemeral;
    this.loud = loud;
  }

  /** The frame as quiet connections get it; undefined where nothing is left. */
  get quiet(): Frame | undefined {
    const { lines, loud } = this;
    if (loud.length === 0) return this;
    if (loud.length === lines.length) return undefined;
    const kept = lines.filter((_, at) => !loud.includes(at));
    this.#quiet ??= new Frame(kept, this.position, this.ephemeral);
    return this.#quiet;
  }

  /** The newest line of each signal in the frame, by key. */
  get signals(): ReadonlyMap<string, string> {
    this.#signals ??= new Map(
      this.lines.filter(isSignal).map((line) => [signalKey(line), line] as const),
    );
    return this.#signals;
  }

  /** The frame as a native socket carries it. */
  get text(): string {
    this.#text ??= (
      this.position === undefined ? this.lines : [...this.lines, positionLine(this.position)]
    ).join('\n');
    return this.#text;
  }
}
