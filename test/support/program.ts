import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { bareEnvironment } from './bare-environment.ts';

/** The project's folder. */
export const PROJECT = join(import.meta.dirname, '..', '..');

/** How long a program may take to end after SIGTERM, in milliseconds. */
const CUT_MS = 30_000;

export interface ProgramOptions {
  args?: readonly string[];
  cwd?: string;
  /** The environment variables besides those of `bareEnvironment`. */
  env?: Record<string, string>;
  nodeArgs?: readonly string[];
  /** Whether it has an input to type in. */
  hasInput?: boolean;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One of the project's programs, run as a process that ends with the test at the latest. */
export class Program {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  /** Whether it has ended and all its output has arrived. */
  #hasEnded = false;
  stdout = '';
  stderr = '';

  constructor(
    file: string,
    { args = [], cwd = PROJECT, env = {}, nodeArgs = [], hasInput = false }: ProgramOptions,
  ) {
    this.#child = spawn(process.execPath, [...nodeArgs, join(PROJECT, file), ...args], {
      cwd,
      env: { ...bareEnvironment(), ...env },
      stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#hasEnded = true;
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        this.#changed();
      });
    });
    onTestFinished(async () => {
      this.kill('SIGTERM');
      // A program that hangs must not outlive the tests.
      const cut = setTimeout(() => this.kill('SIGKILL'), CUT_MS);
      await this.ended;
      clearTimeout(cut);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until `pattern` matches its stdout; rejects if it ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.stdout);
        if (match !== null) resolve(match);
        else if (!this.#hasEnded) return;
        else reject(new Error(`It ended before it wrote ${pattern}: ${this.stdout}${this.stderr}`));
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** The port in its first line of output. */
  async port(): Promise<number> {
    return Number((await this.until(/Parlor listens on http:\/\/\S+?:(\d+)[ .]/))[1]);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
