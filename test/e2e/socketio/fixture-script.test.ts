// What the published suites expect of `npm run fixture:socketio`.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

const PATH = '/engine.io/?EIO=4&transport=polling';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a command in a process group of its own, which is killed after the test. */
function start(command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // The group has ended already.
    }
  });
  return child;
}

/** Starts the fixture on a free port, and on another one if a program takes that port first. */
async function startFixture(
  flags: readonly string[],
  attempts = 3,
): Promise<{ npm: ChildProcess; port: number }> {
  const port = await freePort();
  const npm = start('npm', ['run', '--silent', 'fixture:socketio', '--', String(port), ...flags]);
  const hasStarted = await Promise.race([
    once(npm.stdout as NonNullable<typeof npm.stdout>, 'data').then(() => true),
    once(npm, 'exit').then(() => false),
  ]);
  if (hasStarted) return { npm, port };
  if (attempts === 1) throw new Error('The fixture does not start.');
  return startFixture(flags, attempts - 1);
}

async function isServed(host: string, port: number): Promise<boolean> {
  const response = await fetch(`http://${host}:${port}${PATH}`).catch(() => undefined);
  return (await response?.text())?.startsWith('0{') ?? false;
}

/** Whether any process of the group is running. */
function isGroupAlive(child: ChildProcess): boolean {
  try {
    process.kill(-(child.pid ?? 0), 0);
    return true;
  } catch {
    return false;
  }
}

async function groupEnds(child: ChildProcess): Promise<void> {
  while (isGroupAlive(child)) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

describe('the fixture script', () => {
  it.each([
    ['SIGTERM to npm', (pid: number) => process.kill(pid, 'SIGTERM'), []],
    // Ctrl+C reaches every process of the terminal.
    ['SIGINT to all', (pid: number) => process.kill(-pid, 'SIGINT'), ['--one-object']],
  ])(
    'serves both addresses of localhost until %s, and leaves no process',
    async (_, end, flags) => {
      const { npm, port } = await startFixture(flags);
      expect(await Promise.all([isServed('127.0.0.1', port), isServed('[::1]', port)])).toEqual([
        true,
        true,
      ]);
      end(npm.pid ?? 0);
      await groupEnds(npm);
      expect(await isServed('127.0.0.1', port)).toBe(false);
    },
  );
});
