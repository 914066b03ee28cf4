import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, WRANGLER_QUIET } from './project.ts';

/** The JavaScript file of an installed package's command. Running it needs no shell, nor a `.cmd` file. */
export function toolFile(packageName: string, command = packageName): string {
  const folder = join(PROJECT, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const file = typeof bin === 'string' ? bin : bin[command];
  if (file === undefined) throw new Error(`${packageName} has no command ${command}.`);
  return join(folder, file);
}

/**
 * Runs an installed package's command in the project's folder, with this terminal.
 * @returns its exit code; 1 if a signal ended it
 */
export async function runTool(file: string, args: readonly string[]): Promise<number> {
  return exitCodeOf(start(file, args, 'inherit'));
}

/** The same, but keeps its output until it has ended. */
export async function holdTool(
  file: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  const child = start(file, args, ['inherit', 'pipe', 'pipe']);
  const written: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => written.push(chunk));
  }
  const closed = once(child, 'close');
  const code = await exitCodeOf(child);
  await closed;
  return { code, output: Buffer.concat(written).toString() };
}

function start(file: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
  return spawn(process.execPath, [file, ...args], {
    cwd: PROJECT,
    stdio,
    env: { ...process.env, ...WRANGLER_QUIET },
  });
}

/** Waits until a child has ended. Passes signals to this process on to it. */
function exitCodeOf(child: ChildProcess): Promise<number> {
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code ?? 1);
    });
  });
}
