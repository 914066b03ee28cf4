import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../scripts/project.ts';
import type { Contestant } from './contestants.ts';

/** A folder with a package file of its own: nothing in it is part of the project's install. */
const FOLDER = join(PROJECT, 'bench', 'rivals');
const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so';
const NATS = '/usr/sbin/nats-server';

/** Options of commands whose output goes to the terminal. */
const LOUD = { cwd: FOLDER, stdio: 'inherit' } as const;

/** Installs the servers that npm has, in the versions of `bench/rivals/package-lock.json`. */
export function installRivals(): void {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', args, LOUD);
}

/** The path of Bun's executable, without the package that would download it. */
function bun(): string {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x64';
  return join(FOLDER, 'node_modules', '@oven', `bun-linux-${machine}`, 'bin', 'bun');
}

/** The servers to compare with, as their users run them; those of Debian only if they are installed. */
export function rivals(): Contestant[] {
  const onBun = (file: string) => ({
    kind: 'program' as const,
    command: bun(),
    args: [`bench/rivals/${file}`],
  });
  const ofNode = (file: string, ...args: string[]) => ({
    kind: 'script' as const,
    file: `bench/rivals/${file}`,
    args,
  });
  return [
    { name: 'Bun publish', transport: 'ws', host: onBun('bun-publish.mjs') },
    { name: 'Socket.IO on Bun', transport: 'seed', host: onBun('socketio-on-bun.mjs') },
    ...(existsSync(NCHAN)
      ? ([
          { name: 'nchan', transport: 'nchan', host: ofNode('nchan.ts') },
          { name: 'nchan stream', transport: 'nchanStream', host: ofNode('nchan.ts') },
        ] as const)
      : []),
    ...(existsSync(NATS)
      ? ([
          { name: 'NATS JetStream', transport: 'nats', host: ofNode('nats.ts', natsVersion()) },
        ] as const)
      : []),
  ];
}

function natsVersion(): string {
  const said = execFileSync(NATS, ['--version'], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? '';
}
