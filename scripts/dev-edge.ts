import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startupBanner } from '../local-server/startup-banner.ts';
import { configureEdge, type EdgeConfiguration } from './edge-configuration.ts';
import { envLine } from './env-text.ts';
import { PROJECT, WRANGLER_QUIET } from './project.ts';
import { toolFile } from './tool.ts';

/** `npm run dev:edge [-- --port 8787] [-- --persist-to FOLDER]`: the edge host on this machine. */

/** As in `wrangler.toml`. */
const PORT = '8787';
const STATE = join('.wrangler', 'state');

function readArguments() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: PORT },
      'persist-to': { type: 'string', default: STATE },
      'log-level': { type: 'string', default: 'warn' },
    },
  });
  if (!/^\d+$/.test(values.port) || Number(values.port) > 65_535) {
    throw new Error('--port must be a whole number from 0 to 65535.');
  }
  return { port: Number(values.port), state: values['persist-to'], logLevel: values['log-level'] };
}

/** @throws Error with one sentence if a program listens there already */
async function assertFree(port: number): Promise<void> {
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer();
    const code = await new Promise<string | undefined>((resolve) => {
      server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      server.listen(port, host, () => server.close(() => resolve(undefined)));
    });
    if (code === 'EADDRINUSE') {
      throw new Error(
        `Port ${port} is in use: stop what uses it, or take another one with "npm run dev:edge -- --port 8788".`,
      );
    }
  }
}

/** Writes settings to a file that only its owner can read: arguments appear in the list of processes. */
function writeBindings({ bindings }: EdgeConfiguration): string {
  const folder = join(PROJECT, '.wrangler');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `dev-edge-${process.pid}.env`);
  const lines = Object.entries(bindings).map(([name, value]) => envLine(name, value));
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return path;
}

/** Starts wrangler in its own process group, so that Ctrl+C reaches it only once: through this process. */
function startWrangler(envFile: string, port: number, state: string, logLevel: string) {
  const args = ['dev', 'src/edge/dev.ts', '--env-file', envFile, '--port', String(port)];
  args.push('--persist-to', state, '--log-level', logLevel);
  args.push('--show-interactive-dev-session=false');
  return spawn(process.execPath, [toolFile('wrangler'), ...args], {
    cwd: PROJECT,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, ...WRANGLER_QUIET },
  });
}

/** Wrangler sends a message over its IPC channel when it listens, with the port. */
function onReady(child: ChildProcess, ready: (port: number) => void): void {
  child.on('message', (message) => {
    const { event, port } = JSON.parse(message as string) as { event?: string; port?: number };
    if (event === 'DEV_SERVER_READY' && port !== undefined) ready(port);
  });
}

function introduction(configuration: EdgeConfiguration, port: number, state: string): string {
  return startupBanner({
    ...configuration,
    url: configuration.publicUrl ?? `http://localhost:${port}`,
    isLocal: true,
    isDevelopment: true,
    signedWith: configuration.madeSecret ?? 'JWT_SECRET',
    data: state,
  });
}

async function main(): Promise<number> {
  const { port, state, logLevel } = readArguments();
  const configuration = configureEdge(PROJECT, process.env);
  if (port !== 0) await assertFree(port);
  const envFile = writeBindings(configuration);
  const child = startWrangler(envFile, port, state, logLevel);
  let isStopping = false;
  const stop = () => {
    isStopping = true;
    child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  onReady(child, (at) => process.stdout.write(introduction(configuration, at, state)));
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (exitCode) => resolve(isStopping ? 0 : (exitCode ?? 1)));
  });
  endGroup(child);
  rmSync(envFile, { force: true });
  return code;
}

/** Ends all processes that wrangler may have left running. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
