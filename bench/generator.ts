import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../scripts/project.ts';
import type { Answer, Ask, OperationName, Operations } from './generator/main.ts';

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** The load generator, in a process of its own. */
export class Generator {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;

  constructor() {
    this.#child = fork(join(PROJECT, 'bench', 'generator', 'main.ts'), { execArgv: [] });
    this.#child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error('The load generator has ended.'));
      }
    });
  }

  ask<N extends OperationName>(
    name: N,
    wish: Parameters<Operations[N]>[0],
  ): Promise<ReturnType<Operations[N]>> {
    const id = this.#nextId++;
    this.#child.send({ id, name, wish } satisfies Ask);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
