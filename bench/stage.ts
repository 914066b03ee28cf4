import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../scripts/project.ts';
import { type Bundle, bundle } from './bundles.ts';
import { type Contestant, isOurs } from './contestants.ts';
import { Generator } from './generator.ts';
import { Running } from './running.ts';

const begunAt = performance.now();

/** How long this bench has been running, in milliseconds. */
export function elapsedMs(): number {
  return performance.now() - begunAt;
}

/** A line of progress. */
export function say(line: string): void {
  process.stdout.write(`[${(elapsedMs() / 1_000).toFixed(0).padStart(4)} s] ${line}\n`);
}

/** All processes and files of a bench, which are ended and removed with it. */
export class Stage {
  readonly generator = new Generator();
  /** Where contestants store: within the project, so that all use the same disk. */
  readonly folder: string;
  readonly #bundles = new Map<string, Bundle>();
  readonly #running = new Set<Running>();
  #started = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Stage> {
    const parent = join(PROJECT, 'dist');
    await mkdir(parent, { recursive: true });
    return new Stage(await mkdtemp(join(parent, 'bench-')));
  }

  /** Bundles the Workers that these contestants run. */
  async bundle(contestants: readonly Contestant[]): Promise<void> {
    const entries = new Map<string, boolean>();
    for (const contestant of contestants) {
      if (contestant.host.kind === 'edge') entries.set(contestant.host.entry, isOurs(contestant));
    }
    say(`bundling ${entries.size} Workers`);
    const into = join('dist', this.folder.slice(this.folder.lastIndexOf('/') + 1));
    await Promise.all(
      [...entries].map(async ([entry, ours]) => {
        this.#bundles.set(entry, await bundle(entry, into, ours));
      }),
    );
  }

  async start(contestant: Contestant, data = this.newFolder()): Promise<Running> {
    const running = await Running.start(contestant, data, this.#bundles);
    this.#running.add(running);
    return running;
  }

  async stop(running: Running): Promise<void> {
    await running.stop();
    this.#running.delete(running);
  }

  newFolder(): string {
    return join(this.folder, `data-${this.#started++}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => this.stop(running)));
    this.generator.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** For a signal: ends every process at once, and leaves no file. */
  async abandon(): Promise<void> {
    for (const running of this.#running) running.kill();
    this.generator.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}
